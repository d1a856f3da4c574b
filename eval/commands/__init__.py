"""The subcommands of `python -m eval`, one module each: `add` declares it, `run` does it and returns the exit code.

What a command needs is imported by its `run`, so `--help` is quick.
"""
