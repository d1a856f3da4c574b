"""The tree of errors that a person can act on; each message says what to do.

Anything else that escapes is a defect and shows as a traceback.
"""

from __future__ import annotations


class OnrecordError(Exception):
    """The root: a face prints `error: <message>` and exits 1."""


class UsageError(OnrecordError):
    """The call itself cannot be carried out as worded (exit 2)."""


class TooLargeError(UsageError):
    """What was sent is larger than is taken; the message names the limit."""


class LoadError(OnrecordError):
    """One file cannot go in. `reason` says why, `remedy` what to do about it; the run goes on."""

    def __init__(self, reason: str, remedy: str, *, skipped: bool = False) -> None:
        super().__init__(f"{reason}; {remedy}")
        self.reason = reason
        self.remedy = remedy
        self.skipped = skipped


class UnreadableError(LoadError):
    """The file could not be read at all, so what was indexed from it before is kept."""


class HomeError(OnrecordError):
    """The folder that holds the index cannot be used: missing, locked, read-only, of another version."""


class EmbedError(OnrecordError):
    """No vectors could be made: model file altered, endpoint failed, dimension differs."""


class ModelError(OnrecordError):
    """The configured language model gave no usable answer; the caller falls back and says so."""
