"""Markdown's blocks as visible pieces of the source: the syntax stays in the canonical text and out of view."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence, Set
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

from indexing.clean import Block, without_residue
from indexing.front_matter import front_matter
from indexing.raw_html import raw_html_blocks
from indexing.spans import Span

NOTE_MARK = re.compile(r"\[\^([^\]\s]{1,40})\](?::[ \t]*)?")
NOTE_TEXT = re.compile(r"^ {0,3}\[\^([^\]\s]{1,40})\]:", re.MULTILINE)

# `text_join` would merge escapes and entities into their neighbours, which loses their length in the source.
_PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"]).disable("text_join")


def markdown_blocks(text: str) -> tuple[Block, ...]:
    """The blocks of a Markdown text after its front matter: headings, paragraphs, list items, table rows, code."""
    head = front_matter(text).span.end
    text = text.replace("\0", "\ufffd")  # as markdown-it does; the places stay the same
    # markdown-it counts lines by "\n" after folding the other line ends, as this does.
    lines = [Span(head + m.start(), head + m.end()) for m in re.finditer(r"[^\r\n]*(?:\r\n|\r|\n|\Z)", text[head:])]
    blocks = [
        Block(kind, pieces)
        for kind, pieces in _blocks(text, lines, _PARSER.parse(text[head:]))
        if any(piece.of(text).strip() for piece in pieces)
    ]
    notes = set(NOTE_TEXT.findall(text))
    return tuple(without_residue(text, [_without_marks(text, block, notes) for block in blocks] if notes else blocks))


def _without_marks(text: str, block: Block, notes: Set[str]) -> Block:
    """The block without the marks of footnotes that the text has; whole where nothing else is in it."""
    pieces: list[Span] = []
    for piece in block.pieces:
        at = piece.start
        for match in NOTE_MARK.finditer(text, piece.start, piece.end):
            if match[1] in notes:
                pieces.append(Span(at, match.start()))
                at = match.end()
        pieces.append(Span(at, piece.end))
    kept = tuple(piece for piece in pieces if len(piece))
    return Block(block.kind, kept) if any(piece.of(text).strip() for piece in kept) else block


def _blocks(text: str, lines: list[Span], tokens: Sequence[Token]) -> Iterator[tuple[Any, tuple[Span, ...]]]:
    """`(kind, visible pieces)` of each block that markdown-it found."""
    kind = "text"
    row: list[Span] | None = None  # the pieces of the table row that is being read
    cell_end = 0
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            kind = "heading" if token.type == "heading_open" else "text"
        elif token.type == "tr_open":
            row, cell_end = [], 0
        elif token.type == "tr_close":
            yield kind, tuple(row or ())
            row = None
        elif token.type == "inline" and token.map:
            rows = lines[token.map[0] : token.map[1]]
            if row is None:
                yield kind, tuple(_pieces(token, _origins(text, rows, token.content)))
            elif token.content:
                origins = _cell_origins(text, Span(max(rows[0].start, cell_end), rows[0].end), token.content)
                row.extend(_with_gap(text, row, tuple(_pieces(token, origins))))
                cell_end = origins[-1] + 1 if origins else cell_end
        elif token.type == "html_block" and token.map:
            origins = _origins(text, lines[token.map[0] : token.map[1]], token.content)
            for html_kind, spans in raw_html_blocks(token.content, Span(0, min(len(token.content), len(origins)))):
                yield html_kind, tuple(_joined(origins, spans))
        elif token.type in ("fence", "code_block") and token.map:
            raw = lines[token.map[0] + (token.type == "fence") : token.map[1]]
            for line, shown in zip(raw, token.content.split("\n"), strict=False):
                start = line.of(text).rfind(shown.strip()) + line.start
                yield kind, (Span(start, start + len(shown.strip())),)


def _with_gap(text: str, cells: list[Span], pieces: tuple[Span, ...]) -> tuple[Span, ...]:
    """Between two cells one character of the source stays visible, so that their words do not run together."""
    if not cells or not pieces:
        return pieces
    blank = next((at for at in range(cells[-1].end, pieces[0].start) if text[at].isspace()), None)
    return pieces if blank is None else (Span(blank, blank + 1), *pieces)


def _origins(text: str, lines: Sequence[Span], content: str) -> list[int]:
    """Where each character of a block's content stands in the text: every line of it ends one line of the source.

    Before it stand indentation, `>` and list markers; after it blanks and, in a heading, closing `#`.
    """
    origins: list[int] = []
    shown_lines = content.split("\n")
    # Lines of odd blanks (a line separator) may stand first; markdown-it strips them.
    begin = next((n for n, line in enumerate(lines) if shown_lines[0] in line.of(text)), 0)
    for line, shown in zip(lines[begin:], shown_lines, strict=False):
        raw, core = line.of(text).rstrip("\r\n"), shown.strip()
        start = line.start + max(0, raw.rfind(core) - (len(shown) - len(shown.lstrip())))
        origins.extend(range(start, start + len(shown)))
        origins.append(line.start + len(raw))
    return origins[: len(content)]


def _cell_origins(text: str, line: Span, content: str) -> list[int]:
    """The same for a table cell, sought after the one before it; `\\|` in the source stands for `|`."""
    found = re.compile(re.escape(content).replace(r"\|", r"\\?\|")).search(text, line.start, line.end)
    if found is None:
        return []
    origins, at = [], found.start()
    for char in content:
        at += char == "|" and text[at] == "\\"
        origins.append(at)
        at += 1
    return origins


def _pieces(token: Token, origins: Sequence[int]) -> Iterator[Span]:
    """What a block shows of the source, adjacent characters in one piece."""
    shown = _visible(token.content, token.children or []) if origins else ()
    return _joined(origins, [Span(first, last) for first, last in shown])


def _joined(origins: Sequence[int], shown: Iterable[Span]) -> Iterator[Span]:
    """The source under spans of a block's content."""
    start = end = -1
    for span in shown:
        for at in origins[span.start : span.end]:
            if at != end and at >= end:
                if start < end:
                    yield Span(start, end)
                start = at
            end = max(end, at + 1)
    if start < end:
        yield Span(start, end)


def _visible(content: str, children: Iterable[Token]) -> Iterator[tuple[int, int]]:
    """Walk a block's children through its content; what no child shows is syntax and is passed over."""
    state = StateInline(content, _PARSER, {}, [])
    labels: list[int] = []  # where the texts of the open links end
    at = 0
    for child in children:
        if child.type == "link_open":
            at = content.find("<" if child.markup == "autolink" else "[", at)
            labels.append(
                content.find(">", at) if child.markup == "autolink" else _PARSER.helpers.parseLinkLabel(state, at, True)
            )
            at += 1
        elif child.type == "link_close":
            end = labels.pop()
            if child.markup == "autolink":
                yield at, end  # markdown-it shows it unescaped
            at = end + 1 if child.markup == "autolink" else _after_target(state, max(end, at))
        elif child.type == "image":
            label = _PARSER.helpers.parseLinkLabel(state, content.find("![", at) + 1, False)
            at = _after_target(state, max(label, at))
        elif child.type == "code_inline":
            code = re.compile(rf"(?<!`){child.markup}(?!`)(.+?)(?<!`){child.markup}(?!`)", re.DOTALL).search(
                content, at
            )
            if code:
                start = code.start(1) + len(code[1]) - len(code[1].lstrip())
                yield start, start + len(code[1].strip())
                at = code.end()
        else:
            shown = _as_written(child)
            found = content.find(shown, at) if shown else -1
            if found >= 0 and (not labels or found < labels[-1]):
                at = found + len(shown)
                if child.type != "html_inline" or _parts_words(content, found, at):
                    yield found + (child.info == "escape"), at


def _parts_words(content: str, start: int, end: int) -> bool:
    """Whether nothing but a `<br>` stands between two words: it stays in view, or they would run together."""
    around = content[max(0, start - 1) : start] + content[end : end + 1]
    return len(around) == 2 and around.isalnum() and re.match(r"(?i)<br\b", content[start:end]) is not None


def _as_written(child: Token) -> str:
    """The characters that a child without children of its own has in the source; none where it only opens or closes."""
    if child.type in ("softbreak", "hardbreak"):
        return "\n"
    if child.type == "text_special":
        return child.markup
    return child.content if child.type in ("text", "html_inline") else ""


def _after_target(state: StateInline, label_end: int) -> int:
    """Past `](target "title")`, `][label]` or `]`, read as markdown-it reads them."""
    content, helpers, at = state.src, _PARSER.helpers, label_end + 1
    blank = re.compile(r"[ \t\n]*")

    def skip(place: int) -> int:
        match = blank.match(content, place)
        return match.end() if match else place

    if content[at : at + 1] == "(":
        place = skip(at + 1)
        target = helpers.parseLinkDestination(content, place, len(content))
        place = target.pos if target.ok else place
        title = helpers.parseLinkTitle(content, skip(place), len(content))
        place = skip(title.pos if title.ok and skip(place) > place else place)
        if content[place : place + 1] == ")":
            return place + 1
    if content[at : at + 1] == "[":
        end: int = helpers.parseLinkLabel(state, at, False)
        return end + 1 if end >= 0 else at
    return at
