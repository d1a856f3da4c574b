"""The answer chain and its faces: chat page, command line, HTTP."""
