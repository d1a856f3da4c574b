"""Passwords as Argon2id hashes. Alone imports argon2."""

from __future__ import annotations

import threading
import unicodedata

import argon2
from argon2.exceptions import InvalidHashError, VerificationError

from indexing.errors import UsageError

SHORTEST = 10  # characters
LONGEST = 1000
AT_ONCE = 2  # hashes at a time, each 64 MiB and some tens of milliseconds


class Passwords:
    """Hashes and compares; the defaults are RFC 9106's for machines with little memory, others are for tests."""

    def __init__(self, rounds: int = 3, kibibytes: int = 65_536, lanes: int = 4) -> None:
        self._hasher = argon2.PasswordHasher(time_cost=rounds, memory_cost=kibibytes, parallelism=lanes)
        self._turns = threading.BoundedSemaphore(AT_ONCE)
        self._nobody = self.hashed("the password of nobody")

    def hashed(self, password: str) -> str:
        with self._turns:
            return self._hasher.hash(_normal(password))

    def matches(self, kept: str | None, password: str) -> bool:
        """Whether `password` was hashed to `kept`. Without one the work is the same and the answer is no."""
        with self._turns:
            try:
                self._hasher.verify(kept or self._nobody, _normal(password))
            except (VerificationError, InvalidHashError):
                return False
        return kept is not None

    def outdated(self, kept: str) -> bool:
        """Whether it was hashed with other parameters than today's."""
        return self._hasher.check_needs_rehash(kept)


def check_password(password: str, name: str) -> None:
    """Raises UsageError for a password that nobody should have."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise UsageError(f"a password has {SHORTEST} to {LONGEST:,} characters; several words are easy to remember")
    if len(set(password)) < 5 or password.casefold().strip() in (name.casefold(), name.casefold() * 2):
        raise UsageError("this password is easily guessed; choose several words")


def _normal(password: str) -> str:
    """The same password typed on another keyboard is the same."""
    return unicodedata.normalize("NFKC", password)
