"""Times and sizes, each measured as a reader would meet it (`python -m eval bench`)."""
