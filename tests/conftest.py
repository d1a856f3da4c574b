"""What several test files share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from app.assistant import Assistant, build
from app.settings import Settings
from indexing.collection import Collection
from indexing.embed import embedder
from indexing.ingest import index
from tests.browser import (  # noqa: F401  # fixtures, here so that one browser serves all modules
    chat_address_fixture,
    chat_fixture,
    chromium_fixture,
    staged_address_fixture,
    staged_fixture,
    visitor_fixture,
)
from tests.folders import A, B, C, write
from tests.hashing import HashingEmbedder

Opener = Callable[[Path], Collection]

# A law fails by what it finds, never by how long that takes: a machine may have much else to do.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


@pytest.fixture
def opened() -> Iterator[Opener]:
    """Open (or make) the collection of a home with the hashing embedder; all are closed at the end of the test."""
    with ExitStack() as stack:
        yield lambda home: stack.enter_context(Collection(home, HashingEmbedder(), create=True))


@pytest.fixture
def collection(tmp_path: Path, opened: Opener) -> Collection:
    """An empty collection."""
    return opened(tmp_path / "home")


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    """A folder of three short documents."""
    return write(tmp_path / "docs", {"a.md": A, "b.txt": B, "sub/c.txt": C})


@pytest.fixture(scope="session")
def seeds_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which the starter collection is indexed with the packaged model; tests only read from it."""
    home = tmp_path_factory.mktemp("seeds_home")
    with Collection(home, embedder("minilm"), create=True) as collection:
        index(collection, [Path(__file__).parent.parent / "seeds"])
    return home


@pytest.fixture(scope="session")
def seeds(seeds_home: Path) -> Iterator[Assistant]:
    """The assistant over the starter collection as it comes: extractive, offline."""
    assistant = build(Settings(home=seeds_home))
    with assistant.collection:
        yield assistant
