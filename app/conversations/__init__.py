"""Conversations as they are kept: each reader's own, with what was said of the answers, and what becomes of that."""
