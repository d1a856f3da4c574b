"""Exact and near copies among documents: one wire story in twelve papers is one voice. MinHash by `rensa`."""

from __future__ import annotations

import hashlib
import re
import struct
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from rensa import RMinHash

SEED = 42
PERMUTATIONS = 128
ROWS = 8  # of a band: two texts that share 80 % of their shingles agree in at least one of 16 bands with 95 % chance
ALIKE = 0.8  # estimated share of common shingles from which two texts are copies of one
SHINGLE = 3  # words
WORD = re.compile(r"[^\W_]+")
SHORTEST = 20  # words; shorter texts have too few shingles to tell


def likeness(text: str) -> bytes | None:
    """A text's MinHash signature, 512 bytes; None for a text too short to be compared."""
    words = WORD.findall(text.casefold())
    if len(words) < SHORTEST:
        return None
    signature = RMinHash(num_perm=PERMUTATIONS, seed=SEED)
    signature.update([" ".join(words[at : at + SHINGLE]) for at in range(len(words) - SHINGLE + 1)])
    return struct.pack(f"<{PERMUTATIONS}I", *signature.digest())


def bands(signature: bytes) -> Iterator[int]:
    """The 16 keys under which copies of a text are looked for; each fits SQLite's integer."""
    width = ROWS * 4
    for start, end in pairwise(range(0, len(signature) + 1, width)):
        key = hashlib.blake2b(signature[start:end], digest_size=8, salt=start.to_bytes(2, "little")).digest()
        yield int.from_bytes(key, "little", signed=True)


def share(first: bytes, second: bytes) -> float:
    """The estimated share of shingles that two texts have in common, 0 to 1."""
    return float(shares(first, [second])[0])


def shares(signature: bytes, others: Sequence[bytes]) -> npt.NDArray[np.float64]:
    """The same for many at a time, in their order."""
    theirs = np.frombuffer(b"".join(others), dtype="<u4").reshape(-1, PERMUTATIONS)
    return np.asarray((theirs == np.frombuffer(signature, dtype="<u4")).mean(axis=1), dtype=np.float64)
