"""Bringing a collection in step with a folder: what goes in, what leaves, what is said of the rest; real stores."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path

import pytest

from indexing import ingest
from indexing.collection import Collection
from indexing.errors import EmbedError
from indexing.ingest import Options, Progress, index
from tests.conftest import Opener
from tests.folders import A, B, C, asked, counts, names, texts_found, write
from tests.state import state, three_stores_agree


def test_a_folder_goes_in_and_is_found_both_ways(collection: Collection, docs: Path) -> None:
    report = index(collection, [docs])
    assert counts(report) == {"added": 3}
    assert (report.documents, report.chunks) == (3, 3)
    assert names(collection) == ["a.md", "b.txt", "sub/c.txt"]
    three_stores_agree(collection)
    ((chunk_id, _),) = collection.by_words("burning mill", 5)
    assert collection.passages([chunk_id])[chunk_id].text == B
    nearest = collection.by_meaning(collection.embedder.question("the mayor was voted out in elections"), 1)[0][0]
    assert collection.passages([nearest])[nearest].document.text == C


def test_a_second_run_writes_nothing(collection: Collection, docs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index(collection, [docs])
    generation, embedded = collection.catalogue.generation, asked(collection)

    def never(*_: object) -> None:
        raise AssertionError("nothing is to be written")

    for store, method in [
        (collection.vectors, "add"),
        (collection.vectors, "remove"),
        (collection.vectors, "reach"),
        (collection.words, "change"),
        (collection.words, "reach"),
        (collection.catalogue, "add"),
        (collection.catalogue, "make_current"),
    ]:
        monkeypatch.setattr(store, method, never)
    assert counts(index(collection, [docs])) == {"unchanged": 3}
    assert (collection.catalogue.generation, asked(collection)) == (generation, embedded)


def test_an_edit_indexes_that_document_again_and_no_other(collection: Collection, docs: Path) -> None:
    index(collection, [docs])
    before = {entry.name: entry for entry in collection.catalogue.entries()}
    ids, embedded = collection.words.ids(), asked(collection)
    write(docs, {"b.txt": "The ferry runs twice a day."})
    report = index(collection, [docs])
    assert counts(report) == {"changed": 1, "unchanged": 2}
    assert asked(collection) == embedded + 2, "one chunk, one sentence"
    after = {entry.name: entry for entry in collection.catalogue.entries()}
    assert after["b.txt"].id == before["b.txt"].id and after["b.txt"].version != before["b.txt"].version
    assert after["a.md"] == before["a.md"]
    assert len(collection.words.ids() & ids) == 2 and len(collection.words.ids()) == 3
    three_stores_agree(collection)
    assert B not in texts_found(collection, "mill burnt ferry")
    assert "The ferry runs twice a day." in texts_found(collection, "mill burnt ferry")


def test_a_removed_file_leaves_every_search_and_its_text_stays_to_be_opened(collection: Collection, docs: Path) -> None:
    index(collection, [docs])
    document = collection.catalogue.find_document("b.txt")
    assert document is not None
    gone = {chunk_id for chunk_id, _ in collection.by_words("mill", 5)}
    (docs / "b.txt").unlink()
    assert counts(index(collection, [docs])) == {"removed": 1, "unchanged": 2}
    assert gone and not gone & collection.words.ids() and not gone & collection.vectors.ids()
    assert not gone & {*collection.catalogue.chunk_ids(current=True), *collection.catalogue.chunk_ids(current=False)}
    assert B not in texts_found(collection, "mill burnt down")
    three_stores_agree(collection)
    assert collection.document(document.id) is None
    assert collection.document(document.id, document.version) == document
    assert collection.catalogue.sentences(document.id) == ()
    assert len(collection.catalogue.sentence_vectors(document.id)) == 0


def test_a_renamed_file_is_there_once_under_its_new_name(collection: Collection, docs: Path) -> None:
    index(collection, [docs])
    (docs / "b.txt").rename(docs / "z.txt")
    assert counts(index(collection, [docs])) == {"moved": 1, "unchanged": 2}
    assert names(collection) == ["a.md", "sub/c.txt", "z.txt"]
    assert len(collection.by_words("mill", 5)) == 1
    three_stores_agree(collection)


@pytest.mark.parametrize("now", [b"", b"  \n", b"PK\0\0\0", b"---\ntitle: x\n---\n"])
def test_the_old_text_of_a_file_that_holds_none_any_more_leaves(
    collection: Collection, tmp_path: Path, now: bytes
) -> None:
    docs = write(tmp_path / "docs", {"a.md": A, "b.md": B})
    index(collection, [docs])
    write(docs, {"b.md": now})
    report = index(collection, [docs])
    assert report.removed == 1 and report.skipped + report.failed == 1
    assert names(collection) == ["a.md"]
    three_stores_agree(collection)
    assert B not in texts_found(collection, "mill burnt")
    assert index(collection, [docs]).removed == 0, "it leaves once"
    write(docs, {"b.md": B})
    assert counts(index(collection, [docs])) == {"added": 1, "unchanged": 1}


def test_what_was_indexed_from_a_file_that_cannot_be_read_is_kept(collection: Collection, docs: Path) -> None:
    index(collection, [docs])
    (docs / "b.txt").unlink()
    (docs / "b.txt").symlink_to(docs / "nowhere")
    report = index(collection, [docs])
    assert counts(report) == {"failed": 1, "unchanged": 2}
    assert "cannot be read" in report.problems[0].reason
    assert B in texts_found(collection, "mill burnt")


def test_problems_are_recorded_and_cleared(collection: Collection, docs: Path) -> None:
    write(docs, {"bad.txt": b"\0\1", "empty.md": b"", "x.xyz": b"x", "big.txt": b"x" * 3000})
    report = index(collection, [docs], options=Options(max_bytes=2000))
    assert counts(report) == {"added": 3, "skipped": 3, "failed": 1}
    by_name = {Path(problem.path).name: problem.kind for problem in report.problems}
    assert by_name == {"bad.txt": "failed", "empty.md": "skipped", "x.xyz": "skipped", "big.txt": "skipped"}
    assert {problem.path for problem in collection.catalogue.problems()} == {p.path for p in report.problems}
    write(docs, {"bad.txt": "Good now."})
    (docs / "empty.md").unlink()
    index(collection, [docs], options=Options(max_bytes=5000))
    assert [Path(problem.path).name for problem in collection.catalogue.problems()] == ["x.xyz"]
    assert texts_found(collection, "good") >= {"Good now."}


def test_problems_elsewhere_are_not_touched(collection: Collection, tmp_path: Path) -> None:
    one = write(tmp_path / "one", {"a.md": A, "bad.txt": b"\0"})
    two = write(tmp_path / "two", {"b.md": B})
    index(collection, [one])
    index(collection, [two])
    assert [problem.path for problem in collection.catalogue.problems()] == [str(one / "bad.txt")]


def test_a_name_that_is_not_text_is_a_problem_of_that_file_only(collection: Collection, docs: Path) -> None:
    odd = docs / os.fsdecode(b"caf\xe9.txt")
    try:
        odd.write_bytes(b"Some text.")
    except OSError:
        pytest.skip("this file system takes only names in UTF-8")
    seen: list[Progress] = []
    report = index(collection, [docs], progress=seen.append)
    assert counts(report) == {"added": 3, "failed": 1}
    assert report.problems[0].path.endswith("caf\ufffd.txt")
    assert "not valid UTF-8" in report.problems[0].reason
    json.dumps([step.name for step in seen], ensure_ascii=False).encode()
    index(collection, [docs])
    assert len(collection.catalogue.problems()) == 1


def test_progress_reaches_the_end_and_names_every_file(collection: Collection, docs: Path) -> None:
    steps: list[Progress] = []
    index(collection, [docs], progress=steps.append)
    assert [(step.name, step.outcome) for step in steps] == [
        ("a.md", "added"),
        ("b.txt", "added"),
        ("sub/c.txt", "added"),
    ]
    assert steps[-1].done == steps[-1].total == sum(path.stat().st_size for path in docs.rglob("*.*"))


def test_an_embedder_that_fails_leaves_the_collection_as_it_was(
    collection: Collection, docs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index(collection, [docs])
    before = state(collection)
    write(docs, {"b.txt": "The ferry runs twice a day.", "new.txt": "New."})

    def fail(texts: object) -> None:
        raise EmbedError("the endpoint failed")

    with monkeypatch.context() as patch:
        patch.setattr(collection.embedder, "passages", fail)
        with pytest.raises(EmbedError):
            index(collection, [docs])
    assert state(collection) == before
    three_stores_agree(collection)
    assert counts(index(collection, [docs])) == {"added": 1, "changed": 1, "unchanged": 2}


@pytest.mark.parametrize("seed", range(2))
def test_after_any_sequence_of_edits_the_collection_equals_a_fresh_one(
    tmp_path: Path, opened: Opener, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(ingest, "BATCH", 4)
    chance = random.Random(seed)
    docs = write(tmp_path / "docs", {"0.txt": A})
    collection = opened(tmp_path / "home")
    for step in range(8):
        for _ in range(chance.randint(1, 4)):
            path = (
                docs
                / f"{chance.choice(['', 'sub/', 'sub/deep/'])}{chance.randint(0, 5)}.{chance.choice(['txt', 'md'])}"
            )
            path.parent.mkdir(parents=True, exist_ok=True)
            act = chance.random()
            if act < 0.6:
                body = " ".join(
                    f"Sentence {chance.randint(0, 30)} of step {step}." for _ in range(chance.randint(0, 80))
                )
                path.write_text(chance.choice(["", "# Heading\n\n", "---\ntitle: T\n---\n"]) + body, encoding="utf-8")
            elif act < 0.8:
                path.unlink(missing_ok=True)
            elif path.exists():
                path.replace(docs / f"moved-{chance.randint(0, 3)}{path.suffix}")
        (docs / "0.txt").write_text(A, encoding="utf-8")  # so that there is always something
        index(collection, [docs], options=Options(prune=True))
        three_stores_agree(collection)
    fresh = opened(tmp_path / "fresh")
    index(fresh, [docs])
    assert state(collection) == state(fresh)
    assert len(state(fresh).documents) > 3
