"""Who judges a system's statements, and how far each judge can be believed."""
