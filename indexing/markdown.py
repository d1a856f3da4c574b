"""Markdown's blocks as visible pieces of the source: the syntax stays in the canonical text and out of view."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token

from indexing.clean import Block, without_residue
from indexing.spans import Span

FRONT_MATTER = re.compile(r"---[ \t]*\r?\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE)
MAX_FRONT_MATTER = 65_536  # characters

# `text_join` would merge escapes and entities into their neighbours, which loses their length in the source.
_PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"]).disable("text_join")


def front_matter(text: str) -> tuple[dict[str, Any], Span]:
    """The YAML mapping at the head of a text and its span; an empty mapping where there is none or it is not valid."""
    match = FRONT_MATTER.match(text)
    if match is None or match.end() > MAX_FRONT_MATTER:
        return {}, Span(0, 0)
    try:
        values = yaml.safe_load(match[1])
    except (yaml.YAMLError, ValueError):
        values = None
    return (values if isinstance(values, dict) else {}), Span(0, match.end())


def markdown_blocks(text: str) -> tuple[Block, ...]:
    """The blocks of a Markdown text after its front matter: headings, paragraphs, list items, table rows, code."""
    head = front_matter(text)[1].end
    # markdown-it counts lines by "\n" after folding the other line ends, as this does.
    lines = [Span(head + m.start(), head + m.end()) for m in re.finditer(r"[^\r\n]*(?:\r\n|\r|\n|\Z)", text[head:])]
    blocks = []
    heading = row = False
    cells: list[Span] = []
    for token in _PARSER.parse(text[head:]):
        if token.type in ("heading_open", "heading_close"):
            heading = token.type == "heading_open"
        elif token.type == "tr_open":
            row, cells = True, []
        elif token.type == "tr_close":
            row = False
            if cells:
                blocks.append(Block("text", tuple(cells)))
        elif token.type == "inline" and token.map:
            # A cell is looked for after the cell before it: two cells of a row can hold the same words.
            raw = Span(
                max(lines[token.map[0]].start, cells[-1].end if row and cells else 0), lines[token.map[1] - 1].end
            )
            pieces = tuple(_pieces(text, raw, token))
            if row:
                cells.extend(_with_gap(text, cells, pieces))
            elif pieces:
                blocks.append(Block("heading" if heading else "text", pieces))
        elif token.type in ("fence", "code_block") and token.map:
            blocks.extend(_code(text, lines[token.map[0] : token.map[1]], fenced=token.type == "fence"))
    return tuple(without_residue(text, blocks))


def _with_gap(text: str, cells: list[Span], pieces: tuple[Span, ...]) -> tuple[Span, ...]:
    """Between two cells one character of the source stays visible, so that their words do not run together."""
    if not cells or not pieces:
        return pieces
    blank = next((at for at in range(cells[-1].end, pieces[0].start) if text[at].isspace()), None)
    return pieces if blank is None else (Span(blank, blank + 1), *pieces)


def _code(text: str, lines: list[Span], *, fenced: bool) -> Iterator[Block]:
    for line in lines[1:-1] if fenced else lines:
        shown = line.of(text)
        if shown.strip():
            start = line.start + len(shown) - len(shown.lstrip())
            yield Block("text", (Span(start, start + len(shown.strip())),))


def _pieces(text: str, raw: Span, token: Token) -> Iterator[Span]:
    """Walk a token's children through the source; what no child shows is syntax and is passed over."""
    at = raw.start
    for child in token.children or ():
        if child.type in ("text", "code_inline"):
            for part in child.content.split("\n"):  # markdown-it turns a line end inside code into a blank or leaves it
                found = text.find(part, at, raw.end)
                if part and found >= 0:
                    yield Span(found, found + len(part))
                    at = found + len(part)
        elif child.type == "text_special":
            found = text.find(child.markup, at, raw.end)
            if found >= 0:
                at = found + len(child.markup)
                yield Span(found + (child.info == "escape"), at)
        elif child.type in ("softbreak", "hardbreak"):
            match = re.compile(r"\r\n|\r|\n").search(text, at, raw.end)
            if match:
                yield Span(match.start(), match.start() + 1)
                at = match.end()
        elif child.type == "image":
            at = _after_target(text, _after_label(text, text.find("![", at, raw.end) + 2, raw.end), raw.end)
        elif child.type == "html_inline":
            at = max(at, text.find(child.content, at, raw.end) + len(child.content))
        elif child.type == "link_close" and child.markup != "autolink":
            at = _after_target(text, at, raw.end)


def _after_label(text: str, at: int, end: int) -> int:
    """Just before the bracket that closes a label opened before `at`."""
    depth = 1
    while at < end:
        if text[at] == "\\":
            at += 1
        elif text[at] in "[]":
            depth += 1 if text[at] == "[" else -1
            if depth == 0:
                return at
        at += 1
    return end


LINK_TARGET = re.compile(
    r"""\](?:\(\s*(?:<[^<>\n]*>|[^\s()]*(?:\([^\s()]*\)[^\s()]*)*)(?:\s+(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|\((?:\\.|[^)\\])*\)))?\s*\)|\[[^\]]*\])?"""
)


def _after_target(text: str, at: int, end: int) -> int:
    """Past `](target "title")`, `][label]` or `]`, which follow a link's text after at most some closing emphasis."""
    match = re.compile(r"[*_~`]*").match(text, at, end)
    start = match.end() if match else at
    target = LINK_TARGET.match(text, start, end)
    return target.end() if target else at
