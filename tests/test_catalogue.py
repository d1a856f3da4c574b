"""The catalogue: what is current, what is not, and nothing in between."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from indexing.catalogue import Catalogue
from indexing.chunks import chunks_of
from indexing.documents import Document
from indexing.errors import HomeError
from indexing.load import load
from indexing.prepare import version_of
from indexing.schema import Changes, Facts, Prepared, Problem
from indexing.sentences import sentences_of
from tests.hashing import HashingEmbedder
from tests.processes import until

MARKED = """# The bridge

It **never** [closed](http://x.example), he said. Nobody believed it.

## The mill

It burnt.
"""
EMBEDDER = HashingEmbedder()


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    with closing(Catalogue(tmp_path / "catalogue.sqlite", create=True)) as made:
        made.set_meta({"dimension": str(EMBEDDER.dimension)})
        yield made


def prepared(name: str, text: str, root: str = "/r") -> Prepared:
    loaded = load(text.encode(), Path(name))
    sentences = sentences_of(text, loaded.blocks)
    document = Document(version_of(name)[:16], version_of(text), name, text, loaded.metadata)
    chunks = chunks_of(text, sentences, loaded.metadata)
    place = (f"{root}/{name}", "")
    return Prepared(place, root, version_of(text), document, Facts(encoding="utf-8"), sentences, chunks)


def put(catalogue: Catalogue, *items: Prepared, removed: tuple[str, ...] = ()) -> dict[str, list[int]]:
    """Store versions and make them current; the chunk ids of each document."""
    shown = [sentence.visible(item.document.text) for item in items for sentence in item.sentences]
    written = catalogue.add(items, EMBEDDER.passages(shown), "2025-01-01")
    current = {key: version_id for key, (version_id, _) in written.items()}
    catalogue.make_current(items, Changes(current, removed))
    return {key: ids for key, (_, ids) in written.items()}


def test_a_document_comes_back_as_it_went_in(catalogue: Catalogue) -> None:
    item = prepared("a.md", f"---\ntitle: Tïtle\ndate: 2025-02-24\n---\n{MARKED}")
    put(catalogue, item)
    assert catalogue.document(item.document.id) == item.document
    assert catalogue.find_document("a.md") == item.document
    (entry,) = catalogue.entries()
    assert (entry.path, entry.root, entry.name, entry.version) == ("/r/a.md", "/r", "a.md", item.document.version)
    assert (entry.metadata, entry.facts.encoding, entry.indexed_at) == (item.document.metadata, "utf-8", "2025-01-01")


def test_passages_come_back_with_their_sentences_and_pieces(catalogue: Catalogue) -> None:
    item = prepared("a.md", MARKED)
    (ids,) = put(catalogue, item).values()
    passages = catalogue.passages(ids)
    assert list(passages) == ids
    for chunk_id, chunk in zip(ids, item.chunks, strict=True):
        passage = passages[chunk_id]
        assert (passage.chunk_id, passage.document, passage.span) == (chunk_id, item.document, chunk.span)
        assert (passage.first, passage.sentences) == (chunk.first, item.sentences[chunk.first : chunk.last])
        assert passage.text == chunk.span.of(MARKED)


def test_sentence_vectors_come_back_in_reading_order(catalogue: Catalogue) -> None:
    items = [prepared("a.md", MARKED), prepared("b.txt", "One is here. Two are there.")]
    put(catalogue, *items)
    for item in items:
        rows = catalogue.sentence_vectors(item.document.id)
        expected = EMBEDDER.passages([sentence.visible(item.document.text) for sentence in item.sentences])
        assert rows.dtype == np.float32
        np.testing.assert_allclose(rows, expected, atol=1e-3)
        passages = list(catalogue.passages(list(catalogue.chunk_ids(current=True))).values())
        for passage, found in zip(passages, catalogue.vectors_of(passages), strict=True):
            of_document = catalogue.sentence_vectors(passage.document.id)
            np.testing.assert_array_equal(found, of_document[passage.first : passage.first + len(passage.sentences)])
        changed = [replace(one, document=replace(one.document, version="another")) for one in passages]
        assert all(found.shape == (0, EMBEDDER.dimension) for found in catalogue.vectors_of(changed))
    assert catalogue.sentence_vectors("gone").shape == (0, EMBEDDER.dimension)


def test_a_version_that_was_written_but_not_made_current_is_never_shown(catalogue: Catalogue) -> None:
    item = prepared("a.md", MARKED)
    written = catalogue.add([item], None, "now")
    ids = written[item.document.id][1]
    assert catalogue.passages(ids) == {}
    assert catalogue.document(item.document.id) is None
    assert (catalogue.count_documents(), catalogue.count_chunks(), catalogue.entries()) == (0, 0, [])
    assert list(catalogue.chunk_ids(current=False)) == ids
    assert list(catalogue.chunk_ids(current=True)) == []
    assert catalogue.document(item.document.id, item.document.version) is None
    assert catalogue.standing(item.document.id, item.document.version) is None
    catalogue.forget_stale()
    assert list(catalogue.chunk_ids(current=False)) == []
    assert catalogue.chunk_texts(ids) == []
    assert catalogue.settled()


def test_an_edit_replaces_what_is_shown_and_keeps_the_id(catalogue: Catalogue) -> None:
    old, new = prepared("a.md", MARKED), prepared("a.md", MARKED.replace("burnt", "fell"))
    (before,) = put(catalogue, old).values()
    assert catalogue.generation == 1
    (after,) = put(catalogue, new).values()
    assert catalogue.generation == 2
    assert catalogue.passages(before) == {}
    assert set(catalogue.passages([*before, *after])) == set(after)
    assert catalogue.document(old.document.id) == new.document
    assert catalogue.document(old.document.id, new.document.version) == new.document
    assert catalogue.document(old.document.id, old.document.version) == old.document, "what was cited can be opened"
    assert catalogue.standing(old.document.id, old.document.version) == "superseded"
    assert catalogue.standing(old.document.id, new.document.version) == "current"
    assert set(catalogue.chunk_ids(current=False)) == set(before)


def test_a_removed_document_is_gone(catalogue: Catalogue) -> None:
    gone, stays = prepared("a.md", MARKED), prepared("b.md", MARKED)
    ids = put(catalogue, gone, stays)
    put(catalogue, removed=(gone.document.id,))
    assert catalogue.document(gone.document.id) is None
    assert catalogue.find_document("a.md") is None
    assert catalogue.document(gone.document.id, gone.document.version) == gone.document
    assert catalogue.standing(gone.document.id, gone.document.version) == "removed"
    assert set(catalogue.passages([*ids[gone.document.id], *ids[stays.document.id]])) == set(ids[stays.document.id])
    catalogue.forget_stale()
    assert catalogue.chunk_texts(ids[gone.document.id]) == []
    assert len(catalogue.chunk_texts(ids[stays.document.id])) == len(stays.chunks)
    assert catalogue.sentence_vectors(stays.document.id).shape[0] == len(stays.sentences)


def test_a_chunk_id_is_never_used_again(catalogue: Catalogue) -> None:
    item = prepared("a.md", MARKED)
    (first,) = put(catalogue, item).values()
    put(catalogue, removed=(item.document.id,))
    catalogue.forget_stale()
    (second,) = put(catalogue, item).values()
    assert min(second) > max(first)


def test_a_transaction_that_fails_leaves_nothing(catalogue: Catalogue) -> None:
    def twice() -> None:
        with catalogue.writing() as db:
            db.execute("INSERT INTO meta VALUES ('half', 'done')")
            db.execute("INSERT INTO meta VALUES ('half', 'twice')")

    with pytest.raises(sqlite3.IntegrityError):
        twice()
    assert catalogue.meta("half") == ""
    catalogue.set_meta({"whole": "done"})
    assert catalogue.meta("whole") == "done"


def test_many_chunks_are_read_at_once(catalogue: Catalogue) -> None:
    items = [prepared(f"{n}.txt", f"Document number {n} is short.") for n in range(1200)]
    ids = [chunk_id for chunks in put(catalogue, *items).values() for chunk_id in chunks]
    assert len(catalogue.chunk_texts(ids)) == len(catalogue.passages(ids)) == 1200


def test_problems_are_replaced_for_the_paths_that_were_looked_at(catalogue: Catalogue) -> None:
    one, two = Problem("/a", "skipped", "it is empty", "fill it"), Problem("/b", "failed", "binary", "convert it")
    catalogue.record_problems([], [one, two], "now")
    assert catalogue.problems() == [one, two]
    catalogue.record_problems(["/a", "/c"], [], "later")
    assert catalogue.problems() == [two]


def test_another_thread_reads_what_one_thread_wrote(catalogue: Catalogue) -> None:
    item = prepared("a.md", MARKED)
    put(catalogue, item)
    seen: list[Document | None] = []
    thread = threading.Thread(target=lambda: seen.append(catalogue.document(item.document.id)))
    thread.start()
    thread.join()
    assert seen == [item.document]


def test_headings_are_those_of_current_chunks(catalogue: Catalogue) -> None:
    put(catalogue, prepared("a.md", MARKED), prepared("b.md", "## The bridge\n\nIt fell down."))
    assert catalogue.headings(5) == ["The bridge", "The mill"]
    assert catalogue.headings(1) == ["The bridge"]


def test_a_catalogue_of_another_schema_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.sqlite"
    with closing(Catalogue(path, create=True)) as made:
        made.set_meta({"schema": "999"})
    with pytest.raises(HomeError, match=r"another version of Onrecord \(schema 999\); move catalogue.sqlite and"):
        Catalogue(path, create=True)


def test_a_file_that_is_no_catalogue_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.sqlite"
    path.write_bytes(b"not a database at all, but long enough to be read as one" * 20)
    with pytest.raises(HomeError, match="cannot be used"):
        Catalogue(path, create=False)


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="open files are counted in /proc")
def test_a_thread_that_ends_leaves_no_connection_open(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.sqlite"

    def opened() -> int:
        return sum(one.resolve() == path for one in Path("/proc/self/fd").iterdir() if one.exists())

    with closing(Catalogue(path, create=True)) as catalogue:
        before = opened()
        for _ in range(8):
            thread = threading.Thread(target=catalogue.count_documents)
            thread.start()
            thread.join()
        # SQLite keeps one file that was closed for the next connection, as long as others have locks on it.
        until(lambda: opened() <= before + 1, "the threads' connections are closed", 10)


def test_documents_are_counted_anew_whenever_they_change(catalogue: Catalogue, tmp_path: Path) -> None:
    """Also when another process changed them, here a second connection."""
    items = [prepared(f"{number}.txt", f"Text {number}.") for number in range(3)]
    other = Catalogue(tmp_path / "catalogue.sqlite", create=False)
    for number, item in enumerate(items, 1):
        put(catalogue, item)
        assert catalogue.count_documents() == other.count_documents() == number
    catalogue.make_current([], Changes(gone=(items[0].document.id,)))
    assert catalogue.count_documents() == other.count_documents() == 2
    other.close()


def test_a_catalogue_in_a_folder_that_cannot_be_written_is_read(
    catalogue: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = catalogue._path
    catalogue.set_meta({"indexed_at": "today"})
    monkeypatch.setattr("os.access", lambda *_: False)  # the tests may run as root, who may write everywhere
    with pytest.raises(HomeError, match="its last changes were not finished"):
        Catalogue(path, create=False)
    catalogue.close()
    before = {file.name for file in path.parent.iterdir()}
    with closing(Catalogue(path, create=False)) as sealed:
        assert sealed.meta("indexed_at") == "today"
        with pytest.raises(HomeError, match="readonly"):
            sealed.set_meta({"indexed_at": "tomorrow"})
    assert {file.name for file in path.parent.iterdir()} == before
