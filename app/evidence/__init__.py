"""What the passages found come to before anybody answers."""
