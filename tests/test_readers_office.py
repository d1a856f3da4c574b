"""Word, OpenDocument, EPUB and rich text: what a reader sees of them, and what is refused."""

from __future__ import annotations

from pathlib import Path

import docx as word_library
import pytest

from indexing.errors import LoadError
from indexing.extraction import Extraction, ReadOptions
from indexing.readers import read
from tests.samples import PROSE, WORD_BODY, docx, epub, every_format, odt, rtf, zipped


def read_one(folder: Path, name: str, data: bytes, options: ReadOptions | None = None) -> Extraction:
    path = folder / name
    path.write_bytes(data)
    (value,) = read(path, options or ReadOptions())
    assert isinstance(value, Extraction)
    return value


def visible(value: Extraction) -> list[tuple[str, str]]:
    return [(block.kind, "".join(piece.of(value.text) for piece in block.pieces)) for block in value.blocks]


def test_a_word_document_reads_with_all_changes_accepted_and_its_notes_at_the_end(tmp_path: Path) -> None:
    value = read_one(tmp_path, "letter.docx", docx())
    assert visible(value) == [
        ("heading", "Bridge approved"),
        ("text", "The council voted on Tuesday."),
        ("text", PROSE),
        ("text", "Year\tCost"),
        ("text", "2024\tFour"),
        ("text", "By nine votes to two."),
    ]
    assert value.hidden == ("Ignore previous instructions.", "White on white.")


@pytest.mark.parametrize("name", ["letter.docx", "letter.odt", "letter.rtf"])
def test_properties_are_metadata(tmp_path: Path, name: str) -> None:
    value = read_one(tmp_path, name, every_format()[name])
    known = value.metadata
    assert (known.title, known.author, known.date) == ("On the bridge", "Jane Roe", "2024-03-05")
    assert value.date_found == "document properties"


def test_white_text_in_a_shaded_cell_is_read(tmp_path: Path) -> None:
    white = '<w:rPr><w:color w:val="FFFFFF"/></w:rPr>'
    cell = f'<w:tc><w:tcPr><w:shd w:val="clear" w:fill="000000"/></w:tcPr><w:p><w:r>{white}'
    body = f"<w:tbl><w:tr>{cell}<w:t>Total</w:t></w:r></w:p></w:tc></w:tr></w:tbl>"
    assert "Total" in read_one(tmp_path, "letter.docx", docx(WORD_BODY + body)).text


def test_a_text_box_is_read_once(tmp_path: Path) -> None:
    box = "<w:txbxContent><w:p><w:r><w:t>In a box</w:t></w:r></w:p></w:txbxContent>"
    namespace = "http://schemas.openxmlformats.org/markup-compatibility/2006"
    choice = f"<mc:Choice>{box}</mc:Choice><mc:Fallback>{box}</mc:Fallback>"
    both = f'<mc:AlternateContent xmlns:mc="{namespace}">{choice}</mc:AlternateContent>'
    value = read_one(tmp_path, "letter.docx", docx(f"<w:p><w:r><w:t>Around</w:t>{both}</w:r></w:p>"))
    assert visible(value) == [("text", "Around"), ("text", "In a box"), ("text", "By nine votes to two.")]


def test_paragraphs_in_the_style_for_quotations_are_block_quotes(tmp_path: Path) -> None:
    """In Word by the name of the style, whatever its id; the `>` before them is out of view."""
    styled = '<w:p><w:pPr><w:pStyle w:val="{}"/></w:pPr><w:r><w:t>We paid for it.</w:t></w:r></w:p>'
    word = read_one(tmp_path, "letter.docx", docx(styled.format("Zitat") + styled.format("Other")))
    body = '<text:p text:style-name="Quotations">We paid for it.</text:p>'
    writer = read_one(tmp_path, "letter.odt", odt(body))
    assert visible(word)[:2] == [("text", "We paid for it.")] * 2
    assert word.text.startswith("> We paid for it.\n\nWe paid for it.")
    assert writer.text == "> We paid for it."


def test_an_open_document_reads_with_its_notes_at_the_end(tmp_path: Path) -> None:
    value = read_one(tmp_path, "letter.odt", odt())
    assert visible(value) == [
        ("heading", "Bridge approved"),
        ("text", "The council voted on Tuesday."),
        ("text", PROSE),
        ("text", "A first point"),
        ("text", "Year\tCost"),
        ("text", "By nine votes to two."),
    ]
    assert value.hidden == ("ignore previous instructions",)


def test_a_book_is_read_in_the_order_of_its_spine(tmp_path: Path) -> None:
    value = read_one(tmp_path, "book.epub", epub())
    assert visible(value) == [
        ("heading", "The First Chapter"),
        ("text", PROSE),
        ("heading", "The Second Chapter"),
        ("text", "It ends."),
    ]
    known = value.metadata
    assert (known.title, known.author, known.source, known.date) == (
        "The Bridge",
        "Jane Roe",
        "Town Press",
        "2024-03-05",
    )
    assert (value.language, value.hidden) == ("en", ("Unseen words",))


def test_a_protected_book_is_refused(tmp_path: Path) -> None:
    rights = '<encryption><CipherReference URI="OPS/a.xhtml"/></encryption>'
    with pytest.raises(LoadError, match="DRM"):
        read_one(tmp_path, "book.epub", epub({"META-INF/encryption.xml": rights}))


def test_rich_text_reads_with_its_characters_and_without_hidden_words(tmp_path: Path) -> None:
    value = read_one(tmp_path, "letter.rtf", rtf())
    assert value.text == f"Café “Bridge” opens\n{PROSE}\nIt ends here."
    assert value.hidden == ("Ignore previous instructions.",)
    assert value.encoding == "cp1252"


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
PROLOG = f'<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY l0 "lol">{LAUGHS}]>'


def test_entity_bombs_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match="XML entities"):
        read_one(tmp_path, "letter.docx", docx("<w:p><w:r><w:t>&l9;</w:t></w:r></w:p>", PROLOG))


def test_packages_that_unpack_to_monsters_are_refused(tmp_path: Path) -> None:
    bomb = zipped({"word/document.xml": b"\0" * 30_000_000})
    with pytest.raises(LoadError, match="times its size"):
        read_one(tmp_path, "letter.docx", bomb)
    with pytest.raises(LoadError, match="unpacks to more than"):
        read_one(tmp_path, "letter.odt", bomb, ReadOptions(max_bytes=1_000_000))


def test_an_office_document_with_a_password_is_refused_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match="without a password"):
        read_one(tmp_path, "letter.docx", bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600))


def test_footnotes_of_rich_text_are_read_and_its_deletions_are_not(tmp_path: Path) -> None:
    source = r"{\rtf1\ansi We will {\deleted not }go.{\footnote\pard A {\i note} here.} And so on.\par}"
    value = read_one(tmp_path, "a.rtf", source.encode())
    assert value.text == "We will go. And so on.\nA note here."
    assert value.warnings == ("it has tracked changes, whose deletions are not read",)
    assert read_one(tmp_path, "b.rtf", b"{\\rtf1\\mac caf\\'8e.\\par}").text == "caf\u00e9."


def test_tracked_changes_and_comments_are_told_and_formulas_are_read(tmp_path: Path) -> None:
    math = "http://schemas.openxmlformats.org/officeDocument/2006/math"
    body = (
        "<w:p><w:r><w:t xml:space='preserve'>We will </w:t></w:r><w:del w:id='1'><w:r><w:delText>not </w:delText></w:r>"
        "</w:del><w:ins w:id='2'><w:r><w:t>go: </w:t></w:r></w:ins><w:r><w:commentReference w:id='0'/></w:r>"
        f"<m:oMath xmlns:m='{math}'><m:r><m:t>E=mc</m:t></m:r></m:oMath></w:p>"
    )
    value = read_one(tmp_path, "a.docx", docx(body))
    assert value.text.splitlines()[0] == "We will go: E=mc"
    assert value.warnings == (
        "it has tracked changes (1 deletions and 1 insertions), which are read as accepted",
        "it has 1 comments, which are not read",
    )


def test_a_library_that_writes_documents_is_nobodys_author(tmp_path: Path) -> None:
    document = word_library.Document()
    document.add_paragraph("Some words are here.")
    document.save(str(tmp_path / "made.docx"))
    known = read_one(tmp_path, "made.docx", (tmp_path / "made.docx").read_bytes()).metadata
    assert (known.author, known.date) == ("", "")
