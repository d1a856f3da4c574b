"""What several test files share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from indexing.collection import Collection
from tests.hashing import HashingEmbedder

Opener = Callable[[Path], Collection]


@pytest.fixture
def opened() -> Iterator[Opener]:
    """Open (or make) the collection of a home with the hashing embedder; all are closed at the end of the test."""
    with ExitStack() as stack:
        yield lambda home: stack.enter_context(Collection(home, HashingEmbedder(), create=True))
