"""What documents said before, where they went, and what is known of them beside their text."""

from __future__ import annotations

from pathlib import Path

import pytest

from indexing.collection import Collection
from indexing.documents import Document
from indexing.errors import OnrecordError
from indexing.ingest import Options, index
from tests.conftest import Opener
from tests.folders import A, B, C, asked, counts, id_of, names, texts_found, write
from tests.state import state, three_stores_agree

FERRY = "The ferry runs twice a day. It has done so since the bridge was closed."


def named(collection: Collection, name: str) -> Document:
    document = collection.catalogue.find_document(name)
    assert document is not None
    return document


def test_what_was_cited_opens_after_an_edit_and_after_the_file_is_gone(collection: Collection, docs: Path) -> None:
    index(collection, [docs])
    old = named(collection, "b.txt")
    write(docs, {"b.txt": FERRY})
    index(collection, [docs])
    new = named(collection, "b.txt")
    catalogue = collection.catalogue
    assert (new.id, new.text) == (old.id, FERRY)
    assert collection.document(old.id, old.version) == old
    assert [catalogue.standing(old.id, one) for one in (old.version, new.version)] == ["superseded", "current"]
    (docs / "b.txt").unlink()
    index(collection, [docs])
    assert collection.document(old.id) is None
    assert [collection.document(old.id, one.version) for one in (old, new)] == [old, new]
    assert [catalogue.standing(old.id, one) for one in (old.version, new.version)] == ["removed", "removed"]
    assert [version for version, _ in catalogue.versions(old.id)] == [old.version, new.version]
    assert catalogue.standing(old.id, "no such version") is None
    assert catalogue.standing("no such document", old.version) is None
    assert not {B, FERRY} & texts_found(collection, "mill burnt ferry runs twice a day")
    three_stores_agree(collection)


def test_a_document_that_comes_back_is_current_again_with_its_id(collection: Collection, docs: Path) -> None:
    index(collection, [docs])
    old = named(collection, "b.txt")
    (docs / "b.txt").unlink()
    index(collection, [docs])
    write(docs, {"b.txt": B})
    assert counts(index(collection, [docs])) == {"added": 1, "unchanged": 2}
    assert named(collection, "b.txt") == old
    assert collection.catalogue.standing(old.id, old.version) == "current"
    assert B in texts_found(collection, "mill burnt")


def test_a_text_that_is_put_back_is_current_and_what_came_between_is_superseded(
    collection: Collection, docs: Path
) -> None:
    index(collection, [docs])
    old = named(collection, "b.txt")
    for text in (FERRY, B):
        write(docs, {"b.txt": text})
        assert counts(index(collection, [docs])) == {"changed": 1, "unchanged": 2}
    assert named(collection, "b.txt") == old
    standings = [collection.catalogue.standing(old.id, one) for one, _ in collection.catalogue.versions(old.id)]
    assert standings == ["current", "superseded", "current"]


@pytest.mark.parametrize("target", ["z.txt", "sub/deep/b.txt", "a0.txt"])
def test_a_renamed_or_moved_file_keeps_id_and_version_and_nothing_is_embedded(
    collection: Collection, docs: Path, target: str
) -> None:
    index(collection, [docs])
    old, embedded, ids = named(collection, "b.txt"), asked(collection), collection.words.ids()
    (docs / target).parent.mkdir(parents=True, exist_ok=True)
    (docs / "b.txt").rename(docs / target)
    assert counts(index(collection, [docs])) == {"moved": 1, "unchanged": 2}
    new = named(collection, target)
    assert (new.id, new.version, new.text) == (old.id, old.version, old.text)
    assert (asked(collection), collection.words.ids()) == (embedded, ids)
    assert collection.catalogue.find_document("b.txt") is None
    three_stores_agree(collection)
    assert counts(index(collection, [docs])) == {"unchanged": 3}
    (docs / target).rename(docs / "b.txt")
    assert counts(index(collection, [docs])) == {"moved": 1, "unchanged": 2}
    assert (named(collection, "b.txt"), asked(collection)) == (old, embedded)


def test_two_files_of_one_text_are_followed_both(collection: Collection, tmp_path: Path) -> None:
    docs = write(tmp_path / "docs", {"a.txt": A, "one.txt": B, "two.txt": B})
    index(collection, [docs])
    ids = {id_of(collection, name) for name in ("one.txt", "two.txt")}
    (docs / "one.txt").rename(docs / "x.txt")
    (docs / "two.txt").rename(docs / "y.txt")
    assert counts(index(collection, [docs])) == {"moved": 2, "unchanged": 1}
    assert {id_of(collection, name) for name in ("x.txt", "y.txt")} == ids
    (docs / "x.txt").unlink()
    (docs / "y.txt").unlink()
    assert counts(index(collection, [docs])) == {"removed": 2, "unchanged": 1}
    assert names(collection) == ["a.txt"]


def test_a_file_moves_to_where_another_lay_and_both_can_be_opened(collection: Collection, docs: Path) -> None:
    index(collection, [docs])
    mill, bridge, embedded = named(collection, "b.txt"), named(collection, "a.md"), asked(collection)
    for _ in range(2):  # and again: what gave way once gives way for good
        (docs / "a.md").unlink()
        index(collection, [docs])
        (docs / "b.txt").rename(docs / "a.md")
        assert counts(index(collection, [docs]))["unchanged"] == 1
        (docs / "a.md").unlink()
        write(docs, {"b.txt": B, "a.md": A})
        index(collection, [docs])
    assert {entry.version for entry in collection.catalogue.entries()} >= {mill.version, bridge.version}
    for document in (mill, bridge):
        found = collection.document(document.id, document.version)
        assert found is not None and found.text == document.text
    assert asked(collection) >= embedded
    three_stores_agree(collection)


def test_a_file_that_is_renamed_and_another_put_in_its_place_are_two(collection: Collection, docs: Path) -> None:
    index(collection, [docs])
    (docs / "b.txt").rename(docs / "z.txt")
    index(collection, [docs])
    write(docs, {"b.txt": FERRY})
    assert counts(index(collection, [docs])) == {"added": 1, "unchanged": 3}
    assert id_of(collection, "b.txt") != id_of(collection, "z.txt")


def test_a_new_file_never_takes_the_id_of_one_that_is_gone_elsewhere(collection: Collection, tmp_path: Path) -> None:
    one = write(tmp_path / "one", {"a.md": A, "b.md": B})
    two = write(tmp_path / "two", {"x.md": C})
    index(collection, [one])
    index(collection, [two])
    gone = named(collection, "a.md")
    (one / "a.md").unlink()
    index(collection, [one])
    write(two, {"a.md": FERRY})
    index(collection, [two])
    assert id_of(collection, "a.md") != gone.id
    assert collection.catalogue.standing(gone.id, gone.version) == "removed"


def test_a_renamed_folder_is_followed_without_asking(collection: Collection, tmp_path: Path) -> None:
    docs = write(tmp_path / "docs", {f"old/{n}.txt": f"Document number {n} is short. {B}" for n in range(20)})
    write(docs, {"other.txt": C})
    index(collection, [docs])
    ids, embedded = {entry.id for entry in collection.catalogue.entries()}, asked(collection)
    (docs / "old").rename(docs / "new")
    assert counts(index(collection, [docs])) == {"moved": 20, "unchanged": 1}
    assert {entry.id for entry in collection.catalogue.entries()} == ids
    assert asked(collection) == embedded
    three_stores_agree(collection)


def test_what_is_gone_is_kept_when_that_is_asked_for(collection: Collection, docs: Path) -> None:
    index(collection, [docs])
    (docs / "b.txt").unlink()
    assert counts(index(collection, [docs], options=Options(keep_missing=True))) == {"unchanged": 2}
    assert B in texts_found(collection, "mill burnt")
    assert counts(index(collection, [docs])) == {"removed": 1, "unchanged": 2}


def test_most_of_a_folder_is_kept_or_removed_as_asked(collection: Collection, tmp_path: Path) -> None:
    docs = write(tmp_path / "docs", {f"{n}.txt": f"Document number {n} is short." for n in range(12)})
    index(collection, [docs])
    for n in range(11):
        (docs / f"{n}.txt").unlink()
    with pytest.raises(OnrecordError, match=r"11 of the 12 .* --prune .*--keep-missing"):
        index(collection, [docs])
    assert counts(index(collection, [docs], options=Options(keep_missing=True))) == {"unchanged": 1}
    assert len(names(collection)) == 12
    assert counts(index(collection, [docs], options=Options(prune=True))) == {"removed": 11, "unchanged": 1}


TABLE = "file,title,source,author,date,url\n"


def test_a_metadata_table_says_what_files_are_by_path_and_by_bare_name(collection: Collection, docs: Path) -> None:
    table = write(
        docs.parent,
        {
            "table.csv": f"{TABLE}b.txt,The mill,The Echo,A. Writer,5 March 2024,http://x.example/1\n"
            "c.txt,,The Post,,2024-06-01,\nsub/d.txt,By path,,,,\nd.txt,By name,,,,\n"
        },
    )
    write(docs, {"sub/d.txt": "A tunnel is planned here. It is long."})
    index(collection, [docs], options=Options(metadata=table / "table.csv"))
    about = {entry.name: entry.metadata for entry in collection.catalogue.entries()}
    mill = about["b.txt"]
    assert (mill.title, mill.source, mill.author, mill.date) == ("The mill", "The Echo", "A. Writer", "2024-03-05")
    assert mill.url == "http://x.example/1"
    assert (about["sub/c.txt"].source, about["sub/c.txt"].date) == ("The Post", "2024-06-01")
    assert about["sub/c.txt"].title == "Elections were held in June.", "what the table leaves open is as before"
    assert about["sub/d.txt"].title == "By path"
    assert about["a.md"].source == ""
    assert collection.catalogue.facts(id_of(collection, "b.txt")).date_found == "metadata table"


def test_a_metadata_table_is_remembered_and_its_change_touches_what_it_names(
    collection: Collection, docs: Path
) -> None:
    table = write(docs.parent, {"table.csv": f"{TABLE}b.txt,The mill,,,,\n"}) / "table.csv"
    index(collection, [docs], options=Options(metadata=table))
    embedded = asked(collection)
    assert counts(index(collection, [docs])) == {"unchanged": 3}
    assert named(collection, "b.txt").metadata.title == "The mill"
    write(table.parent, {"table.csv": f"{TABLE}b.txt,The burnt mill,The Echo,,,\n"})
    assert counts(index(collection, [docs])) == {"changed": 1, "unchanged": 2}
    assert asked(collection) == embedded + 3, "one chunk, two sentences"
    assert named(collection, "b.txt").metadata.source == "The Echo"
    assert len(collection.by_words("burnt mill", 5)) == 1
    table.unlink()
    before = state(collection)
    with pytest.raises(OnrecordError, match=r"the metadata table .*table\.csv cannot be read"):
        index(collection, [docs])
    assert state(collection) == before


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (b"name,title\na,b\n", "has no column `file`; it has name, title"),
        (b"", "it has none"),
        (b"\0\1\2", "binary data"),
    ],
)
def test_a_metadata_table_that_cannot_be_used_is_refused_before_anything_changes(
    collection: Collection, docs: Path, table: bytes, said: str
) -> None:
    path = write(docs.parent, {"table.csv": table}) / "table.csv"
    with pytest.raises(OnrecordError, match=said):
        index(collection, [docs], options=Options(metadata=path))
    assert names(collection) == []
    assert counts(index(collection, [docs])) == {"added": 3}, "nor is it remembered"


def test_a_metadata_table_inside_the_folder_is_no_document_of_it(
    collection: Collection, docs: Path, tmp_path: Path, opened: Opener
) -> None:
    table = write(docs, {"table.csv": f"{TABLE}b.txt,The mill,,,,\n"}) / "table.csv"
    assert counts(index(collection, [docs], options=Options(metadata=table))) == {"added": 3}
    assert collection.catalogue.problems() == []
