"""Quotations in what a model wrote: the source's own characters where they stand there word for word, else no marks.

Every device counts: straight, curly and low marks, guillemets, corner brackets, single marks used as such, one within
the other, and a mark that is never closed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from app.quotes.exact import verbatim_spans
from indexing.documents import Document
from indexing.fold import fold
from indexing.marks import outermost, stretches_of
from indexing.spans import Span

DEEPEST = 8  # quotations within quotations that are looked into
PASSES = 6  # readings of a text after which its marks are given up
SINGLE = "['‘’‚‛]"
STRAY = re.compile("``|''|[\"“”„‟〝〞＂«»‹›「」『』]")  # marks that set off words; not the apostrophe


def exact_quotations(text: str, documents: Sequence[Document]) -> tuple[str, list[str]]:
    """The text with its quotations in the characters of a document that has them; the others lose their marks.

    Also one line for people about each that no document has. What is left between marks of any kind stands in a
    document: marks that are taken away may leave others facing each other, so it is read again until nothing changes.
    """
    faults: list[str] = []
    for _ in range(PASSES):
        before = text
        text, found = _read_through(before, documents, DEEPEST)
        faults += found
        if text == before:
            return text, list(dict.fromkeys(faults))
    fault = "its quotation marks cannot be told apart"
    return re.sub(rf"(?<!\w){SINGLE}|{SINGLE}(?!\w)", "", STRAY.sub("", text)), [*dict.fromkeys(faults), fault]


def _read_through(text: str, documents: Sequence[Document], deep: int) -> tuple[str, list[str]]:
    pieces: list[str] = []
    faults: list[str] = []
    at = 0
    for stretch in outermost(stretches_of(text, [Span(0, len(text))])):
        pieces.append(STRAY.sub("", text[at : stretch.span.start]))
        kept, within = _kept(stretch.inner.of(text), documents, deep)
        pieces.append(kept)
        faults += within
        at = stretch.span.end
    return "".join([*pieces, STRAY.sub("", text[at:])]), faults


def _kept(inner: str, documents: Sequence[Document], deep: int) -> tuple[str, list[str]]:
    """What becomes of the words between two marks, and what is wrong with them."""
    words = fold(inner).text.strip()
    core = words.rstrip(".,;:")
    if not core:
        return inner, []
    found = quotation(core, documents) if re.search(r"\w", core) else None
    if found is not None:
        return f"“{found}{words[len(core) :]}”", []
    fault = f"the words “{words}” are not in the cited source"
    if deep == 0:
        return STRAY.sub("", inner), [fault]
    return _read_through(inner, documents, deep - 1)[0], [fault]


def quotation(core: str, documents: Sequence[Document]) -> str | None:
    """The characters of the first document that has these words, as the quote desk finds them."""
    for document in documents:
        for span in verbatim_spans(core, document.text):
            return span.of(document.text)
    return None
