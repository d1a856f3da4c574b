"""The server and what it serves, but for the tabs of the page (`app/ui`)."""
