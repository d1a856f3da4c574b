"""What the command line has beside `app/cli.py`."""
