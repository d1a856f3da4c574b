"""What a reader sees of a canonical text: blocks of visible pieces, every one a slice, web residue left out."""

from __future__ import annotations

import functools
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import resources
from itertools import accumulate
from typing import Literal

from indexing.spans import Span

BULLET = re.compile(r"[ \t]*(?:[•◦▪‣●○*-]|\d{1,2}[.)]|\([a-z\d]\))[ \t]+")
FINAL = ".!?:;,…"
CLOSERS = "\"'”’»)]}"


@dataclass(frozen=True, slots=True)
class Block:
    """One paragraph, list item, table row or heading: its visible pieces of the text, in order, none empty."""

    kind: Literal["heading", "text"]
    pieces: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class View:
    """Pieces of a text joined for reading, with the way back: every character of `text` is one of the source."""

    text: str
    pieces: tuple[Span, ...]
    starts: tuple[int, ...]  # where each piece begins in `text`

    @classmethod
    def of(cls, source: str, pieces: tuple[Span, ...]) -> View:
        starts = tuple(accumulate((len(piece) for piece in pieces[:-1]), initial=0)) if pieces else ()
        return cls("".join(piece.of(source) for piece in pieces), pieces, starts)

    def source(self, span: Span) -> tuple[Span, ...]:
        """The source pieces under a non-empty span of the view, adjacent ones joined."""
        found: list[Span] = []
        for index in range(bisect_right(self.starts, span.start) - 1, len(self.pieces)):
            begin = self.starts[index]
            if begin >= span.end:
                break
            piece = self.pieces[index]
            start = piece.start + max(0, span.start - begin)
            end = min(piece.end, piece.start + span.end - begin)
            if found and found[-1].end == start:
                found[-1] = Span(found[-1].start, end)
            elif start < end:
                found.append(Span(start, end))
        return tuple(found)


def plain_blocks(text: str) -> tuple[Block, ...]:
    """The blocks of a plain text: lines are paragraphs unless they are one paragraph wrapped by hand."""
    paragraphs = [span for run in _runs(text) for span in _paragraphs(text, run)]
    kept = without_residue(text, [Block("text", (span,)) for span in paragraphs])
    return tuple(_headings(text, kept))


def shifted(blocks: Iterable[Block], by: int) -> Iterator[Block]:
    """The blocks of a part of a text as blocks of the whole, in which the part begins at `by`."""
    for block in blocks:
        yield Block(block.kind, tuple(Span(piece.start + by, piece.end + by) for piece in block.pieces))


def without_residue(text: str, blocks: list[Block]) -> list[Block]:
    """Drop what belongs to the page: advertising, offers, share bars, and teasers of other stories."""
    shown = [_shown(text, block) for block in blocks]
    dropped = {index for index, line in enumerate(shown) if is_residue(line)}
    for index in sorted(dropped):
        dropped.update(_teaser(shown, index))
    return [block for index, block in enumerate(blocks) if index not in dropped]


def is_residue(line: str) -> bool:
    """Whether a whole line is known web residue (see boilerplate.txt)."""
    core = line.strip().strip("\"'“”‘’").rstrip(".").strip()
    return bool(core) and len(core) <= 300 and _residue().fullmatch(core) is not None


@functools.cache
def _residue() -> re.Pattern[str]:
    lines = resources.files("indexing").joinpath("boilerplate.txt").read_text(encoding="utf-8").splitlines()
    return re.compile("|".join(f"(?:{line})" for line in lines if line and not line.startswith("# ")), re.IGNORECASE)


TEASER_LABEL = re.compile(
    r"(?:other topics of interest|related.*|read (?:more|next|also)|recommended.*|see also):?", re.I
)


def _teaser(shown: list[str], label: int) -> Iterator[int]:
    """The lines that a label such as "Other Topics of Interest" takes along: the headline that stands both before and
    after it, and the summary below."""
    if TEASER_LABEL.fullmatch(shown[label].strip()) is None or label + 1 >= len(shown):
        return
    headline = shown[label + 1].strip()
    if label >= 1 and shown[label - 1].strip() == headline:
        yield from (label - 1, label + 1)
        if label + 2 < len(shown):
            yield label + 2


def _shown(text: str, block: Block) -> str:
    return "".join(piece.of(text) for piece in block.pieces)


def _runs(text: str) -> Iterator[list[Span]]:
    """Runs of consecutive lines that are not blank, each line without its end."""
    run: list[Span] = []
    for match in re.finditer(r"[^\r\n\v\f\x85\u2028\u2029]+|\r\n|[\r\n\v\f\x85\u2028\u2029]", text):
        if match[0][0] in "\r\n\v\f\x85\u2028\u2029":
            continue
        after_gap = run and len(re.findall(r"\r\n|[\r\n\v\f\x85\u2028\u2029]", text[run[-1].end : match.start()])) > 1
        if (after_gap or not match[0].strip()) and run:
            yield run
            run = []
        if match[0].strip():
            run.append(Span(*match.span()))
    if run:
        yield run


def _paragraphs(text: str, run: list[Span]) -> Iterator[Span]:
    """A run wrapped by hand is one paragraph; otherwise every line is one. White space and bullets stay out of view."""
    lines = [span.of(text) for span in run]
    body = lines[:-1]
    wrapped = (
        bool(body)
        and all(40 <= len(line.rstrip()) <= 120 for line in body)
        and not any(BULLET.match(line) or is_residue(line) for line in lines[1:])
        and sum(line.rstrip().rstrip(CLOSERS)[-1:] in ".!?:" for line in body) * 2 < len(body)
        and sum(line.lstrip()[:1].islower() for line in lines[1:]) * 3 >= len(body)
    )
    for span in [Span(run[0].start, run[-1].end)] if wrapped else run:
        yield trimmed(text, span)


def trimmed(text: str, span: Span) -> Span:
    """The span without a leading bullet and without outer white space."""
    line = span.of(text)
    bullet = BULLET.match(line)
    start = bullet.end() if bullet and line[bullet.end() :].strip() else 0
    body = line[start:]
    start += len(body) - len(body.lstrip())
    return Span(span.start + start, span.start + start + len(body.strip()))


def _headings(text: str, blocks: list[Block]) -> Iterator[Block]:
    """A short line without a final stop, followed by prose, is a heading."""
    shown = [_shown(text, block) for block in blocks]
    for index, (block, line) in enumerate(zip(blocks, shown, strict=True)):
        following = shown[index + 1] if index + 1 < len(shown) else ""
        yield (
            Block("heading", block.pieces) if _heads(line) and not _heads(following) and len(following) > 80 else block
        )


def _heads(line: str) -> bool:
    core = line.strip().rstrip(CLOSERS)
    opening = core.lstrip("\"'“‘«([")
    return (
        bool(opening)
        and len(core) <= 80
        and len(core.split()) <= 12
        and core[-1] not in FINAL
        and not opening[0].islower()
    )
