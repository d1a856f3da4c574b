"""Searches limited by date, source and author: nothing else comes back, and what does is what exact search finds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from app.retrieval.retrieve import Retriever
from indexing import vectors as vectors_module
from indexing.collection import Collection
from indexing.embed import Vectors
from indexing.filters import Filter, Passing
from indexing.ingest import Options, index
from indexing.rows import ABSENT, Rows
from indexing.vectors import VectorIndex
from indexing.words import WordIndex, stems
from tests.hashing import HashingEmbedder

WORDS = "council bridge river mill school library market harbour tram station hospital museum park fire vote".split()
DATES = ("2015-11-01", "2015-11-02", "2015-11-15", "2015-12-01", "2016-01-31", "")
SOURCES, AUTHORS = ("The Herald", "Mountain Post"), ("Ann Lee", "Bo Park", "")
COUNT = 12


def write_folder(folder: Path, numbers: Sequence[int]) -> Path:
    """Articles of a few words, and a table of what they are; returns the table."""
    folder.mkdir(exist_ok=True)
    random = np.random.default_rng(7)
    rows = ["file,title,source,author,date"]
    for number in numbers:
        said = " ".join(random.choice(WORDS, size=24))
        (folder / f"{number}.txt").write_text(f"Report {number}: the {said}.\n", encoding="utf-8")
        facts = SOURCES[number % 2], AUTHORS[number % 3], DATES[number % 6]
        rows.append(f"{number}.txt,Title {number},{','.join(facts)}")
    table = folder.parent / "table.csv"
    table.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return table


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collection]:
    home = tmp_path_factory.mktemp("filters")
    table = write_folder(home / "files", range(120))
    with Collection(home / "home", HashingEmbedder(), create=True) as made:
        report = index(made, [home / "files"], options=Options(metadata=table))
        assert report.documents == 120
        yield made


FILTERS = (
    Filter(since=20151102),
    Filter(until=20151115),
    Filter(since=20151102, until=20151201),
    Filter(since=20151115, until=20151115),
    Filter(sources=("the herald",)),
    Filter(authors=("Ann Lee", "BO PARK")),
    Filter(since=20151101, until=20160131, sources=("Mountain Post",), authors=("Bo Park",)),
    Filter(sources=("Nobody's Gazette",)),
    Filter(since=20170101),
)


def passes(collection: Collection, wanted: Filter) -> set[int]:
    """The definition, from the passages themselves."""
    found = set()
    for chunk_id, passage in collection.passages(list(collection.catalogue.chunk_ids(current=True))).items():
        about = passage.document.metadata
        day = int(about.date.replace("-", "")) if about.date else None
        dated = wanted.since is None and wanted.until is None
        if day is not None and (wanted.since or 0) <= day <= (wanted.until or 99999999):
            dated = True
        named = all(
            not names or value.casefold() in {name.casefold() for name in names}
            for names, value in ((wanted.sources, about.source), (wanted.authors, about.author))
        )
        if dated and named:
            found.add(chunk_id)
    return found


@pytest.mark.parametrize("wanted", FILTERS, ids=str)
def test_what_passes_is_what_the_filter_says(collection: Collection, wanted: Filter) -> None:
    passing = collection.filters.passing(wanted)
    assert set(passing.ids.tolist()) == passes(collection, wanted)
    assert all(chunk_id in passing for chunk_id in passing.ids.tolist())
    assert 10**9 not in passing and -1 not in passing


@pytest.mark.parametrize("wanted", FILTERS, ids=str)
@pytest.mark.parametrize("each", [0.01, 10**9], ids=["wide", "narrow"])
def test_meaning_finds_what_exact_search_over_the_passing_chunks_finds(
    collection: Collection, wanted: Filter, each: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vectors_module, "EACH", each)
    allowed = passes(collection, wanted)
    recalls = []
    for question in (" ".join(WORDS[at : at + 4]) for at in range(5)):
        vector = collection.embedder.question(question)
        texts = collection.catalogue.chunk_texts(sorted(allowed))
        exact = {key: float(row @ vector) for (key, _), row in zip(texts, embedded(collection, texts), strict=True)}
        found = collection.by_meaning(vector, COUNT, wanted)
        assert {chunk_id for chunk_id, _ in found} <= allowed
        assert len(found) == min(COUNT, len(allowed))
        assert [cosine for _, cosine in found] == sorted((cosine for _, cosine in found), reverse=True)
        assert [cosine for _, cosine in found] == pytest.approx([exact[key] for key, _ in found], abs=2e-3)
        best = sorted(exact.values(), reverse=True)[:COUNT]
        recalls += [cosine >= best[-1] - 1e-3 for _, cosine in found]
    assert not recalls or np.mean(recalls) >= (0.95 if each < 1 else 1.0)


def embedded(collection: Collection, texts: Sequence[tuple[int, str]]) -> Vectors:
    return collection.embedder.passages([text for _, text in texts]) if texts else np.zeros((0, 64), dtype=np.float32)


@pytest.mark.parametrize("wanted", FILTERS, ids=str)
def test_words_find_what_a_search_of_everything_finds_among_the_passing(collection: Collection, wanted: Filter) -> None:
    allowed = passes(collection, wanted)
    for at in range(5):
        question = " ".join(WORDS[at : at + 3])
        everything = [pair for pair in collection.by_words(question, 1000) if pair[0] in allowed]
        for count in (1, 3, COUNT):
            found = collection.by_words(question, count, wanted)
            assert {chunk_id for chunk_id, _ in found} <= allowed
            assert [score for _, score in found] == pytest.approx([score for _, score in everything[:count]], rel=1e-5)


@pytest.mark.parametrize("wanted", FILTERS, ids=str)
def test_both_searches_at_once_find_what_each_finds(collection: Collection, wanted: Filter) -> None:
    question = "council bridge report"
    vector = collection.embedder.question(question)
    expected = collection.by_meaning(vector, 30, wanted), collection.by_words(question, 30, wanted)
    assert collection.by_both(vector, question, 30, wanted) == expected


def test_an_empty_filter_is_none(collection: Collection) -> None:
    vector = collection.embedder.question("council bridge")
    assert not Filter() and Filter(since=1) and Filter(authors=("x",))
    assert collection.by_meaning(vector, 9, Filter()) == collection.by_meaning(vector, 9)
    assert collection.by_words("council bridge", 9, Filter()) == collection.by_words("council bridge", 9)


@pytest.mark.parametrize("wanted", FILTERS, ids=str)
def test_a_retrieval_shows_nothing_that_the_filter_keeps_out(collection: Collection, wanted: Filter) -> None:
    retriever = Retriever(collection, 20)
    allowed = passes(collection, wanted)
    hits = retriever(retriever.read("Which bridge did the council vote on?", ()), wanted).hits
    assert {hit.passage.chunk_id for hit in hits} <= allowed
    assert len(hits) == min(20, len(allowed))


def test_a_filter_follows_what_comes_changes_and_goes(tmp_path: Path) -> None:
    files = tmp_path / "files"
    table = write_folder(files, range(12))
    november = Filter(since=20151101, until=20151130)
    with Collection(tmp_path / "home", HashingEmbedder(), create=True) as collection:
        vector = collection.embedder.question("council bridge river")

        def found() -> set[str]:
            ids = [chunk_id for chunk_id, _ in collection.by_meaning(vector, 100, november)]
            names = {one.document.name for one in collection.passages(ids).values()}
            by_words = [chunk_id for chunk_id, _ in collection.by_words("report", 100, november)]
            assert names == {one.document.name for one in collection.passages(by_words).values()}
            return names

        index(collection, [files], options=Options(metadata=table))
        assert found() == {f"{number}.txt" for number in range(12) if number % 6 < 3}
        write_folder(files, range(18))
        index(collection, [files])
        assert found() == {f"{number}.txt" for number in range(18) if number % 6 < 3}
        (files / "0.txt").unlink()
        (files / "1.txt").write_text("Report, edited: the council met.\n", encoding="utf-8")
        table.write_text(table.read_text().replace("2.txt,Title 2,The Herald,,2015-11-15", "2.txt,,,,2014-01-01"))
        index(collection, [files])
        assert found() == {f"{number}.txt" for number in range(18) if number % 6 < 3} - {"0.txt", "2.txt"}
        collection.rebuild(HashingEmbedder("hashing-2", 32))
        vector = collection.embedder.question("council bridge river")
        assert "1.txt" in found() and "0.txt" not in found()


# -- the rows ----------------------------------------------------------------------------------------------------------


def unit(count: int, seed: int = 0, dimension: int = 64) -> Vectors:
    rows = np.random.default_rng(seed).standard_normal((count, dimension), dtype=np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def test_scores_are_the_dot_products_of_half_precision_rows(tmp_path: Path) -> None:
    rows, vectors = Rows(tmp_path / "rows", 64), unit(3000)
    rows.write(range(5, 3005), vectors)
    scores, missing = rows.scores(vectors[3], np.arange(5, 3005))
    expected = vectors.astype(np.float16).astype(np.float32) @ vectors[3]
    assert scores == pytest.approx(expected, abs=1e-6) and not len(missing)
    some = np.array([5, 17, 3004])
    assert rows.scores(vectors[3], some)[0] == pytest.approx(expected[some - 5], abs=1e-6)


def test_rows_that_were_removed_are_told_from_those_never_written(tmp_path: Path) -> None:
    rows, vectors = Rows(tmp_path / "rows", 64), unit(4)
    assert rows.scores(vectors[0], np.array([1, 2]))[1].tolist() == [0, 1], "no file yet"
    rows.write([7, 9, 2, 3], vectors)
    rows.remove([9])
    scores, missing = rows.scores(vectors[0], np.array([0, 2, 3, 7, 9, 50]))
    assert missing.tolist() == [0, 5]
    assert [score == ABSENT for score in scores] == [True, False, False, False, True, True]
    rows.write([9, 50], vectors[:2])
    assert rows.scores(vectors[0], np.array([9, 50]))[0] == pytest.approx([1.0, vectors[0] @ vectors[1]], abs=1e-2)


def test_tiny_values_orthogonal_rows_and_signs_survive(tmp_path: Path) -> None:
    rows = Rows(tmp_path / "rows", 3)
    vectors = np.array([[1, 0, 0], [0, -1, 0], [6e-8, 0.5, -3e-5], [0, 0, 1]], dtype=np.float32)
    rows.write([0, 1, 2, 3], vectors)
    for axis in np.eye(3, dtype=np.float32):
        scores, missing = rows.scores(axis, np.arange(4))
        assert scores == pytest.approx(vectors.astype(np.float16).astype(np.float32) @ axis, abs=1e-9)
        assert not len(missing)


def test_rows_that_are_lost_come_back_from_chroma(tmp_path: Path) -> None:
    vectors = unit(50)
    mask = np.ones(51, dtype=np.bool_)
    passing = Passing(np.arange(51), mask)
    with closing(VectorIndex(tmp_path / "v", "e", 64)) as made:
        made.add(range(1, 51), vectors)
        before = made.nearest(vectors[0], 10, passing)
        (tmp_path / "v" / "rows.f16").unlink()
    with closing(VectorIndex(tmp_path / "v", "e", 64)) as made:
        assert made.nearest(vectors[0], 10, passing) == before
        made.remove([1])
        assert 1 not in [chunk_id for chunk_id, _ in made.nearest(vectors[0], 10, passing)]


def test_words_of_a_filter_that_passes_nothing_or_nearly_all(tmp_path: Path) -> None:
    words = WordIndex(tmp_path / "words")
    words.change({number: f"bridge {WORDS[number % 15]}" for number in range(1, 2000)}, [])
    mask = np.ones(2000, dtype=np.bool_)
    mask[5] = False
    everything = Passing(np.flatnonzero(mask), mask)
    assert 5 not in [chunk_id for chunk_id, _ in words.search("bridge", 1999, everything)]
    assert len(words.search("bridge", 1999, everything)) == 1998
    nothing = Passing(np.zeros(0, dtype=np.int64), np.zeros(2000, dtype=np.bool_))
    assert words.search("bridge", 10, nothing) == []
    assert stems("bridge")
    words.release()
