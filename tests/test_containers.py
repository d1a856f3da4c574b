"""Files that hold many documents: tables and archives, of which one row or member changes, goes, or breaks."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from indexing.collection import Collection
from indexing.errors import LoadError
from indexing.extraction import Read, ReadOptions
from indexing.ingest import Options, index
from indexing.readers import read
from indexing.sandbox import Sandbox
from tests.folders import A, B, C, asked, counts, id_of, names, texts_found, write
from tests.state import three_stores_agree

FERRY = "The ferry runs twice a day."
TEXTS = {"one": B, "two": C, "three": "A tunnel is planned. It is long."}


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Read in this process, which saves starting one for each test; one test reads as a run does."""
    if "real_sandbox" not in request.fixturenames:
        monkeypatch.setattr(Sandbox, "read", lambda _self, path, options: read(path, options))


@pytest.fixture
def real_sandbox() -> None:
    """Asks for the process of its own."""


def write_csv(path: Path, texts: Mapping[str, str]) -> None:
    rows = [f'{key},"Title of {key}","{text}"' for key, text in texts.items()]
    path.write_text("\n".join(["id,title,text", *rows]) + "\n", encoding="utf-8")


def write_jsonl(path: Path, texts: Mapping[str, str]) -> None:
    rows = [json.dumps({"id": key, "title": f"Title of {key}", "text": text}) for key, text in texts.items()]
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")


def write_zip(path: Path, texts: Mapping[str, str]) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for key, text in texts.items():
            archive.writestr(f"{key}.txt", text)


WRITERS = {"csv": write_csv, "jsonl": write_jsonl, "zip": write_zip}


@pytest.mark.parametrize("kind", WRITERS)
def test_one_edited_document_of_a_container_is_embedded_again_and_no_other(
    collection: Collection, tmp_path: Path, kind: str
) -> None:
    path = write(tmp_path / "docs", {"a.md": A}) / f"all.{kind}"
    WRITERS[kind](path, TEXTS)
    assert counts(index(collection, [path.parent])) == {"added": 4}
    entries = {entry.name: entry for entry in collection.catalogue.entries()}
    assert len(entries) == 4 and {entry.path for entry in entries.values()} == {str(path), str(path.parent / "a.md")}
    assert counts(index(collection, [path.parent])) == {"unchanged": 4}
    embedded = asked(collection)
    WRITERS[kind](path, {**TEXTS, "two": FERRY})
    assert counts(index(collection, [path.parent])) == {"changed": 1, "unchanged": 3}
    assert asked(collection) == embedded + 2, "one chunk, one sentence"
    assert {entry.name: entry.id for entry in collection.catalogue.entries()} == {n: e.id for n, e in entries.items()}
    assert any(FERRY in text for text in texts_found(collection, "ferry"))
    assert not any("mayor" in text for text in texts_found(collection, "mayor elections"))
    WRITERS[kind](path, {"one": B, "three": TEXTS["three"]})
    assert counts(index(collection, [path.parent])) == {"removed": 1, "unchanged": 3}
    three_stores_agree(collection)
    path.rename(path.with_stem("renamed"))
    embedded = asked(collection)
    assert counts(index(collection, [path.parent])) == {"moved": 2, "unchanged": 1}
    assert asked(collection) == embedded
    path.with_stem("renamed").unlink()
    assert counts(index(collection, [path.parent])) == {"removed": 2, "unchanged": 1}
    three_stores_agree(collection)


def test_columns_are_mapped_and_the_mapping_is_remembered(collection: Collection, tmp_path: Path) -> None:
    docs = write(tmp_path / "docs", {"all.csv": f"Spitzmarke,Wortlaut,Tag\nThe mill,{B},2024-03-05\n"})
    report = index(collection, [docs])
    assert counts(report) == {"failed": 1} and "its columns: Spitzmarke, Wortlaut, Tag" in report.problems[0].reason
    columns = {"title": "Spitzmarke", "text": "Wortlaut", "date": "Tag"}
    assert counts(index(collection, [docs], options=Options(columns=columns))) == {"added": 1}
    (entry,) = collection.catalogue.entries()
    assert (entry.metadata.title, entry.metadata.date, entry.name) == ("The mill", "2024-03-05", "all.csv/row 1")
    write(docs, {"all.csv": f"Spitzmarke,Wortlaut,Tag\nThe mill,{C},2024-03-05\n"})
    assert counts(index(collection, [docs])) == {"changed": 1}
    swapped = {"title": "Wortlaut", "text": "Spitzmarke"}
    assert counts(index(collection, [docs], options=Options(columns=swapped))) == {"changed": 1}
    assert "The mill" in texts_found(collection, "mill")


def test_two_rows_of_one_id_are_one_document_and_a_problem(collection: Collection, tmp_path: Path) -> None:
    docs = write(tmp_path / "docs", {"all.csv": f"id,text\nx,{B}\nx,{C}\ny,{FERRY}\n"})
    report = index(collection, [docs])
    assert counts(report) == {"added": 2, "skipped": 1}
    assert names(collection) == ["all.csv/x", "all.csv/y"]
    assert report.problems[0].member == "x" and "has its name" in report.problems[0].reason
    three_stores_agree(collection)


def test_what_is_wrong_with_a_member_is_said_as_long_as_it_is_so(collection: Collection, tmp_path: Path) -> None:
    docs = write(tmp_path / "docs", {"a.md": A})
    write_zip(docs / "all.zip", {"one": B, "empty": ""})
    for expected in ({"added": 2, "skipped": 1}, {"unchanged": 2, "skipped": 1}):
        report = index(collection, [docs])
        assert counts(report) == expected
        assert [(problem.member, problem.kind) for problem in report.problems] == [("empty.txt", "skipped")]
        assert collection.catalogue.problems() == list(report.problems)
    write_zip(docs / "all.zip", {"one": B, "empty": FERRY})
    assert counts(index(collection, [docs])) == {"added": 1, "unchanged": 2}
    assert collection.catalogue.problems() == []


def test_a_member_over_the_limit_goes_in_when_the_limit_is_raised(collection: Collection, tmp_path: Path) -> None:
    docs = write(tmp_path / "docs", {"a.md": A})
    write_zip(docs / "all.zip", {"one": B, "long": "Many words. " * 200})
    small, large = Options(max_bytes=2000), Options(max_bytes=20_000)
    assert counts(index(collection, [docs], options=small)) == {"added": 2, "skipped": 1}
    assert counts(index(collection, [docs], options=small)) == {"unchanged": 2, "skipped": 1}
    assert counts(index(collection, [docs], options=large)) == {"added": 1, "unchanged": 2}


def test_a_container_whose_reading_breaks_half_way_shows_what_was_read_and_is_read_again(
    collection: Collection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docs = write(tmp_path / "docs", {"a.md": A})
    write_csv(docs / "all.csv", TEXTS)
    index(collection, [docs])
    ids = {name: id_of(collection, name) for name in names(collection)}
    write_csv(docs / "all.csv", {**TEXTS, "one": FERRY, "three": "Changed as well. It is read no more."})

    def breaks(_self: Sandbox, path: Path, options: ReadOptions) -> Iterator[Read]:
        parts = read(path, options)
        yield next(parts)
        yield next(parts)
        raise LoadError("the program that reads this format crashed on it", "save it again")

    with monkeypatch.context() as patch:
        patch.setattr(Sandbox, "read", breaks)
        report = index(collection, [docs])
    assert counts(report) == {"changed": 1, "removed": 1, "unchanged": 2, "failed": 1}
    assert TEXTS["three"] not in " ".join(texts_found(collection, "tunnel planned")), "it may not be there any more"
    three_stores_agree(collection)
    assert counts(index(collection, [docs])) == {"added": 1, "unchanged": 3}
    assert {name: id_of(collection, name) for name in names(collection)} == ids
    assert collection.catalogue.problems() == []


def test_a_file_that_was_read_in_part_and_then_put_back_is_read_again(
    collection: Collection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docs = write(tmp_path / "docs", {"a.md": A})
    write_csv(docs / "all.csv", TEXTS)
    index(collection, [docs])
    write_csv(docs / "all.csv", {**TEXTS, "one": FERRY})

    def killed(_self: Sandbox, path: Path, options: ReadOptions) -> Iterator[Read]:
        yield next(read(path, options))
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("indexing.ingest.BATCH", 1)
        patch.setattr(Sandbox, "read", killed)
        with pytest.raises(KeyboardInterrupt):
            index(collection, [docs])
    assert any(FERRY in text for text in texts_found(collection, "ferry"))
    write_csv(docs / "all.csv", TEXTS)
    assert counts(index(collection, [docs])) == {"changed": 1, "unchanged": 3}
    assert not any(FERRY in text for text in texts_found(collection, "ferry"))


def test_containers_are_read_in_a_process_of_their_own(
    collection: Collection, tmp_path: Path, real_sandbox: None
) -> None:
    docs = write(tmp_path / "docs", {"a.md": A})
    for kind, writer in WRITERS.items():
        writer(docs / f"all.{kind}", TEXTS)
    assert counts(index(collection, [docs])) == {"added": 10}
    three_stores_agree(collection)


def test_what_lies_in_a_folder_that_cannot_be_read_is_kept(
    collection: Collection, docs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its permissions are withdrawn by a stand-in for os.scandir, because tests that run as root may read anything."""
    index(collection, [docs])
    scandir = os.scandir

    def refuse(path: str) -> object:
        if str(path).endswith("sub"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", refuse)
        report = index(collection, [docs], options=Options(prune=True))
    assert counts(report) == {"unchanged": 2, "failed": 1}
    assert report.problems[0].path == str(docs / "sub") and "cannot be read" in report.problems[0].reason
    assert C in texts_found(collection, "elections mayor")
    assert counts(index(collection, [docs])) == {"unchanged": 3}
    assert collection.catalogue.problems() == []
