"""From bytes to text: every encoding that a newsroom has kept files in, and damage that does not spoil the rest."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexing.decoding import decode, decode_as
from indexing.errors import LoadError
from indexing.load import load

TEXT = "Ünïcode — “words”\r\nand\rmore.\n漢字 \U0001f600"
LEGACY = (
    "Der Bürgermeister überreichte am Mittwoch schließlich die Schlüssel für das neue Gebäude. "
    "Später äußerten sich mehrere Räte über die Höhe der Kosten, die größer ausfielen als geplant. "
)


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufeff")))
def test_utf_8_is_decoded_as_it_is_newlines_untouched(text: str) -> None:
    assert decode(text.encode()) == (text, "utf-8", "")


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
    ],
)
def test_a_byte_order_mark_names_the_encoding_and_is_dropped(mark: bytes, encoding: str) -> None:
    assert decode(mark + TEXT.encode(encoding)) == (TEXT, encoding, "")


@pytest.mark.parametrize("mark", [codecs.BOM_UTF16_LE, codecs.BOM_UTF32_LE])
def test_a_byte_order_mark_that_lies_is_a_message(mark: bytes) -> None:
    with pytest.raises(LoadError, match="save it as UTF-8"):
        decode(mark + b"\xd8\xff\xd8")


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252"])
def test_western_texts_of_before_unicode_are_read(encoding: str) -> None:
    text = (LEGACY + ("„So war es nicht“, sagte er – leise. " if encoding == "cp1252" else "")) * 3
    assert decode(text.encode(encoding))[0] == text


@pytest.mark.parametrize("data", [b"PK\x03\x04\0\0\0", b"text\0with a nul", bytes(range(256))])
def test_binary_data_is_refused(data: bytes) -> None:
    with pytest.raises(LoadError, match="binary"):
        decode(data)


@given(st.binary(max_size=300))
def test_any_bytes_are_text_or_a_load_error(data: bytes) -> None:
    try:
        text, encoding, _ = decode(data)
    except LoadError:
        return
    text.encode("utf-8")  # storable: no half characters
    assert encoding


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1252", "Le conseil a rejeté le projet. Où est passé l’argent ?"),
        ("cp1252", "Der Rat sagte nein: „Das war’s“ – und ging über die Straße."),
        ("cp1252", "He’s naïve, she said, and paid £40 — or €50 — for it."),
        ("cp1252", "Men sen gick hon över ån på Åland."),
        ("cp1252", "A comissão não votará até março."),
        ("cp1250", "Rada odrzuciła wniosek, bo zabrakło pieniędzy; świadek milczał."),
        ("iso8859_2", "Zastupitelstvo zamítlo návrh, protože došly peníze."),
        ("cp1254", "Meclis öneriyi geri çevirdi, çünkü para yoktu; şahit sustu, ışık söndü."),
        ("cp1251", "Совет отклонил предложение, потому что не было денег."),
        ("koi8-r", "Совет отклонил предложение, потому что не было денег."),
        ("cp866", "Совет отклонил предложение, потому что не было денег."),
        ("cp1253", "Το συμβούλιο απέρριψε την πρόταση, γιατί δεν υπήρχαν χρήματα."),
        ("cp932", "議会は予算がないため提案を否決した。"),
        ("gb18030", "议会因为没有钱否决了这项提案。"),
        ("euc_kr", "의회는 돈이 없어서 그 제안을 부결했다."),
        ("mac_roman", "Le conseil a rejeté le projet, et l’élu n’a pas répondu."),
        ("cp850", "Der Rat lehnte die Vorschläge über die Straße ab."),
        ("utf-16-le", "The council voted no."),
        ("utf-16-be", "The council voted no."),
    ],
)
def test_older_encodings_are_told_by_a_sentence(encoding: str, text: str) -> None:
    assert decode(text.encode(encoding)).text == text


@given(st.lists(st.sampled_from(["Äpfel", "über", "rötlich", "and", "so"]), min_size=8), st.integers(0, 40))
def test_a_damaged_byte_spoils_no_other_character(words: list[str], place: int) -> None:
    text = "ä" + " ".join([*words, "größer", "nämlich"])
    place = min(place, len(text))
    before, after = text[:place].encode(), text[place:].encode()
    found = decode(before + b"\x92" + after)
    assert (found.text, found.encoding) == (f"{text[:place]}’{text[place:]}", "utf-8")
    assert found.note.startswith("1 of its bytes are not UTF-8")


def test_what_was_pasted_in_from_windows_is_read_as_it_was_meant_and_that_is_told() -> None:
    data = "Der Bürgermeister überreichte die Schlüssel für ein Café.".encode() + b" He said \x93no\x94 at the caf\xe9."
    loaded = load(data, Path("a.txt"))
    assert loaded.text.endswith("He said “no” at the café.")
    assert loaded.notes == ("3 of its bytes are not UTF-8: read as Windows-1252, or shown as \ufffd",)
    assert decode("Der Bürgermeister, größer".encode() + "ä".encode()[:1]).text == "Der Bürgermeister, größer\ufffd"


def test_a_declared_encoding_is_what_browsers_make_of_it() -> None:
    assert decode_as("ISO-8859-1", b"\x93no\x94") == ("“no”", "cp1252", "")
    assert decode_as("utf-8", "für ".encode() + b"\x93").text == "für “"
    assert decode_as("no-such", "für".encode()).text == "für"


@pytest.mark.parametrize("data", [b"\x89PNG\r\n\x1a\n" + bytes(range(1, 256)), b"\x01\x02\x03\xff" * 9])
def test_control_characters_are_no_text(data: bytes) -> None:
    with pytest.raises(LoadError, match="binary"):
        decode(data)
