"""Whose words they are, and whether the claimed speaker is the one a document names."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.quotes.desk import QuoteDesk
from app.quotes.speaker import read_aliases, relation_of, same_person, speaker_of, speaker_status
from app.quotes.voice import voice_of
from indexing.collection import Collection
from indexing.documents import Document, Metadata
from indexing.errors import OnrecordError
from indexing.ingest import index
from indexing.spans import Span
from tests.folders import write
from tests.test_quotations import read

TEXT = (
    "Bridge to close, mayor says.\n"
    "Mayor Ann Lee closed the bridge. “We paid for it,” Lee said, “and he told me, ‘never mind the cost,’ twice.”\n"
    "The town will pay for the repairs. “It is a mess,” Bob Ray said, according to Mary Poe.\n"
    "Lee argued that the works would last a year.\n"
)
DOCUMENT = Document("id", "v", "a.txt", TEXT, Metadata(title="Bridge to close, mayor says", author="Jane Roe"))
FOUND = read(TEXT)


def span_of(words: str) -> Span:
    start = TEXT.index(words)
    return Span(start, start + len(words))


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("We paid for it", "quoted"),
        ("“We paid for it,”", "quoted"),
        ("never mind the cost", "nested"),
        ("The town will pay for the repairs", "narration"),
        ("the works would last a year", "narration"),
        ("closed the bridge. “We paid", "crosses_mark"),
        ("It is a mess", "second_hand"),
        ("Bridge to close", "headline"),
    ],
)
def test_the_voice_of_words(words: str, kind: str) -> None:
    assert voice_of(DOCUMENT, FOUND, span_of(words)).kind == kind


def test_an_author_speaks_in_a_piece_of_his_own() -> None:
    words = span_of("The town will pay for the repairs")
    assert voice_of(DOCUMENT, FOUND, words, "Jane Roe").kind == "author"
    assert voice_of(DOCUMENT, FOUND, words, "Roe").kind == "author"
    assert voice_of(DOCUMENT, FOUND, words, "Ann Lee").kind == "narration"
    assert voice_of(DOCUMENT, FOUND, span_of("We paid for it"), "Jane Roe").kind == "quoted"


@pytest.mark.parametrize(
    ("claimed", "named", "same"),
    [
        ("Ann Lee", "Ann Lee", True),
        ("Mayor Lee", "Ann Lee", True),
        ("Lee", "Ann Lee", True),
        ("Lee, Ann", "Ann Lee", True),
        ("Ann Lee, the mayor of a small town,", "Lee", True),
        ("Bob Lee", "Ann Lee", False),
        ("Robert Ray", "Bob Ray", True),
        ("Bob Ray", "Ann Lee", False),
        ("the mayor", "Ann Lee", None),
        ("she", "Ann Lee", None),
        ("Ann Lee", "a spokesman", None),
        ("CBO", "Congressional Budget Office", True),
        ("Donald Trump Jr.", "Donald Trump", False),
        ("José Núñez", "Jose Nunez", True),
    ],
)
def test_when_two_names_mean_one_person(claimed: str, named: str, same: bool | None) -> None:
    assert same_person(claimed, named, DOCUMENT) is same


def test_a_surname_that_two_people_bear_confirms_nobody() -> None:
    document = Document("id", "v", "a.txt", "Ann Lee met Bob Lee. “Yes,” Lee said.")
    assert same_person("Bob Lee", "Lee", document) is None
    assert same_person("Cy Ray", "Lee", document) is False


def test_aliases_of_a_file_count_as_the_person(tmp_path: Path) -> None:
    path = tmp_path / "aliases.txt"
    path.write_text("# who is who\nAnn Lee = Annie the Axe, A. L.\n", encoding="utf-8")
    aliases = read_aliases(path)
    assert same_person("Annie the Axe", "Ann Lee", DOCUMENT, aliases) is True
    path.write_text("Ann Lee\n", encoding="utf-8")
    with pytest.raises(OnrecordError, match="line 1"):
        read_aliases(path)


def relation(claimed: str, words: str) -> str:
    return relation_of(claimed, DOCUMENT, speaker_of(DOCUMENT, FOUND, span_of(words)))


def test_only_an_explicit_pattern_with_a_name_speaks_against_a_claim() -> None:
    assert relation("Ann Lee", "We paid for it") == "same"
    assert relation("Bob Ray", "We paid for it") == "other"
    assert relation("the mayor", "We paid for it") == "unknown"
    assert relation("Mary Poe", "It is a mess") == "unknown"
    assert relation("Bob Ray", "The town will pay for the repairs") == "unknown"
    assert relation("Bob Ray", "never mind the cost") == "unknown"


def test_a_claim_is_contradicted_only_by_every_occurrence() -> None:
    assert speaker_status("", ["other"]) == "not_claimed"
    assert speaker_status("X", []) == "unknown"
    assert speaker_status("X", ["same", "unknown"]) == "confirmed"
    assert speaker_status("X", ["same", "other"]) == "conflicting"
    assert speaker_status("X", ["other", "other"]) == "contradicted"
    assert speaker_status("X", ["other", "unknown"]) == "unknown"


def test_reported_words_are_narration_and_what_takes_them_back_is_a_cut(collection: Collection, tmp_path: Path) -> None:
    texts = {
        "a.txt": "Ann Lee came to town. Lee said that the town would pay for all of the works on the bridge.\n",
        "b.txt": "Bob Ray came to town. Ray never said that the mayor had paid for any of the repairs in May.\n",
    }
    index(collection, [write(tmp_path / "docs", texts)])
    desk = QuoteDesk(collection)
    assert desk.check("the town would pay for all of the works on the bridge").headline == "narration"
    assert desk.check("the mayor had paid for any of the repairs in May").headline == "context_cut"
