"""Folders that are indexed side by side or inside one another, and those that are empty, gone or unmounted."""

from __future__ import annotations

from pathlib import Path

import pytest

from indexing.collection import Collection
from indexing.errors import OnrecordError
from indexing.ingest import Options, index
from tests.folders import A, B, C, counts, names, texts_found, write
from tests.state import three_stores_agree


def test_an_empty_folder_is_refused_and_what_stood_there_is_kept(collection: Collection, docs: Path) -> None:
    with pytest.raises(OnrecordError, match=r"nothing to index in .*\.md \.txt|nothing to index in"):
        index(collection, [write(docs.parent / "empty", {"x.xyz": "x"})])
    index(collection, [docs])
    for path in docs.rglob("*.*"):
        path.unlink()
    with pytest.raises(OnrecordError, match="The 3 documents indexed from there are kept; --prune removes them"):
        index(collection, [docs])
    assert len(names(collection)) == 3
    assert counts(index(collection, [docs], options=Options(prune=True))) == {"removed": 3}
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
    assert counts(index(collection, [docs], options=Options(prune=True))) == {"removed": 11, "unchanged": 4}
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


def test_a_folder_that_was_renamed_is_the_same_one(collection: Collection, tmp_path: Path) -> None:
    one = write(tmp_path / "one", {"a.md": A, "deep/b.txt": B, "c.txt": C, "empty.txt": ""})
    index(collection, [one])
    ids = {entry.name: entry.id for entry in collection.catalogue.entries()}
    (one / "c.txt").unlink()
    one.rename(tmp_path / "two")
    assert counts(index(collection, [tmp_path / "two"])) == {"moved": 2, "skipped": 1}
    now = {entry.name: entry.id for entry in collection.catalogue.entries()}
    assert now == ids, "the one that is gone is kept until that is asked for"
    assert [Path(problem.path).parent.name for problem in collection.catalogue.problems()] == ["two"]
    with pytest.raises(OnrecordError, match=r"one does not exist.* The document indexed from there is kept; --prune"):
        index(collection, [one])
    assert counts(index(collection, [one], options=Options(prune=True))) == {"removed": 1}
    assert names(collection) == ["a.md", "deep/b.txt"]
    three_stores_agree(collection)


def test_copies_in_two_folders_that_are_both_there_are_two_documents(collection: Collection, tmp_path: Path) -> None:
    one, two = (write(tmp_path / name, {"a.md": A}) for name in ("one", "two"))
    index(collection, [one])
    assert counts(index(collection, [two])) == {"added": 1}
    assert counts(index(collection, [two], options=Options(prune=True))) == {"unchanged": 1}
    assert len(names(collection)) == 2
