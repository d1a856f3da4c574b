"""What holds for every format: the text never changes, every piece is a slice of it, and pages partition it."""

from __future__ import annotations

import pickle
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexing.errors import LoadError, UnreadableError
from indexing.extraction import Extraction, Read, ReadOptions, TextBuilder, Unread, tidy
from indexing.readers import FORMATS, read
from indexing.readers.dates import iso_date
from indexing.readers.paragraphs import Line, paragraphs, running_lines, vocabulary, write_pages
from tests.samples import PROSE, every_format, jsonl_rows, pdf, shown

FILES = every_format()


def read_bytes(folder: Path, name: str, data: bytes, options: ReadOptions | None = None) -> list[Read]:
    path = folder / name
    path.write_bytes(data)
    return list(read(path, options or ReadOptions()))


def assert_laws(value: Extraction) -> None:
    text = value.text
    pieces = [piece for block in value.blocks for piece in block.pieces]
    assert pieces
    assert all(block.pieces for block in value.blocks)
    assert all(piece.of(text) for piece in pieces)  # a span past the text raises
    assert all(a.end <= b.start for a, b in pairwise(pieces)), "blocks are ordered and disjoint"
    text.encode("utf-8")  # no lone surrogates: the text is hashed and stored as UTF-8
    if value.pages:
        assert value.pages[0].span.start == 0
        assert value.pages[-1].span.end == len(text)
        assert all(a.span.end == b.span.start for a, b in pairwise(value.pages))
    assert all(len(excerpt) <= 200 for excerpt in value.hidden)
    assert "\n" not in value.metadata.title + value.metadata.author
    assert value.metadata.title
    assert pickle.loads(pickle.dumps(value)) == value


@pytest.mark.parametrize("name", FILES)
def test_every_format_keeps_the_laws_and_reads_the_same_twice(tmp_path: Path, name: str) -> None:
    values = read_bytes(tmp_path, name, FILES[name])
    documents = [value for value in values if isinstance(value, Extraction)]
    assert documents
    for document in documents:
        assert_laws(document)
    again = [value for value in read(tmp_path / name, ReadOptions()) if isinstance(value, Extraction)]
    assert again == documents


def test_there_is_a_sample_of_every_format() -> None:
    assert {Path(name).suffix for name in FILES} == set(FORMATS) - {".markdown"}


@pytest.mark.parametrize("name", FILES)
def test_a_text_over_the_limit_is_refused_with_the_remedy(tmp_path: Path, name: str) -> None:
    options = ReadOptions(max_bytes=100)
    try:
        values = read_bytes(tmp_path, name, FILES[name], options)
    except LoadError as error:
        values = [Unread("", error)]
    long = [value for value in values if isinstance(value, Extraction) and len(value.text) > 100]
    refused = [value.error for value in values if isinstance(value, Unread)]
    assert not long
    assert refused
    assert any("raise max_document_mb" in error.remedy or "quotation marks" in error.remedy for error in refused)


@pytest.mark.parametrize("suffix", sorted(FORMATS))
@pytest.mark.parametrize("data", [b"", b"   \n", b"\0\1\2\3 not what it says", PROSE.encode()[:20]])
def test_a_file_that_is_not_what_it_says_is_refused_with_a_reason(tmp_path: Path, suffix: str, data: bytes) -> None:
    try:
        values = read_bytes(tmp_path, f"file{suffix}", data)
    except LoadError as error:
        values = [Unread("", error)]
    assert values
    for value in values:
        if isinstance(value, Extraction):
            assert_laws(value)
        elif isinstance(value, Unread):
            assert value.error.reason
            assert value.error.remedy


def test_what_is_missing_or_of_an_unknown_format_is_a_load_error(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="cannot be read"):
        list(read(tmp_path / "gone.pdf", ReadOptions(ocr=False)))
    with pytest.raises(LoadError, match=r"\.xyz is not a format") as caught:
        list(read(tmp_path / "file.xyz", ReadOptions()))
    assert caught.value.skipped


def test_an_unread_member_survives_pickling(tmp_path: Path) -> None:
    unread = next(value for value in read_bytes(tmp_path, "a.jsonl", jsonl_rows()) if isinstance(value, Unread))
    copy = pickle.loads(pickle.dumps(unread))
    assert (copy.member, copy.error.reason, copy.error.remedy, copy.error.skipped) == (
        unread.member,
        unread.error.reason,
        unread.error.remedy,
        unread.error.skipped,
    )


@given(st.lists(st.text(max_size=30), max_size=8))
def test_a_built_text_is_its_blocks_and_the_gaps_between_them(texts: list[str]) -> None:
    builder = TextBuilder(ReadOptions())
    spans = [builder.add(text) for text in texts]
    kept = [text for text, span in zip(texts, spans, strict=True) if span is not None]
    if kept:
        assert builder.build()[0] == "\n\n".join(map(tidy, kept))


LINES = st.builds(
    Line,
    st.text(alphabet="ab c-.A1", min_size=1, max_size=12).filter(str.strip),
    st.floats(0, 300),
    st.floats(300, 600),
    st.floats(0, 800),
    st.floats(5, 20),
    st.booleans(),
)


@given(st.lists(st.lists(LINES, max_size=6), max_size=5))
def test_lines_joined_over_pages_keep_every_letter_and_the_partition(pages: list[list[Line]]) -> None:
    running, words = running_lines(pages), vocabulary(pages)
    builder = TextBuilder(ReadOptions())
    builder.add("x")  # so that there always is a text
    starts = write_pages([paragraphs(lines, running, words, 10.0) for lines in pages], builder)
    assert starts == sorted(starts)
    letters = "".join(line.text for lines in pages for line in lines)
    text = "x" if builder.length == 1 else builder.build()[0]
    assert [c for c in text[1:] if c.isalnum()] == [c for c in letters if c.isalnum()]


@pytest.mark.parametrize(
    ("written", "iso"),
    [
        ("2024-03-05T12:00:00Z", "2024-03-05"),
        ("D:20240305120000+01'00'", "2024-03-05"),
        ("March 5, 2024", "2024-03-05"),
        ("Tuesday, 5 March 2024", "2024-03-05"),
        ("13/04/2024", "2024-04-13"),
        ("March 2024", "2024-03"),
        ("Dienstag, 5. M\u00e4rz 2024", "2024-03-05"),
        ("5.3.2024", "2024-03-05"),
        ("1er ao\u00fbt 2023", "2023-08-01"),
        ("5 de mayo de 2024", "2024-05-05"),
        ("d\u00e9cembre 2024", "2024-12"),
        ("Mar. 5th, 2024 at 10 pm", "2024-03-05"),
        ("2024", "2024"),
        (1709640000, "2024-03-05"),
        ("03/04/2024", ""),
        ("2024-02-31", ""),
        ("yesterday", ""),
        (None, ""),
    ],
)
def test_dates_become_iso_and_what_is_ambiguous_stays_empty(written: object, iso: str) -> None:
    assert iso_date(written) == iso


def test_a_page_without_words_is_an_empty_span(tmp_path: Path) -> None:
    value = read_bytes(tmp_path, "a.pdf", pdf([shown([PROSE[:70]]), "", shown([PROSE[:70]])]))[0]
    assert isinstance(value, Extraction)
    assert_laws(value)
    assert [page.label for page in value.pages] == ["1", "2", "3"]
    assert not value.pages[1].span.of(value.text).strip()
