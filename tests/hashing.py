"""An embedder for tests: counts hashed words. Quick, the same on every machine, and texts that share words are near."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

import numpy as np

from indexing.embed import Vectors


class HashingEmbedder:
    """Follows `indexing.embed.Embedder`. `asked` counts the texts that were embedded as passages."""

    def __init__(self, name: str = "hashing-1", dimension: int = 64) -> None:
        self.name = name
        self.dimension = dimension
        self.asked = 0

    def passages(self, texts: Sequence[str]) -> Vectors:
        self.asked += len(texts)
        rows = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in re.findall(r"\w+", text.casefold()):
                digest = hashlib.sha256(word.encode()).digest()
                row[int.from_bytes(digest[:4], "big") % self.dimension] += 1.0
            row[0] += 0.01  # a text without words has a direction as well
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)

    def question(self, text: str) -> Vectors:
        asked = self.asked
        row = self.passages([text])[0]
        self.asked = asked
        return np.asarray(row, dtype=np.float32)
