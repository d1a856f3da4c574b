"""From files to texts: every encoding, every broken file, and what a document says of itself."""

from __future__ import annotations

import codecs
import os
from itertools import pairwise
from pathlib import Path

import pytest

from indexing.documents import Metadata
from indexing.errors import LoadError, UnreadableError
from indexing.extraction import Extraction, ReadOptions
from indexing.files import fingerprint_of, survey, visible_files
from indexing.load import load
from indexing.readers import read as read_file
from tests.texts import SEEDS

MEGABYTE = 1_000_000
LEGACY = (
    "Der Bürgermeister überreichte am Mittwoch schließlich die Schlüssel für das neue Gebäude. "
    "Später äußerten sich mehrere Räte über die Höhe der Kosten, die größer ausfielen als geplant. "
)


def read(path: Path, max_bytes: int = MEGABYTE) -> Extraction:
    """As a run does: look at the file, then read it."""
    options = ReadOptions(max_bytes=max_bytes)
    fingerprint_of(path, options, {})
    (extraction,) = read_file(path, options)
    assert isinstance(extraction, Extraction)
    return extraction


@pytest.mark.parametrize(
    "data", [b"", b" \n\t\r\n", "\u00a0\u2003\n".encode(), codecs.BOM_UTF8, b"---\ntitle: x\n---\n", b"<!-- only -->"]
)
def test_a_file_without_text_is_skipped(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.md"
    path.write_bytes(data)
    with pytest.raises(LoadError, match=r"it is empty|it holds no text") as caught:
        read(path)
    assert caught.value.skipped
    assert not isinstance(caught.value, UnreadableError), "so that what it held before leaves the index"


def test_a_file_over_the_limit_is_skipped_with_both_sizes(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"x" * 1_500_001)
    with pytest.raises(
        LoadError, match=r"1\.5 MB, over the limit of 1 MB; split it, or raise max_document_mb"
    ) as caught:
        read(path)
    assert caught.value.skipped
    assert len(read(path, 1_500_001).text) == 1_500_001


def test_an_ending_that_is_not_known_is_skipped_without_reading(tmp_path: Path) -> None:
    for name, said in [("a.xyz", r"\.xyz is not a format"), ("README", "a file without ending is not a format")]:
        with pytest.raises(LoadError, match=said) as caught:
            read(tmp_path / name)
        assert caught.value.skipped
        assert {".docx", ".markdown", ".md", ".pdf", ".txt"} <= set(caught.value.remedy.split())


@pytest.mark.parametrize("name", ["a.txt", "A.TXT", "b.md", "c.Markdown"])
def test_endings_are_known_in_any_case(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text("Some text.", encoding="utf-8")
    assert read(path).text == "Some text."


def test_what_cannot_be_read_keeps_what_was_indexed_from_it(tmp_path: Path) -> None:
    broken = tmp_path / "broken.txt"
    broken.symlink_to(tmp_path / "nowhere.txt")
    loop = tmp_path / "loop.txt"
    loop.symlink_to(loop)
    for path in (broken, loop, tmp_path / "missing.txt"):
        with pytest.raises(UnreadableError, match="cannot be read") as caught:
            read(path)
        assert not caught.value.skipped


@pytest.mark.timeout(10)
def test_a_folder_or_a_pipe_that_is_named_like_a_text_is_skipped_and_does_not_block(tmp_path: Path) -> None:
    folder, pipe = tmp_path / "folder.txt", tmp_path / "pipe.txt"
    folder.mkdir()
    os.mkfifo(pipe)
    for path in (folder, pipe):
        with pytest.raises(LoadError, match="not a regular file") as caught:
            read(path)
        assert caught.value.skipped


def test_files_are_found_in_a_steady_order_hidden_ones_and_links_to_folders_left_out(tmp_path: Path) -> None:
    for name in ("b.txt", "a/z.md", "a/b/c.txt", ".hidden.txt", ".git/config.txt", "a/.x/y.txt"):
        path = tmp_path / "root" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x", encoding="utf-8")
    root = tmp_path / "root"
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "secret.txt").write_text("x", encoding="utf-8")
    (root / "link").symlink_to(tmp_path / "elsewhere")
    (root / "around").symlink_to(root)
    (root / "file-link.txt").symlink_to(tmp_path / "elsewhere" / "secret.txt")
    found = [path.relative_to(root).as_posix() for path in visible_files(root)]
    assert found == ["b.txt", "file-link.txt", "a/z.md", "a/b/c.txt"]
    assert list(visible_files(root / "b.txt")) == [root / "b.txt"]


def test_an_unreadable_folder_is_noted_and_what_lies_in_it_does_not_count_as_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "closed").mkdir()
    (tmp_path / "open.txt").write_text("x", encoding="utf-8")
    scandir = os.scandir

    def refuse(path: str) -> object:  # the tests may run as root, who may read everything
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    found = survey([tmp_path], [])
    assert list(found.files) == [tmp_path / "open.txt"]
    assert [(path, error.reason) for path, error in found.unreadable.items()] == [
        (str(tmp_path / "closed"), "the folder cannot be read (Permission denied)")
    ]
    assert not found.lacks(str(tmp_path / "closed" / "deep" / "a.txt"))
    assert found.lacks(str(tmp_path / "other.txt"))
    assert not found.lacks("/elsewhere/a.txt")


def about(front: str, body: str = "Body text.") -> Metadata:
    return load(f"---\n{front}\n---\n{body}\n".encode(), Path("a-file.md")).metadata


def test_front_matter_says_what_a_document_is() -> None:
    given = about(
        "title: T\nsource: S\nauthor: [A, B]\ndate: 2025-02-24\nurl: http://x\nabout: >\n  two\n  lines\nother: 1"
    )
    assert given == Metadata("T", "S", "A, B", "2025-02-24", "http://x", "two lines")


def test_front_matter_says_it_under_the_names_that_others_use() -> None:
    assert about(
        "Headline: T\nPublication: S\nbyline: [A, A]\npublishDate: 4 March 2020\nlink: http://x\ndescription: d"
    ) == Metadata("T", "S", "A", "2020-03-04", "http://x", "d")
    clipped = about('source: "https://www.paper.example/x/y"\nauthor:\n  - "[[Ann Lee]]"\n  - name: Bo\n    mail: x')
    assert (clipped.source, clipped.url) == ("paper.example", "https://www.paper.example/x/y")
    assert clipped.author == "Ann Lee, Bo"
    assert about("title:\nheadline: T\nname: N").title == "T"


def test_plain_text_has_front_matter_too() -> None:
    text = "---\ntitle: T\ndate: 2020-03-04\n---\nA first line that is read.\n\nA second one.\n"
    loaded = load(text.encode(), Path("a.txt"))
    assert (loaded.metadata.title, loaded.metadata.date) == ("T", "2020-03-04")
    assert [block.pieces[0].of(text) for block in loaded.blocks] == ["A first line that is read.", "A second one."]


@pytest.mark.parametrize("suffix", [".md", ".txt"])
def test_what_was_read_leniently_is_told(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_text("---\ntitle: Trade: the round\ndate: 03/04/2020\n---\nBody text.\n", encoding="utf-8")
    extraction = read(path)
    assert extraction.metadata.title == "Trade: the round"
    assert extraction.warnings == (
        "its front matter is no valid YAML and was read line by line: title, date",
        "the date '03/04/2020' is not clear; write it as 2024-03-05",
    )


@pytest.mark.parametrize(
    ("written", "date"),
    [
        ("2025-02-24", "2025-02-24"),
        ("'2025-02-24'", "2025-02-24"),
        ("2025-02-24 10:30:00", "2025-02-24"),
        ("2025-02-24T10:30:00+02:00", "2025-02-24"),
        ("2025", "2025"),
        ("2025-2-4", "2025-02-04"),
        ("20250224", "2025-02-24"),
        ("February 24, 2025", "2025-02-24"),
        ("Mon, 24 Feb 2025 23:30:00 -0500", "2025-02-24"),
        ("February 2025", "2025-02"),
        ("03/04/2025", "03/04/2025"),
        ("2025-02-30", "2025-02-30"),
        ("~", ""),
        ("null", ""),
        ("{day: 3}", ""),
    ],
)
def test_dates_are_iso_where_they_were_dates(written: str, date: str) -> None:
    assert about(f"date: {written}").date == date


@pytest.mark.parametrize(
    ("title", "read_as"),
    [
        ("'two\n\n  lines'", "two lines"),
        ('"half \\ud800 a character"', "half ? a character"),
        ('"nul \\0 inside"', "nul inside"),
        ("0x" + "F" * 5000, "0x" + "F" * 998),
        ("&a [x, *a]", "&a [x, *a]"),
        ("[[[deeper]], [deep], x]", "deep, x"),
        ("No", "No"),
        ("007", "007"),
        ("12:30", "12:30"),
        ("y" * 3000, "y" * 1000),
    ],
)
def test_a_strange_title_is_made_harmless(title: str, read_as: str) -> None:
    metadata = about(f"title: {title}")
    assert metadata.title == read_as
    metadata.title.encode("utf-8")


@pytest.mark.timeout(10)
def test_front_matter_that_stands_for_billions_of_items_is_harmless() -> None:
    names = "abcdefghi"
    lines = [f"{names[0]}: &{names[0]} [lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    for before, name in pairwise(names):
        lines.append(f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]")
    loaded = about("\n".join(lines) + f"\ntitle: *{names[-1]}\nauthor: *a")
    assert loaded.title == "Body text."
    assert loaded.author == "lol"


@pytest.mark.parametrize(
    ("name", "text", "title"),
    [
        ("a.md", "# The bridge\n\nIt fell.", "The bridge"),
        ("a.md", "No heading here, only a sentence. And another.", "No heading here, only a sentence."),
        ("a.txt", "The bridge\n\n" + LEGACY, "The bridge"),
        (
            "a.txt",
            "A long opening " + "of many words " * 20,
            "A long opening of many words of many words of many words of many words of many…",
        ),
        ("a.txt", "漢" * 100, "漢" * 80 + "…"),
    ],
)
def test_a_title_is_found_in_the_text_where_none_is_given(name: str, text: str, title: str) -> None:
    assert load(text.encode(), Path(name)).metadata.title == title


def test_the_canonical_text_is_the_whole_file() -> None:
    for path in SEEDS.glob("*.md"):
        loaded = read(path)
        assert loaded.text == path.read_bytes().decode("utf-8")
        assert loaded.metadata.title and loaded.metadata.source and loaded.metadata.date
        for block in loaded.blocks:
            assert all(piece.of(loaded.text) for piece in block.pieces)
