"""Statements judged against their sources; only what has been judged is shown."""
