"""The bank of quotes: real ones, changed so that the change matters and so that it does not, and what the desk says."""
