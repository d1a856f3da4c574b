"""Quotations in what a model wrote: the source's own characters where they stand there word for word, else no marks.

Every device counts: straight, curly and low marks, guillemets, corner brackets, single marks used as such, one within
the other, and a mark that is never closed.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

from app.quotes.exact import verbatim_spans
from indexing.documents import Document
from indexing.fold import fold
from indexing.marks import ELIDED, outermost, stretches_of
from indexing.spans import Span

DEEPEST = 8  # quotations within quotations that are looked into
PASSES = 6  # readings of a text after which its marks are given up
LONGEST = 160  # characters of a quotation that a reason repeats
SINGLE = "['‘’‚‛]"
STRAY = re.compile("``|''|[\"“”„‟〝〞＂«»‹›「」『』]")  # marks that set off words; not the apostrophe
LONE = re.compile(rf"(?<!\w)['‘‚‛](?=\w)(?!(?!\d\d\b)(?:{ELIDED.pattern}))", re.IGNORECASE)  # opens alone
# What a reader takes for a quotation mark although no keyboard means it so, as the mark that it looks like.
LOOK_ALIKES = {
    **dict.fromkeys("❝🙶⸂", "“"),
    **dict.fromkeys("❞🙷🙸⸃", "”"),
    **dict.fromkeys("❠⹂", "„"),
    **dict.fromkeys("ʺˮ˝〃״", '"'),
    **dict.fromkeys("❛", "‘"),
    **dict.fromkeys("❜", "’"),
    **dict.fromkeys("❟", "‚"),
    **dict.fromkeys("´ʹˊˋ՚᾽᾿｀＇‵", "'"),
    **dict.fromkeys("❮〈⟨〈", "‹"),
    **dict.fromkeys("❯〉⟩〉", "›"),
    **dict.fromkeys("⟪《", "«"),
    **dict.fromkeys("⟫》", "»"),
    **dict.fromkeys("｢﹁", "「"),
    **dict.fromkeys("｣﹂", "」"),
    **dict.fromkeys("﹃", "『"),
    **dict.fromkeys("﹄", "』"),
}
_WRITTEN_OUT = re.compile(r"&(?:#x?[0-9a-f]{2,6}|[a-z]{2,8});", re.IGNORECASE)
_LOOKS_ALIKE = re.compile(f"(?<!\\w)[{''.join(LOOK_ALIKES)}]+|[{''.join(LOOK_ALIKES)}]+(?!\\w)")
_PRIMES = re.compile("(?<![0-9])([″′])")  # behind a digit they are feet, inches, minutes and seconds
_TURNED = re.compile(r"(?<!\w)ʻ(?=\w[^ʻ]*[ʼ’'](?!\w))|(?<=\w)ʼ(?!\w)")  # elsewhere they are letters
_TICKED = re.compile(r"(?<!\w)`(?=[^`'\n]{1,400}'(?!\w))")  # `as TeX has it'


def exact_quotations(text: str, documents: Sequence[Document]) -> tuple[str, list[str]]:
    """The text with its quotations in the characters of a document that has them; the others lose their marks.

    Also one line for people about each that no document has. What is left between marks of any kind stands in a
    document: marks that are taken away may leave others facing each other, so it is read again until nothing changes.
    """
    faults: list[str] = []
    text = with_plain_marks(text)
    for _ in range(PASSES):
        before = text
        text, found = _read_through(before, documents, DEEPEST)
        faults += found
        if text == before:
            return text, list(dict.fromkeys(faults))
    fault = "its quotation marks cannot be told apart"
    return re.sub(rf"(?<!\w){SINGLE}|{SINGLE}(?!\w)", "", STRAY.sub("", text)), [*dict.fromkeys(faults), fault]


def with_plain_marks(text: str) -> str:
    """The text with everything that a reader takes for a quotation mark as one of the marks that are looked for."""
    text = _WRITTEN_OUT.sub(lambda found: mark if _is_mark(mark := html.unescape(found[0])) else found[0], text)
    text = _LOOKS_ALIKE.sub(lambda found: "".join(LOOK_ALIKES[each] for each in found[0]), text)
    text = _PRIMES.sub(lambda found: '"' if found[1] == "″" else "'", text)
    return _TICKED.sub("‘", _TURNED.sub(lambda found: "‘" if found[0] == "ʻ" else "’", text))


def _is_mark(character: str) -> bool:
    return bool(STRAY.fullmatch(character) or re.fullmatch(SINGLE, character) or character in LOOK_ALIKES)


def _without_marks(text: str) -> str:
    """What stands outside of quotations, without what would open one: a single mark, too, since its like may follow in
    the next statement."""
    return LONE.sub("", STRAY.sub("", text))


def _read_through(text: str, documents: Sequence[Document], deep: int) -> tuple[str, list[str]]:
    pieces: list[str] = []
    faults: list[str] = []
    at = 0
    for stretch in outermost(stretches_of(text, [Span(0, len(text))])):
        pieces.append(_without_marks(text[at : stretch.span.start]))
        kept, within = _kept(stretch.inner.of(text), documents, deep)
        pieces.append(kept)
        faults += within
        at = stretch.span.end
    return "".join([*pieces, _without_marks(text[at:])]), faults


def _kept(inner: str, documents: Sequence[Document], deep: int) -> tuple[str, list[str]]:
    """What becomes of the words between two marks, and what is wrong with them."""
    words = fold(inner).text.strip()
    core = words.rstrip(".,;:")
    if not core:
        return inner, []
    found = quotation(core, documents) if re.search(r"\w", core) else None
    if found is not None:
        before, behind = (" " if inner[at].isspace() else "" for at in (0, -1))
        return f"{before}“{found}{words[len(core) :]}”{behind}", []
    told = words if len(words) <= LONGEST else f"{words[:LONGEST].rstrip()} …"
    fault = f"the words “{told}” are not in the cited source"
    if deep == 0:
        return STRAY.sub("", inner), [fault]
    return _read_through(inner, documents, deep - 1)[0], [fault]


def quotation(core: str, documents: Sequence[Document]) -> str | None:
    """The characters of the first document that has these words, as the quote desk finds them."""
    for document in documents:
        for span in verbatim_spans(core, document.text):
            return span.of(document.text)
    return None
