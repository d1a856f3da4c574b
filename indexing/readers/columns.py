"""Rows of a page put in the order in which they are read: columns one after the other, tables row by row.

A program may write a page of two columns row by row. PDFium gives what stands on one height as one line then, and the
wide gap in it is all that tells where a column ends.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from statistics import mean

from indexing.readers.paragraphs import Line

Row = tuple[Line, ...]
"""What stands on one height, parted at wide gaps; from left to right."""

WIDE = 1.5  # times the height of the letters: no gap between two words of a line that is set with even margins
FEWEST_ROWS = 4  # that have a gap at one place, before it parts columns
PROSE = 18  # letters that a line of a column has at least, on average; cells of tables have fewer
MOST_ACROSS = 0.3  # of the rows between the first and the last one with that gap may run across it


def in_reading_order(rows: Sequence[Row]) -> list[Line]:
    """The lines of a page, those of a table's row joined by tabs."""
    rows = _levelled(rows)
    if all(len(row) < 2 for row in rows):
        return [line for row in rows for line in row]
    gutter = _gutter(rows)
    return list(_tables(rows)) if gutter is None else list(_columns(rows, gutter))


def _levelled(rows: Sequence[Row]) -> list[Row]:
    """Rows that are given one after the other though they stand on one height, the later one to the right, as one."""
    joined: list[Row] = []
    for row in rows:
        last = joined[-1][-1] if joined else None
        if last and row[0].left - last.right > WIDE * last.size and abs(row[0].bottom - last.bottom) < 0.3 * last.size:
            joined[-1] = (*joined[-1], *row)
        else:
            joined.append(row)
    return joined


def _gaps(row: Row) -> Iterator[tuple[float, float]]:
    for left, right in pairwise(row):
        yield left.right, right.left


def _gutter(rows: Sequence[Row]) -> float | None:
    """Where the most gaps lie one above the other, if what stands on both sides of it reads like columns."""
    gaps = [gap for row in rows for gap in _gaps(row)]
    edges = sorted([*((begin, 1) for begin, _ in gaps), *((end, -1) for _, end in gaps)])
    best, most, open_gaps = None, 0, 0
    for (x, change), (following, _) in pairwise([*edges, (0.0, 0)]):
        open_gaps += change
        if open_gaps > most:
            best, most = (x + following) / 2, open_gaps
    if best is None or most < FEWEST_ROWS:
        return None
    parted = [at for at, row in enumerate(rows) if any(a < best < b for a, b in _gaps(row))]
    across = sum(_crosses(line, best) for row in rows[parted[0] : parted[-1] + 1] for line in row)
    sides = [
        [sum(len(line.text) for line in _side(rows[at], best, right=right)) for at in parted] for right in (False, True)
    ]
    prose = all(mean(lengths) >= PROSE for lengths in sides)
    return best if prose and across <= MOST_ACROSS * (parted[-1] - parted[0] + 1) else None


def _length(row: Row) -> int:
    return sum(len(line.text) for line in row)


def _crosses(line: Line, gutter: float) -> bool:
    return line.left < gutter < line.right


def _side(row: Row, gutter: float, *, right: bool) -> Row:
    return tuple(line for line in row if ((line.left + line.right) / 2 > gutter) is right)


def _columns(rows: Sequence[Row], gutter: float) -> Iterator[Line]:
    """Left, then right, between lines that run across both."""
    left: list[Row] = []
    right: list[Row] = []
    for row in rows:
        if any(_crosses(line, gutter) for line in row):
            yield from (*in_reading_order(left), *in_reading_order(right), *row)
            left, right = [], []
            continue
        for side, found in ((left, _side(row, gutter, right=False)), (right, _side(row, gutter, right=True))):
            if found:
                side.append(found)
    yield from (*in_reading_order(left), *in_reading_order(right))


def _tables(rows: Sequence[Row]) -> Iterator[Line]:
    """Rows that share a gap with the row above or below are rows of a table; a wide gap elsewhere is a blank."""
    for at, row in enumerate(rows):
        if len(row) < 2:
            yield from row
            continue
        beside = [rows[other] for other in (at - 1, at + 1) if 0 <= other < len(rows)]
        shared = any(max(a, c) < min(b, d) for other in beside for a, b in _gaps(row) for c, d in _gaps(other))
        text = ("\t" if shared else " ").join(line.text + "-" * (line.hyphen and line is not row[-1]) for line in row)
        yield replace(row[-1], text=text, left=row[0].left, size=row[0].size)
