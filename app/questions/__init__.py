"""A question read: what it asks for, of which time, and what a follow-up leaves out."""
