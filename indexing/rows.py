"""Vectors as rows of one file, in half precision, each at the place of its chunk id: for scoring given chunks exactly.

Derived data beside the Chroma index. A row of zeros was never written; one of negative zeros was removed.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from indexing.embed import Vectors

Ids = npt.NDArray[np.int64]
HALF = np.dtype("<f2")
ABSENT = -2.0  # the score of a row that is not there: below every cosine
BLOCK = 1024  # rows turned into single precision at a time, which then stay in the processor's cache
# Half to single precision by moving bits, five times as fast as numpy's own conversion and as exact: sign and mantissa
# fall into place, and the exponent, which then lacks the difference of the two biases, is made up for in the question.
SHIFT, KEEP, BIAS = 13, np.int32(-0x70000001), np.float32(2.0**112)
GONE = np.int16(-0x8000)  # the bits of -0.0


class Rows:
    """One file of rows. A file that is not there is an empty one; it is made at the first write."""

    def __init__(self, path: Path, dimension: int) -> None:
        self._path = path
        self._dimension = dimension
        self._width = dimension * HALF.itemsize
        self._map: npt.NDArray[np.int16] | None = None

    def write(self, chunk_ids: Sequence[int], vectors: Vectors) -> None:
        """`vectors` is `(len(chunk_ids), dimension)`; they survive a power cut."""
        self._write(chunk_ids, vectors, sync=True)

    def remove(self, chunk_ids: Sequence[int]) -> None:
        """Mark them; they score ABSENT from now on. (The catalogue knows of their end in any case.)"""
        self._write(chunk_ids, np.full((len(chunk_ids), self._dimension), -0.0, dtype=np.float32), sync=False)

    def _write(self, chunk_ids: Sequence[int], vectors: Vectors, *, sync: bool) -> None:
        if not len(chunk_ids):
            return
        ids, rows = np.asarray(chunk_ids, dtype=np.int64), vectors.astype(HALF)
        breaks = (np.flatnonzero(np.diff(ids) != 1) + 1).tolist()
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("r+b" if self._path.exists() else "w+b") as file:
            for at, end in zip([0, *breaks], [*breaks, len(ids)], strict=True):
                file.seek(int(ids[at]) * self._width)
                file.write(rows[at:end].tobytes())
            if sync:
                file.flush()
                os.fsync(file.fileno())

    def scores(self, vector: Vectors, chunk_ids: Ids) -> tuple[Vectors, Ids]:
        """The dot product with each of these rows (ids ascending), and the places of those that were never written."""
        rows = self._mapped(int(chunk_ids.max(initial=-1)) + 1)
        inside = int(np.searchsorted(chunk_ids, len(rows)))
        scores = np.zeros(len(chunk_ids), dtype=np.float32)
        scaled = vector.astype(np.float32) * BIAS
        block = np.empty((BLOCK, self._dimension), dtype=np.int32)
        for at in range(0, inside, BLOCK):
            bits = np.take(rows, chunk_ids[at : min(at + BLOCK, inside)], axis=0)
            single = block[: len(bits)]
            np.left_shift(bits, SHIFT, out=single, dtype=np.int32, casting="unsafe")
            single &= KEEP
            np.matmul(single.view(np.float32), scaled, out=scores[at : at + len(bits)])
        unsure = np.flatnonzero(scores[:inside] == 0)
        bits = rows[chunk_ids[unsure]]
        never = unsure[~bits.any(axis=1)]
        missing = np.concatenate([never, np.arange(inside, len(chunk_ids))])
        scores[missing] = scores[unsure[(bits == GONE).all(axis=1)]] = ABSENT
        return scores, missing

    def _mapped(self, count: int) -> npt.NDArray[np.int16]:
        """The file's bits as far as it goes, at least `count` rows if it holds so many."""
        if self._map is None or len(self._map) < count:
            size = self._path.stat().st_size // self._width if self._path.exists() else 0
            shape = (size, self._dimension)
            self._map = np.memmap(self._path, "<i2", "r", shape=shape) if size else np.zeros(shape, dtype=np.int16)
        return self._map
