"""The items of the bank, drawn from a collection's own documents; what is quoted in them is read here by itself, apart
from what the desk goes by."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from eval.quotes.changes import CRITICAL, WHOLE, Change, Maker, twin_of
from indexing.documents import Document
from indexing.errors import OnrecordError
from indexing.fold import fold
from indexing.spans import Span

# Words between marks of one kind in one paragraph, without marks or brackets inside: parts of sentences, whole ones.
PART = re.compile(
    r"“([^\W_][^“”\"\n\[]{30,320}[^\s“”\"\n])”(?![\w]|,? (?:but|unless|except|if|although|because|until|only)\b)"
)
BASE = re.compile(r"(?<![\w])(?:“([A-Z][^“”\"\n\[]{40,320}[.?!,])”|\"([A-Z][^“”\"\n\[]{40,320}[.?!,])\")(?![\w])")
MARKS = re.compile("[\"“”„«»‘]|``|''|(?<!\\w)'")
NARRATION = re.compile(r"(?:^|(?<=[.!?] ))([A-Z][^.!?\n]{40,200}[.!?])(?= |$)", re.MULTILINE)
WHOLE_SHARE = 3  # one in so many critical changes is a cut, an elision or a splice, where one can be made


@dataclass(frozen=True, slots=True)
class Base:
    """A quote as a document has it."""

    document: Document
    span: Span

    @property
    def text(self) -> str:
        return self.span.of(self.document.text)


@dataclass(frozen=True, slots=True)
class Pair:
    """A base with a critical change of it, by name, and its benign twin."""

    base: Base
    name: str
    critical: Change
    benign: Change


@dataclass(frozen=True, slots=True)
class Gold:
    """One attribution as people marked it: spans of the speaker, the cue and the content."""

    document: Document
    source: tuple[Span, ...]
    cue: tuple[Span, ...]
    content: tuple[Span, ...]

    @property
    def speaker(self) -> str:
        return " ".join(span.of(self.document.text) for span in self.source)

    def direct(self) -> Span | None:
        """The first part of the content that begins with or within a quotation mark; None where none does."""
        text = self.document.text
        return next(
            (span for span in self.content if text[span.start] in '"“' or text[max(0, span.start - 1)] in '"“'), None
        )


class Corpus:
    """All documents as one folded, case-folded text, to know what stands where without the desk."""

    def __init__(self, documents: Sequence[Document]) -> None:
        self.documents = documents
        self._folded = [fold(document.text) for document in documents]
        self._plain = [one.text.casefold() for one in self._folded]

    def holds(self, text: str) -> bool:
        """Whether a text stands in a document, its edges' punctuation aside."""
        needle = fold(text).text.casefold().strip(" .,;:!?'\"[]")
        return any(needle in one for one in self._plain)

    def places(self, text: str) -> set[tuple[str, int, int]]:
        """`(document id, start, end)` of every place between word boundaries, from letter to letter."""
        needle = re.escape(fold(text).text.casefold().strip(" .,;:!?'\"[]-"))
        pattern = re.compile(rf"(?<!\w){needle}(?!\w)")
        return {
            (document.id, folded.origins[match.start()][0], folded.origins[match.end() - 1][1])
            for document, folded, plain in zip(self.documents, self._folded, self._plain, strict=True)
            if len(plain) == len(folded.text)
            for match in pattern.finditer(plain)
        }


def bases_of(documents: Sequence[Document], pattern: re.Pattern[str] = BASE) -> list[Base]:
    """Every quote of eight words or more that a pattern finds."""
    found = []
    for document in documents:
        for match in pattern.finditer(document.text):
            span = Span(*match.span(match.lastindex or 0))
            if len(span.of(document.text).split()) >= 8:
                found.append(Base(document, span))
    return found


def pairs_of(bases: Sequence[Base], corpus: Corpus, count: int, rng: random.Random) -> Iterator[Pair]:
    """Pairs of a critical change and its benign twin; a changed quote that some document has is none. Every kind gets
    its turn, and a base may serve several."""
    makers = {**CRITICAL, **{name: _without_chance(make) for name, make in WHOLE.items()}}
    names = sorted(makers)
    made = 0
    seen: set[str] = set()
    for turn in range(count * 40):
        if made == count or not bases:
            return
        base = rng.choice(bases)
        name = rng.choice(sorted(WHOLE)) if turn % WHOLE_SHARE == 0 else names[turn % len(names)]
        change = makers[name](base.text, rng)
        if (
            change is None
            or change.text in seen
            or (corpus.holds(change.text) and change.kind not in ("cut", "question"))
        ):
            continue
        seen.add(change.text)
        made += 1
        yield Pair(base, name, change, twin_of(name, base.text, rng))


def _without_chance(make: Callable[[str], Change | None]) -> Maker:
    return lambda text, _: make(text)


def absent_of(corpus: Corpus, count: int, rng: random.Random) -> Iterator[str]:
    """Quotes that nobody said: runs of words of several documents, put together."""
    texts = [document.text.split() for document in corpus.documents if len(document.text.split()) > 60]
    made = 0
    while made < count and texts:
        words: list[str] = []
        for _ in range(4):
            source = rng.choice(texts)
            at = rng.randrange(len(source) - 4)
            words += source[at : at + rng.randint(2, 3)]
        quote = " ".join(word.strip('"“”') for word in words)
        if MARKS.search(quote) is None and not corpus.holds(quote):
            made += 1
            yield quote


def narration_of(documents: Sequence[Document], count: int, rng: random.Random) -> list[Base]:
    """Sentences of the reporters' own: of paragraphs without any mark, ten words or more."""
    found = []
    for document in documents:
        at = 0
        for line in document.text.split("\n"):
            if at and MARKS.search(line) is None and ":" not in line[:40]:
                found += [
                    Base(document, Span(at + match.start(1), at + match.end(1)))
                    for match in NARRATION.finditer(line)
                    if len(match[1].split()) >= 10
                ]
            at += len(line) + 1
    return rng.sample(found, min(count, len(found)))


def read_gold(path: Path, documents: Sequence[Document]) -> list[Gold]:
    """Attributions from a JSON list `{"file", "attributions": [{"source", "cue", "content"}]}` of spans, for the
    documents that are there. Raises OnrecordError."""
    by_name = {document.name.rpartition("/")[2]: document for document in documents}
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
        return [
            Gold(
                by_name[entry["file"]],
                *(tuple(Span(*pair) for pair in one[key]) for key in ("source", "cue", "content")),
            )
            for entry in table
            if entry["file"] in by_name
            for one in entry["attributions"]
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise OnrecordError(f"{path} is no list of attributions ({error!r}); see the README") from error
