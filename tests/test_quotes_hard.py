"""What a demanding fact-checker tries on the quote desk: each case says beforehand what the right verdict is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.quotes.desk import QuoteDesk
from indexing.collection import Collection
from indexing.ingest import index
from tests.folders import write
from tests.hashing import HashingEmbedder

FILES = {
    "pier.md": (
        "---\ntitle: The pier at Westhaven\ndate: 2025-02-11\n---\n"
        "“He is a liar and the whole town knows it,” Paul Moss said of Councilman Aldo Birk.\n\n"
        "“Rents will rise again in the spring,” Mary Dunn said. “Birk is fair and patient with the tenants.”\n\n"
        "“I know this street, and I hate what they did to it. We shall sweep it ourselves,” Dunn said.\n\n"
        "“I did not sign the petition. Because of the noise I could not read it,” Moss said.\n\n"
        "“The mayor is tired of the fight over the old pier,” said Moss, who was married at the pier for one day.\n"
    ),
}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[QuoteDesk]:
    made = tmp_path_factory.mktemp("hard")
    with Collection(made / "home", HashingEmbedder(), create=True) as collection:
        index(collection, [write(made / "docs", FILES)])
        yield QuoteDesk(collection)


GREEN = [
    "[Birk] is a liar and the whole town knows it",  # a pronoun at the beginning of the quote
    "[Councilman Aldo Birk] is a liar",
    "Birk is fair and patient with the [street’s] tenants",
    "I know this street … We shall sweep it ourselves",  # from sentence to sentence
    "I know this street, and I hate what they did to it — we shall sweep it ourselves",
    "[Moss] is tired of the fight over the old pier",
]


@pytest.mark.parametrize("quote", GREEN)
def test_marked_editing_that_says_the_same_is_green(desk: QuoteDesk, quote: str) -> None:
    verdict = desk.check(quote)
    assert verdict.green, (verdict.headline, verdict.edits)


MARKED = [
    ("[Mary Dunn] is a liar and the whole town knows it", "name", "critical"),  # a woman for the source's he
    ("[Rupert Vane] is a liar and the whole town knows it", "name", "substantive"),  # nobody in the document
    ("[Paul Moss] is fair and patient with the tenants", "name", "critical"),
    ("Rents will [fall] again in the spring", "bracket", "critical"),
    ("Birk is [unfair] and patient with the tenants", "bracket", "critical"),
    ("Birk is fair and patient with the [bribed] tenants", "bracket", "substantive"),
    ("I know ... what they did to it", "elision", "critical"),  # hides that it is hated
    ("I hate ... it ourselves", "elision", "critical"),  # the beginning of one sentence, the end of another
    ("I did not sign the petition because of the noise", "sentence", "critical"),
    ("I did not sign the petition, because of the noise", "sentence", "critical"),
]


@pytest.mark.parametrize(("quote", "kind", "severity"), MARKED)
def test_marked_editing_that_says_something_else_is_not(desk: QuoteDesk, quote: str, kind: str, severity: str) -> None:
    verdict = desk.check(quote)
    assert not verdict.green
    assert (kind, severity) in [(one.kind, one.severity) for one in verdict.edits], verdict.edits
