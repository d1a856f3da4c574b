"""Language models asked: over the network or on this machine, and what that costs."""
