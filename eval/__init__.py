"""The eval harness: `python -m eval`."""
