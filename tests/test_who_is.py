"""Who somebody is, and what a thing is: sentences that say so come first."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.assistant import Assistant
from app.retrieval.retrieve import Retriever
from app.settings import Settings
from indexing.collection import Collection
from indexing.embed import embedder
from indexing.ingest import index

TEXT = """# Letters

Call the bluff on Nora Velt. Nora Velt laughed at the guild.

The guild asked Nora Velt about her vote. In June the pilot Nora Velt closed the north quay to all boats.

Tide mills? A tide mill is a mill that the falling water of the tide drives.
"""


@pytest.fixture(scope="module", params=["", "shipped"])
def letters(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Assistant]:
    folder = tmp_path_factory.mktemp("letters")
    (folder / "letters.md").write_text(TEXT, encoding="utf-8")
    with Collection(tmp_path_factory.mktemp("home"), embedder("minilm"), create=True) as collection:
        index(collection, [folder])
        yield Assistant(collection, Retriever(collection, 10), None, Settings(reader=request.param))


def test_who_somebody_is_comes_first(letters: Assistant) -> None:
    best = letters._find(*letters.look_up("Who is Nora Velt?")).evidence.ranked[0]
    assert best.text == "In June the pilot Nora Velt closed the north quay to all boats."


def test_what_only_repeats_the_question_is_not_shown(letters: Assistant) -> None:
    shown = [one.text for one in letters.ask("What are tide mills?").statements]
    assert "A tide mill is a mill that the falling water of the tide drives." in shown and "Tide mills?" not in shown
