"""Bringing a collection in step with folders: what goes in, what leaves, what is refused, over real stores."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from indexing import ingest
from indexing.collection import Collection
from indexing.errors import EmbedError, HomeError, OnrecordError
from indexing.ingest import Progress, Report, index
from indexing.lock import OwnerLock
from tests.conftest import Opener
from tests.hashing import HashingEmbedder
from tests.state import state, three_stores_agree

A = "# The bridge\n\nThe council closed the bridge for repairs. Work begins in June.\n"
B = "The mill burnt down two years ago. Nobody has rebuilt it since."
C = "Elections were held in June. The mayor was voted out."


def write(root: Path, files: Mapping[str, str | bytes]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return root


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    return write(tmp_path / "docs", {"a.md": A, "b.txt": B, "sub/c.txt": C})


@pytest.fixture
def collection(tmp_path: Path, opened: Opener) -> Collection:
    return opened(tmp_path / "home")


def counts(report: Report) -> dict[str, int]:
    names = ("added", "changed", "removed", "unchanged", "skipped", "failed")
    return {name: getattr(report, name) for name in names if getattr(report, name)}


def names(collection: Collection) -> list[str]:
    return [entry.name for entry in collection.catalogue.entries()]


def texts_found(collection: Collection, question: str) -> set[str]:
    """What a search shows, by both ways."""
    hits = [*collection.by_meaning(collection.embedder.question(question), 50), *collection.by_words(question, 50)]
    return {passage.text for passage in collection.passages([chunk_id for chunk_id, _ in hits]).values()}


def asked(collection: Collection) -> int:
    assert isinstance(collection.embedder, HashingEmbedder)
    return collection.embedder.asked


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


def test_a_removed_file_leaves_all_three_stores(collection: Collection, docs: Path) -> None:
    index(collection, [docs])
    gone = {chunk_id for chunk_id, _ in collection.by_words("mill", 5)}
    (docs / "b.txt").unlink()
    assert counts(index(collection, [docs])) == {"removed": 1, "unchanged": 2}
    assert gone and not gone & collection.words.ids() and not gone & collection.vectors.ids()
    assert not gone & {*collection.catalogue.chunk_ids(current=True), *collection.catalogue.chunk_ids(current=False)}
    assert B not in texts_found(collection, "mill burnt down")
    three_stores_agree(collection)


def test_a_renamed_file_is_there_once_under_its_new_name(collection: Collection, docs: Path) -> None:
    index(collection, [docs])
    (docs / "b.txt").rename(docs / "z.txt")
    assert counts(index(collection, [docs])) == {"added": 1, "removed": 1, "unchanged": 2}
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
    write(docs, {"bad.txt": b"\0\1", "empty.md": b"", "x.docx": b"x", "big.txt": b"x" * 3000})
    report = index(collection, [docs], max_bytes=2000)
    assert counts(report) == {"added": 3, "skipped": 3, "failed": 1}
    by_name = {Path(problem.path).name: problem.kind for problem in report.problems}
    assert by_name == {"bad.txt": "failed", "empty.md": "skipped", "x.docx": "skipped", "big.txt": "skipped"}
    assert {problem.path for problem in collection.catalogue.problems()} == {p.path for p in report.problems}
    write(docs, {"bad.txt": "Good now."})
    (docs / "empty.md").unlink()
    index(collection, [docs], max_bytes=5000)
    assert [Path(problem.path).name for problem in collection.catalogue.problems()] == ["x.docx"]
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


def test_an_empty_folder_is_refused_and_what_stood_there_is_kept(collection: Collection, docs: Path) -> None:
    with pytest.raises(OnrecordError, match=r"nothing to index in .*\.md \.txt|nothing to index in"):
        index(collection, [write(docs.parent / "empty", {"x.docx": "x"})])
    index(collection, [docs])
    for path in docs.rglob("*.*"):
        path.unlink()
    with pytest.raises(OnrecordError, match="The 3 documents indexed from there are kept; --prune removes them"):
        index(collection, [docs])
    assert len(names(collection)) == 3
    assert counts(index(collection, [docs], prune=True)) == {"removed": 3}
    assert (collection.vectors.ids(), collection.words.ids()) == (set(), set())


def test_a_missing_path_is_refused_before_anything_changes(collection: Collection, docs: Path) -> None:
    with pytest.raises(OnrecordError, match=r"nowhere does not exist; nothing was changed"):
        index(collection, [docs, docs / "nowhere"])
    assert names(collection) == []
    loop = docs / "loop"
    loop.symlink_to(loop)
    with pytest.raises(OnrecordError, match="loop does not exist"):
        index(collection, [loop])


def test_a_folder_that_lost_most_of_its_files_is_taken_for_unmounted(collection: Collection, tmp_path: Path) -> None:
    docs = write(tmp_path / "docs", {f"{n}.txt": f"Document number {n} is short." for n in range(15)})
    index(collection, [docs])
    for n in range(11):
        (docs / f"{n}.txt").unlink()
    with pytest.raises(OnrecordError, match=r"11 of the 15 documents .* --prune .*Nothing was changed"):
        index(collection, [docs])
    assert len(names(collection)) == 15
    assert counts(index(collection, [docs], prune=True)) == {"removed": 11, "unchanged": 4}
    three_stores_agree(collection)


def test_two_folders_with_the_same_names_are_told_apart(collection: Collection, tmp_path: Path) -> None:
    one = write(tmp_path / "one", {"a.md": A, "only.txt": C})
    two = write(tmp_path / "two", {"a.md": B})
    index(collection, [one])
    assert names(collection) == ["a.md", "only.txt"]
    index(collection, [two])
    assert names(collection) == ["one/a.md", "only.txt", "two/a.md"]
    assert len({entry.id for entry in collection.catalogue.entries()}) == 3
    third = write(tmp_path / "else" / "two", {"a.md": C})
    index(collection, [third])
    assert names(collection) == sorted([str(two / "a.md"), str(third / "a.md"), "one/a.md", "only.txt"])
    assert counts(index(collection, [one, two, third])) == {"unchanged": 4}
    three_stores_agree(collection)


def test_a_name_made_for_one_clash_never_makes_another(collection: Collection, tmp_path: Path) -> None:
    one = write(tmp_path / "one" / "c", {"x.txt": A})
    two = write(tmp_path / "two", {"x.txt": B, "c/x.txt": C})
    index(collection, [one])
    index(collection, [two])
    assert len(set(names(collection))) == 3
    for entry in collection.catalogue.entries():
        document = collection.catalogue.find_document(entry.name)
        assert document is not None and document.id == entry.id


def test_one_file_goes_in_under_its_name(collection: Collection, docs: Path) -> None:
    assert counts(index(collection, [docs / "sub" / "c.txt"])) == {"added": 1}
    assert names(collection) == ["c.txt"]


def test_a_file_or_folder_inside_an_indexed_folder_belongs_to_that_folder(collection: Collection, docs: Path) -> None:
    index(collection, [docs])
    write(docs, {"sub/c.txt": "Edited text.", "sub/d.txt": "New text.", "b.txt": "Edited as well."})
    (docs / "a.md").unlink()
    assert counts(index(collection, [docs / "sub" / "c.txt"])) == {"changed": 1}
    assert counts(index(collection, [docs / "sub"])) == {"added": 1, "unchanged": 1}
    assert names(collection) == ["a.md", "b.txt", "sub/c.txt", "sub/d.txt"]
    assert B in texts_found(collection, "mill burnt"), "what was not named was not looked at"
    assert counts(index(collection, [docs])) == {"changed": 1, "removed": 1, "unchanged": 2}


@pytest.mark.parametrize("together", [False, True])
def test_a_folder_indexed_after_its_subfolder_takes_it_over(collection: Collection, docs: Path, together: bool) -> None:
    index(collection, [docs / "sub"])
    assert names(collection) == ["c.txt"]
    report = index(collection, [docs, docs / "sub"] if together else [docs])
    assert counts(report) == {"added": 2, "unchanged": 1}
    assert names(collection) == ["a.md", "b.txt", "sub/c.txt"]
    assert {entry.root for entry in collection.catalogue.entries()} == {str(docs)}
    three_stores_agree(collection)


def test_progress_reaches_the_end_and_names_every_file(collection: Collection, docs: Path) -> None:
    steps: list[Progress] = []
    index(collection, [docs], progress=steps.append)
    assert [(step.name, step.outcome) for step in steps] == [
        ("a.md", "added"),
        ("b.txt", "added"),
        ("sub/c.txt", "added"),
    ]
    assert steps[-1].done == steps[-1].total == sum(path.stat().st_size for path in docs.rglob("*.*"))


def test_a_home_that_is_in_use_names_its_owner(collection: Collection, docs: Path, tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from indexing.lock import OwnerLock\n"
        "lock = OwnerLock(Path(sys.argv[1])); assert lock.try_acquire(); print('held', flush=True); input()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path / "home")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parent.parent,
    )
    with holder:
        assert holder.stdout is not None and holder.stdout.readline() == "held\n"
        with pytest.raises(HomeError, match=rf"in use by `.*` \(process {holder.pid}, since .*\); stop that first"):
            index(collection, [docs])
        assert names(collection) == []
        holder.kill()
    assert counts(index(collection, [docs])) == {"added": 3}, "the system frees the lock of a killed process"


def test_a_run_under_a_lock_that_the_caller_holds_does_not_take_it_again(
    collection: Collection, docs: Path, tmp_path: Path
) -> None:
    with collection.lock:
        assert counts(index(collection, [docs], locked=True)) == {"added": 3}
        assert not OwnerLock(tmp_path / "home").try_acquire(), "still held"
    other = OwnerLock(tmp_path / "home")
    assert other.try_acquire()
    other.release()


def test_two_open_collections_of_one_process_take_turns(
    collection: Collection, docs: Path, tmp_path: Path, opened: Opener
) -> None:
    index(collection, [docs])
    other = opened(tmp_path / "home")
    write(docs, {"b.txt": "The ferry runs twice a day."})
    assert counts(index(other, [docs])) == {"changed": 1, "unchanged": 2}
    write(docs, {"d.txt": "A tunnel is planned."})
    assert counts(index(collection, [docs])) == {"added": 1, "unchanged": 3}
    assert B not in texts_found(collection, "mill burnt")
    assert {"A tunnel is planned.", "The ferry runs twice a day."} <= texts_found(collection, "tunnel ferry")


def test_another_embedder_is_refused_with_both_names(collection: Collection, docs: Path, tmp_path: Path) -> None:
    index(collection, [docs])
    collection.close()
    for other in (HashingEmbedder(name="other"), HashingEmbedder(dimension=32)):
        with pytest.raises(HomeError, match=f"made with the embedder hashing-1, the settings name {other.name}"):
            Collection(tmp_path / "home", other, create=True)


def test_a_missing_index_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(HomeError, match=r"there is no index in .*; make one with: onrecord index PATH --home"):
        Collection(tmp_path / "home", HashingEmbedder())
    assert not (tmp_path / "home").exists()


def test_a_home_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(HomeError, match="cannot be made"):
        Collection(tmp_path / "file" / "home", HashingEmbedder(), create=True)


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


@pytest.mark.parametrize("lost", ["vectors", "words"])
def test_a_derived_index_that_was_lost_is_made_again_from_the_catalogue(
    collection: Collection, docs: Path, tmp_path: Path, opened: Opener, lost: str
) -> None:
    index(collection, [docs])
    before = state(collection)
    collection.close()
    (tmp_path / "home" / lost).rename(tmp_path / "aside")
    again = opened(tmp_path / "home")
    three_stores_agree(again)
    assert state(again) == before


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
        index(collection, [docs], prune=True)
        three_stores_agree(collection)
    fresh = opened(tmp_path / "fresh")
    index(fresh, [docs])
    assert state(collection) == state(fresh)
    assert len(state(fresh).documents) > 3
