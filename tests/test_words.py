"""Words in a real tantivy: any question is a question, removed chunks are gone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from indexing.errors import HomeError
from indexing.words import _ANALYZER, FORMAT, WordIndex, finder, stems

CHUNKS = {
    3: "The council closed the bridge for repairs.",
    5: "The mill burnt down; the bridge did not.",
    9: "Café owners complained about the bridges, bridges and more bridges.",
    2**40: "Elections were held in June.",
}


@contextmanager
def opened(words: WordIndex) -> Iterator[WordIndex]:
    try:
        yield words
    finally:
        words.release()


@pytest.fixture
def index(tmp_path: Path) -> Iterator[WordIndex]:
    with opened(WordIndex(tmp_path / "words")) as made:
        made.change(CHUNKS, [])
        yield made


def found(index: WordIndex, question: str, count: int = 10) -> set[int]:
    return {chunk_id for chunk_id, _ in index.search(question, count)}


def test_ids_go_round(index: WordIndex) -> None:
    assert index.ids() == set(CHUNKS)


def test_an_empty_index_has_no_ids_and_finds_nothing(tmp_path: Path) -> None:
    with opened(WordIndex(tmp_path / "words")) as empty:
        assert empty.ids() == set()
        assert empty.search("bridge", 5) == []


def test_the_best_come_first_and_no_more_than_asked(index: WordIndex) -> None:
    hits = index.search("the council and the bridge", 10)
    assert hits[0][0] == 3
    assert {chunk_id for chunk_id, _ in hits} == {3, 5, 9}
    assert [score for _, score in hits] == sorted((score for _, score in hits), reverse=True)
    assert len(index.search("bridge", 2)) == 2
    assert index.search("bridge", 0) == []


@pytest.mark.parametrize(
    ("question", "chunks"), [("BRIDGING", {3, 5, 9}), ("cafe", {9}), ("election", {2**40}), ("burning mills", {5})]
)
def test_words_are_found_in_other_forms_cases_and_without_accents(
    index: WordIndex, question: str, chunks: set[int]
) -> None:
    assert found(index, question) == chunks


@pytest.mark.parametrize("question", ["", "   ", "who is the", "What did they say about it?", "?!", "the of and"])
def test_a_question_of_stop_words_finds_nothing(index: WordIndex, question: str) -> None:
    assert index.search(question, 10) == []


HOSTILE = (
    '"',
    '"bridge',
    "bridge AND",
    "text:bridge",
    "chunk:3",
    "+-!(){}[]^~*?:\\/",
    "bridge~9999",
    "/(/",
    "a" * 70_000,
    "\0",
    "[* TO *]",
)


@given(st.one_of(st.text(), st.sampled_from(HOSTILE), st.text('"\\+-&|!(){}[]^~*?:/ ANDORTOchunkbridge3')))
@example("\ud800".encode("utf-8", "replace").decode())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_question_is_an_error_and_none_is_read_as_a_query_language(index: WordIndex, question: str) -> None:
    assert found(index, question) == {
        chunk_id for chunk_id, text in CHUNKS.items() if set(stems(question)) & set(stems(text))
    }


def test_removed_chunks_are_gone_at_once_and_after_reopening(index: WordIndex, tmp_path: Path) -> None:
    index.change({}, [3, 12345])
    assert index.ids() == set(CHUNKS) - {3}
    assert found(index, "council") == set()
    index.release()
    with opened(WordIndex(tmp_path / "words")) as again:
        assert again.ids() == set(CHUNKS) - {3}


def test_a_chunk_that_is_added_again_is_there_once_with_its_new_words(index: WordIndex) -> None:
    index.change({3: "A ferry instead."}, [])
    assert index.ids() == set(CHUNKS)
    assert found(index, "council") == set()
    assert found(index, "ferry") == {3}
    assert [chunk_id for chunk_id, _ in index.search("ferry", 10)] == [3]


def test_adding_and_removing_happen_together(index: WordIndex) -> None:
    index.change({4: "A ferry."}, [3, 5])
    assert index.ids() == {4, 9, 2**40}


def test_rare_words_weigh_more_and_unknown_ones_most(index: WordIndex) -> None:
    weights = index.weights([*stems("bridge council zebra")])
    assert weights["bridg"] < weights["council"] < weights["zebra"]


def test_the_generation_is_there_after_reopening(index: WordIndex, tmp_path: Path) -> None:
    assert index.generation == 0
    index.reach(7)
    index.release()
    with opened(WordIndex(tmp_path / "words")) as again:
        assert (again.generation, again.ids()) == (7, set(CHUNKS))


@pytest.mark.parametrize("mark", ["words-0 7", "", "nonsense"])
def test_an_index_of_another_format_is_made_again(index: WordIndex, tmp_path: Path, mark: str) -> None:
    index.release()
    (tmp_path / "words" / "generation").write_text(mark, encoding="utf-8")
    with opened(WordIndex(tmp_path / "words")) as again:
        assert (again.generation, again.ids()) == (0, set())
        assert (tmp_path / "words" / "generation").read_text(encoding="utf-8") == f"{FORMAT} 0"


def test_an_index_that_was_killed_before_it_held_anything_is_made_again(tmp_path: Path) -> None:
    (tmp_path / "words").mkdir()
    (tmp_path / "words" / "meta.json").write_text("{", encoding="utf-8")
    with opened(WordIndex(tmp_path / "words")) as again:
        assert again.ids() == set()


def test_a_broken_index_says_what_to_do(index: WordIndex, tmp_path: Path) -> None:
    index.release()
    (tmp_path / "words" / "meta.json").write_text("{", encoding="utf-8")
    with pytest.raises(HomeError, match="run `onrecord doctor`, which makes it anew"):
        WordIndex(tmp_path / "words")


def test_what_is_wrong_with_an_index_is_said_in_plain_words(index: WordIndex, tmp_path: Path) -> None:
    index.release()
    for store in (tmp_path / "words").glob("*.store"):
        store.write_bytes(bytes(len(store.read_bytes())))
    with pytest.raises(HomeError) as caught:
        WordIndex(tmp_path / "words").ids()
    assert "IoError" not in str(caught.value)
    assert "words cannot be opened" in str(caught.value)


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=60))
@example("the Bridge, bridges — “they’ve” re-opened; 1,200 caf\u00e9 \u00aa \u00b5 \u24b6 x\u00ad\u200by a\u0301 a_b")
def test_stems_are_those_of_the_index(text: str) -> None:
    """By a short cut for most texts; what a search finds must not depend on it."""
    assert stems(text) == list(dict.fromkeys(_ANALYZER.analyze(text)))
    plain = text.encode("ascii", "ignore").decode()
    assert stems(plain) == list(dict.fromkeys(_ANALYZER.analyze(plain)))


def test_stems_are_distinct_and_in_order() -> None:
    assert stems("Bridges and the bridge, burning") == ["bridg", "burn"]


SHORT_WORDS = st.text("abdeilnsty'’é7 ", max_size=30) | st.text(max_size=30)


@given(SHORT_WORDS, SHORT_WORDS)
@example("dying skies idly ugly", "die sky idle ugly dying skies")
@example("Café", "cafe café CAFÉS")
@example("", "nothing is wanted")
def test_the_stems_looked_for_in_a_text_are_those_it_has(wanted: str, text: str) -> None:
    assert finder(stems(wanted))(text) == set(stems(wanted)) & set(stems(text))
