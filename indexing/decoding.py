"""From bytes to text: by byte order mark, else UTF-8 even with some damage, else the likeliest older encoding."""

from __future__ import annotations

import codecs
import re
import unicodedata
from typing import NamedTuple

from chardetng_py import EncodingDetector  # type: ignore[import-untyped]

from indexing.errors import LoadError

BYTE_ORDER_MARKS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\0\0", "utf-32-le"),
    (b"\0\0\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
CONTROL = re.compile(rb"[\x01-\x08\x0e-\x1a\x1c-\x1f]")
HIGH = re.compile(rb"[\x80-\xff]")
SEQUENCE = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
)  # of several bytes for one character of UTF-8, about
# The detector speaks the names of browsers; ours are the codecs that know the same characters, and more.
CODECS = {
    "Shift_JIS": "cp932",
    "EUC-KR": "cp949",
    "GBK": "gb18030",
    "Big5": "cp950",
    "windows-874": "cp874",
    "ISO-8859-8-I": "iso8859_8",
    "x-mac-cyrillic": "mac_cyrillic",
}
LATIN = ("windows-1250", "windows-1254", "windows-1257", "windows-1258", "ISO-8859-2", "ISO-8859-4")
WESTERN = "cp1252"
# What browsers make of these names (WHATWG Encoding Standard).
BROWSERS = {"iso-8859-1": "cp1252", "latin1": "cp1252", "us-ascii": "cp1252", "ascii": "cp1252", "gb2312": "gb18030"}
# Before Windows: letters of western Europe that stand where Windows has signs.
OLDER = ("mac_roman", "cp850")
ACCENTED = frozenset("áàâäãåæçéèêëíìîïñóòôöõøœúùûüÿßÁÀÂÄÃÅÆÇÉÈÊËÍÌÎÏÑÓÒÔÖÕØŒÚÙÛÜ")
QUOTING = frozenset("“”‘’„«»–—…")
KANA = re.compile("[\u3041-\u3096\u30a1-\u30fa]")  # in any Japanese text; not those of half the width
FEWEST = 4  # characters that tell UTF-16 from binary data
TELLING = 3  # different letters that tell a text of eastern Europe from one of the west


class Decoded(NamedTuple):
    """A text, the codec that it was read by, and what was wrong with it; empty where nothing was."""

    text: str
    encoding: str
    note: str = ""


def decode(data: bytes) -> Decoded:
    """Raises LoadError where it is no text. Newlines are kept."""
    for mark, encoding in BYTE_ORDER_MARKS:
        if data.startswith(mark):
            if encoding == "utf-8":
                return _utf_8(data[len(mark) :])
            try:
                return Decoded(data[len(mark) :].decode(encoding), encoding)
            except UnicodeDecodeError as error:
                raise LoadError(f"it begins like {encoding} but is not ({error.reason})", "save it as UTF-8") from error
    if b"\0" in data:
        return _without_mark(data)
    sequences = sum(len(found) for found in SEQUENCE.findall(data))
    broken = len(HIGH.findall(data)) - sequences
    if broken <= sequences // 2:
        return _utf_8(data)
    return _older(data)


def decode_as(declared: str, data: bytes) -> Decoded:
    """As a file or message declares it where that holds, else as `decode` finds; raises LoadError."""
    if declared and not data.startswith(tuple(mark for mark, _ in BYTE_ORDER_MARKS)):
        name = BROWSERS.get(declared.lower(), declared.lower())
        try:
            return Decoded(data.decode(name), name)
        except (LookupError, ValueError):
            pass
    return decode(data)


def _utf_8(data: bytes) -> Decoded:
    try:
        return Decoded(data.decode("utf-8"), "utf-8")
    except UnicodeDecodeError:
        text = data.decode("utf-8", MENDED)
        count = len(HIGH.findall(data)) - len(HIGH.findall(data.decode("utf-8", "ignore").encode()))
        return Decoded(text, "utf-8", f"{count} of its bytes are not UTF-8: read as Windows-1252, or shown as \ufffd")


def _mended(error: UnicodeError) -> tuple[str, int]:
    """Bytes that were pasted in from Windows are read as it means them; a sequence that is cut off is lost."""
    assert isinstance(error, UnicodeDecodeError)
    cut = error.reason == "unexpected end of data"
    return "\ufffd" if cut else error.object[error.start : error.end].decode(WESTERN, "replace"), error.end


MENDED = "onrecord-mended"
codecs.register_error(MENDED, _mended)


def _without_mark(data: bytes) -> Decoded:
    """UTF-16 without its mark, where every other byte of most characters is zero."""
    half = len(data) // 2
    zeros = data[0 : 2 * half : 2].count(0), data[1 : 2 * half : 2].count(0)
    for encoding, many, few in (("utf-16-le", zeros[1], zeros[0]), ("utf-16-be", zeros[0], zeros[1])):
        if half >= FEWEST and len(data) % 2 == 0 and many > 0.5 * half and few < 0.01 * half + 1:
            try:
                text = data.decode(encoding)
            except UnicodeDecodeError:
                continue
            if not re.search("[\0-\x08\x0e-\x1a\x1c-\x1f]", text):
                return Decoded(text, encoding)
    raise _binary()


def _binary() -> LoadError:
    return LoadError("it holds binary data, not text", "convert it to text and save it as UTF-8")


def _older(data: bytes) -> Decoded:
    if len(CONTROL.findall(data)) * 100 > len(data):
        raise _binary()
    encoding = _likeliest(data)
    text = data.decode(encoding, "replace")
    unknown = text.count("\ufffd")
    if unknown * 20 > len(HIGH.findall(data)) + 20:
        raise LoadError("its encoding is not known", "save it as UTF-8")
    note = f"some characters are not {encoding} and show as \ufffd" if unknown else ""
    return Decoded(text, encoding, note)


def _likeliest(data: bytes) -> str:
    detector = EncodingDetector()
    detector.feed(data, last=True)
    name = detector.guess(tld=None, allow_utf8=False)
    encoding = CODECS.get(name, name)
    text = data.decode(encoding, "replace")
    if name in LATIN:
        letters = {char for char in text if char > "\x7f" and unicodedata.category(char)[0] == "L"}
        if len(letters) < TELLING:
            name = "windows-1252"
    if name == "windows-1252" or (encoding == "cp932" and not KANA.search(text)):
        return max((WESTERN, *OLDER), key=lambda one: _western(data, one))
    return codecs.lookup(encoding).name


def _western(data: bytes, encoding: str) -> float:
    """How much a text looks like one of western Europe: accented letters in words, marks and dashes between them."""
    text = data.decode(encoding, "replace")
    score = 0.0
    for match in re.finditer(r"[^\x00-\x7f]", text):
        char, at = match[0], match.start()
        before, after = text[max(0, at - 1) : at], text[at + 1 : at + 2]
        if char in ACCENTED:
            odd = after.isdigit() or before.isdigit() or (char.isupper() and before.isalpha() and after.islower())
            score += -1 if odd else 1
        elif char in QUOTING or (char in "£€" and after.isdigit()):
            score += 1
        else:
            score -= char == "\ufffd" or char.isalpha() or char in "¤¦¨¬¯¸‡†ˆ˜‰‹›√∫∂∆Ω◊"
    return score
