"""What a document does to fool a machine that a person would not see or would not fall for."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Sequence
from importlib import resources

from indexing.documents import Sentence
from indexing.spans import Span

LONGEST = 2_000  # characters of a sentence that are looked at

# Zero-width characters, directional controls, "tags" that mirror ASCII, fillers that look like nothing. A soft hyphen
# is seen where a line breaks, and the marks LRM and RLM stand in honest text of right-to-left scripts.
UNSEEN = (
    "\u180e\u200b\u200c\u200d\u2060-\u2064\ufeff\u115f\u1160\u3164\uffa0"
    "\u202a-\u202e\u2066-\u2069\u206a-\u206f\U000e0000-\U000e01ef"
)
HIDDEN = re.compile(rf"[{UNSEEN}]+|[\ufe00-\ufe0f]{{2,}}")
ZERO_WIDTH_JOINERS = "\u200c\u200d"
BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")
FLAG = re.compile("\U0001f3f4[\U000e0061-\U000e007a\U000e0030-\U000e0039]{1,6}\U000e007f")
SELECTOR = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")


def hidden_characters(text: str) -> tuple[Span, ...]:
    """Runs of characters that show nothing, where the script they stand in does not need them."""
    flags = {at for match in FLAG.finditer(text) for at in range(*match.span())} if "\U0001f3f4" in text else set()
    right_to_left = bool(BIDI.search(text)) and any(unicodedata.bidirectional(c) in ("R", "AL") for c in text)
    found = []
    for match in HIDDEN.finditer(text):
        start, end = match.span()
        if not (start in flags or _needed(text, start, end, right_to_left)):
            found.append(Span(start, end))
    return tuple(found)


def _needed(text: str, start: int, end: int, right_to_left: bool) -> bool:
    """Whether a run does what it is for: joins emoji and letters of some scripts, picks a glyph, turns around."""
    run = text[start:end]
    before, after = text[start - 1 : start], text[end : end + 1]
    if len(run) == 1 and run in ZERO_WIDTH_JOINERS:
        return _joins(before) and (_joins(after) or run == "\u200c")
    if len(run) == 1 and SELECTOR.match(run):
        return unicodedata.category(before or " ") == "Lo"  # a variant of an ideograph
    return right_to_left and len(run) <= 2 and all(BIDI.match(c) for c in run)


def _joins(character: str) -> bool:
    """Whether zero-width joiners mean something beside it: emoji, and scripts from Hebrew to Khmer."""
    if not character:
        return False
    code = ord(character)
    return (
        0x0590 <= code <= 0x18AF
        or 0xA840 <= code <= 0xABFF
        or code == 0xFE0F
        or code >= 0x1F000
        or (unicodedata.category(character) == "So" or 0x1F3FB <= code <= 0x1F3FF or 0xFB50 <= code <= 0xFEFC)
    )


def instructions(text: str, sentences: Sequence[Sentence]) -> tuple[int, ...]:
    """The indexes of the sentences that speak to a language model and not to a reader (see instructions.txt)."""
    return tuple(at for at, sentence in enumerate(sentences) if is_instruction(sentence.visible(text)))


def is_instruction(sentence: str) -> bool:
    """Whether a sentence speaks to a language model; what hides letters from a filter is folded away first."""
    return _forms().search(_folded(sentence[:LONGEST])) is not None


QUOTES = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"'})


def _folded(sentence: str) -> str:
    """In lower case and plain letters; "tags" are read as the ASCII they stand for."""
    letters = (chr(ord(c) - 0xE0000) if 0xE0020 <= ord(c) < 0xE007F else c for c in sentence)
    plain = HIDDEN.sub("", unicodedata.normalize("NFKC", "".join(letters))).replace("\u00ad", "").translate(QUOTES)
    return " ".join(plain.lower().split())


@functools.cache
def _forms() -> re.Pattern[str]:
    lines = resources.files("indexing").joinpath("instructions.txt").read_text(encoding="utf-8").splitlines()
    return re.compile("|".join(f"(?:{line})" for line in lines if line and not re.match(r"#(?: |$)", line)))
