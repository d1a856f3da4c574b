"""Who may use a server and how: accounts, sessions, tokens, limits, and the gate that every request goes through."""
