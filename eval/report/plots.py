"""Plots as inline SVG: no script, no font, no host; every mark has its number in words for those who cannot see it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from importlib import resources
from itertools import groupby, pairwise

WIDTH, LEFT, RIGHT, ROW = 580, 230, 110, 26
INSIDE = WIDTH - LEFT - RIGHT


@dataclass(frozen=True, slots=True)
class Bar:
    """One row: a value in [0, 1] with its interval, where one is known, and the scores of trivial systems."""

    name: str
    value: float
    low: float | None = None
    high: float | None = None
    floors: tuple[tuple[str, float], ...] = ()
    note: str = ""


def intervals(bars: Sequence[Bar], title: str) -> str:
    """A dot and a whisker a row on a scale from 0 to 1; a floor is a small triangle with its name as a tooltip."""
    height = ROW * len(bars) + 40
    parts = [_grid(height)]
    for row, bar in enumerate(bars):
        y = 20 + ROW * row
        words = f"{bar.name}: {bar.value:.3f}" + (
            f" ({bar.low:.3f} to {bar.high:.3f})" if bar.low is not None and bar.high is not None else ""
        )
        parts.append(f'<text x="{LEFT - 10}" y="{y + 4}" text-anchor="end">{escape(bar.name)}</text>')
        if bar.low is not None and bar.high is not None:
            x1, x2 = _x(bar.low), _x(bar.high)
            parts.append(f'<line class="whisker" x1="{x1}" x2="{x2}" y1="{y}" y2="{y}"/>')
        for name, floor in bar.floors:
            x = _x(floor)
            parts.append(
                f'<path class="floor" d="M{x} {y + 5}l-4 7h8z"><title>{escape(name)}: {floor:.3f}</title></path>'
            )
        parts.append(f'<circle cx="{_x(bar.value)}" cy="{y}" r="5"><title>{escape(words)}</title></circle>')
        shown = f"{bar.value:.3f} {bar.note}".strip()
        parts.append(f'<text x="{WIDTH - RIGHT + 10}" y="{y + 4}">{escape(shown)}</text>')
    return _svg("".join(parts), height, title)


@dataclass(frozen=True, slots=True)
class Curve:
    """A line through points in the unit square, and what its axes are."""

    points: Sequence[tuple[float, float]]
    title: str
    across: str
    up: str
    diagonal: bool = True


SIDE, EDGE = 300, 44  # of a curve's square, and what stands to its left


def curve(points: Sequence[tuple[float, float]], title: str, across: str, up: str, diagonal: bool = True) -> str:
    """A line through points in the unit square."""
    parts = _curve(Curve(points, title, across, up, diagonal))
    return _svg(parts, SIDE + 54, title, SIDE + EDGE + 20, "square")


def drawing(curves: Sequence[Curve], title: str) -> str:
    """Curves, two a row, each under its title, as one SVG file that needs no page."""
    wide, high = SIDE + EDGE + 30, SIDE + 84
    width, height = wide * min(2, len(curves)), high * math.ceil(len(curves) / 2)
    parts = "".join(
        f'<g transform="translate({wide * (at % 2)} {high * (at // 2) + 26})">'
        f'<text x="{EDGE}" y="0">{escape(one.title)}</text>{_curve(one)}</g>'
        for at, one in enumerate(curves)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'role="img" aria-label="{escape(title)}"><style>{ALONE}</style>'
        f'<rect width="{width}" height="{height}" fill="#fff"/>{parts}</svg>\n'
    )


ALONE = (
    "text{font:12px system-ui,sans-serif;fill:#222}.tick{font-size:11px;fill:#666}.frame,.chance{stroke:#bbb;fill:none}"
    ".chance{stroke-dasharray:4 4}polyline{stroke:#1a5fb4;stroke-width:2;fill:none}circle{fill:#1a5fb4}"
)


def _curve(one: Curve) -> str:
    size, edge = SIDE, EDGE
    place = [(edge + x * size, 10 + (1 - y) * size) for x, y in one.points]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in place)
    chance = f'<line class="chance" x1="{edge}" y1="{10 + size}" x2="{edge + size}" y2="10"/>' if one.diagonal else ""
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3"/>' for x, y in place) if len(place) <= 15 else ""
    return (
        f'<rect class="frame" x="{edge}" y="10" width="{size}" height="{size}"/>{chance}'
        f'<polyline points="{line}"/>{dots}'
        f'<text x="{edge + size / 2}" y="{size + 42}" text-anchor="middle">{escape(one.across)}</text>'
        f'<text x="14" y="{10 + size / 2}" text-anchor="middle" transform="rotate(-90 14 {10 + size / 2})">'
        f"{escape(one.up)}</text>"
        + "".join(
            f'<text class="tick" x="{edge + at * size}" y="{size + 24}" text-anchor="middle">{at:g}</text>'
            f'<text class="tick" x="{edge - 5}" y="{14 + (1 - at) * size}" text-anchor="end">{at:g}</text>'
            for at in (0, 0.5, 1)
        )
    )


def scatter(dots: Sequence[tuple[str, float, float]], title: str, across: str, up: str) -> str:
    """A dot with its name for each `(name, x, y)`; x from 0 to the largest, y from 0 to 1. Names that would lie on one
    another are moved apart."""
    width, height, edge, room = 420, 260, 44, 190
    top = max((x for _, x, _ in dots), default=0.0) or 1.0
    parts = [f'<rect class="frame" x="{edge}" y="10" width="{width}" height="{height}"/>']
    lowest = -math.inf
    for name, x, y in sorted(dots, key=lambda dot: -dot[2]):
        at = edge + x / top * width, 10 + (1 - y) * height
        lowest = max(at[1] + 4, lowest + 14)
        words = f"{name}: {y:.3f} at {x:.4g}"
        parts.append(f'<circle cx="{at[0]:.1f}" cy="{at[1]:.1f}" r="4"><title>{escape(words)}</title></circle>')
        ends = f'x1="{at[0]:.1f}" x2="{edge + width + 8}" y1="{at[1]:.1f}" y2="{lowest:.1f}"'
        parts.append(f'<line class="chance" {ends}/>')
        parts.append(f'<text class="tick" x="{edge + width + 12}" y="{lowest + 4:.1f}">{escape(name)} {y:.2f}</text>')
    foot = max(height + 10.0, lowest + 8)
    parts += [
        f'<text class="tick" x="{edge + share * width}" y="{height + 26}" text-anchor="middle">{share * top:.3g}</text>'
        f'<text class="tick" x="{edge - 5}" y="{14 + (1 - share) * height}" text-anchor="end">{share:g}</text>'
        for share in (0, 0.5, 1)
    ]
    parts.append(f'<text x="{edge + width / 2}" y="{height + 44}" text-anchor="middle">{escape(across)}</text>')
    parts.append(
        f'<text x="14" y="{10 + height / 2}" text-anchor="middle" transform="rotate(-90 14 {10 + height / 2})">'
        f"{escape(up)}</text>"
    )
    return _svg("".join(parts), max(foot, height + 54.0), title, edge + width + room)


def histogram(values: Sequence[float], title: str, unit: str, bins: int = 24) -> str:
    """How often values fall into equal ranges from 0 to the largest."""
    top = max(values, default=0.0) or 1.0
    counts = [0] * bins
    for value in values:
        counts[min(bins - 1, int(value / top * bins))] += 1
    most, width, height = max(counts) or 1, 26, 140
    bars = "".join(
        f'<rect class="bar" x="{10 + at * width}" y="{10 + height - count / most * height:.1f}" width="{width - 2}" '
        f'height="{count / most * height:.1f}"><title>{count} from {at * top / bins:.1f} to '
        f"{(at + 1) * top / bins:.1f} {escape(unit)}</title></rect>"
        for at, count in enumerate(counts)
    )
    ticks = "".join(
        f'<text class="tick" x="{10 + share * bins * width}" y="{height + 28}" text-anchor="{anchor}">'
        f"{share * top:.4g} {escape(unit)}</text>"
        for share, anchor in ((0, "start"), (0.5, "middle"), (1, "end"))
    )
    return _svg(bars + ticks, height + 36, title, bins * width + 20)


def page(title: str, figure: str) -> str:
    """One plot as a page of its own."""
    style = resources.files("eval.report").joinpath("report.css").read_text(encoding="utf-8")
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{style}</style></head><body><main>{figure}</main></body></html>\n"
    )


def roc(positive: Sequence[float], negative: Sequence[float]) -> tuple[list[tuple[float, float]], float] | None:
    """The points of the curve (false against true positive rate) and its area; None where one side is empty.

    A higher score speaks for positive. Ties count half (Mann and Whitney).
    """
    if not positive or not negative:
        return None
    scored = sorted([*((score, True) for score in positive), *((score, False) for score in negative)], reverse=True)
    points, right, wrong = [(0.0, 0.0)], 0, 0
    for _, tied in groupby(scored, key=lambda pair: pair[0]):
        for _, is_positive in tied:
            right, wrong = right + is_positive, wrong + (not is_positive)
        points.append((wrong / len(negative), right / len(positive)))
    area = sum((x2 - x1) * (y1 + y2) / 2 for (x1, y1), (x2, y2) in pairwise(points))
    return points, area


def _x(value: float) -> float:
    return round(LEFT + max(0.0, min(1.0, value)) * INSIDE, 1)


def _grid(height: int) -> str:
    return "".join(
        f'<line class="grid" x1="{_x(at)}" x2="{_x(at)}" y1="6" y2="{height - 22}"/>'
        f'<text class="tick" x="{_x(at)}" y="{height - 6}" text-anchor="middle">{at:g}</text>'
        for at in (0, 0.25, 0.5, 0.75, 1)
    )


def _svg(parts: str, height: float, title: str, width: float = WIDTH, shape: str = "broad") -> str:
    return (
        f'<figure class="{shape}"><figcaption>{escape(title)}</figcaption>'
        f'<svg viewBox="0 0 {width:g} {height:g}" role="img" '
        f'aria-label="{escape(title)}">{parts}</svg></figure>'
    )
