"""What fits the constants that are shipped: of the answer chain, and of the grounding gate."""
