"""Whether the reader's probabilities mean what they say: each head on what was kept aside and on what is reported, as
its logits are and calibrated."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from app.evidence.reader_model import NO_SHIFTS, Reader, known, opened
from eval.judges.agreement import bins
from eval.report import plots
from eval.training import data as sources
from eval.training.pairs import Pair

Scored = list[tuple[float, bool]]
HEADS = {"answers": "share that answers", "supports": "share that is supported"}


def reliability(folder: Path, pairs: Sequence[Pair], out: Path) -> dict[str, Any]:
    """For each head and split its bins (mean probability, share that holds, n) and its expected calibration error
    before and after it was calibrated; written to `out/reliability.json` and, as pictures, `out/reliability.svg`."""
    reader = opened(folder)
    about = known(folder)
    _, aside, reported = sources.divided(pairs)
    found: dict[str, Any] = {}
    for head in HEADS:
        scale, shift = about["temperatures"][head], about.get("shifts", NO_SHIFTS)[head]
        sign = -1 if head == "supports" else 1  # its logit is that of being wrong
        for split, given in (("kept aside", aside), ("reported", reported)):
            after = list(_probabilities(reader, head, [one for one in given if one.task == head]))
            found[f"{head}, {split}"] = {
                "n": len(after),
                "temperature": scale,
                "shift": shift,
                "ece_before": error([(_undone(value, scale, sign * shift), held) for value, held in after]),
                "ece_after": error(after),
                "bins": bins(after),
            }
    (out / "reliability.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    (out / "reliability.svg").write_text(picture(found), encoding="utf-8")
    return found


def error(scored: Scored) -> float:
    """The expected calibration error: how far the mean probability of a bin is from the share that holds, by n."""
    parts = bins(scored)
    total = sum(one["n"] for one in parts)
    return round(sum(one["n"] * abs(one["score"] - one["held"]) for one in parts) / total, 4) if total else 0.0


def _probabilities(reader: Reader, head: str, given: Sequence[Pair]) -> Iterator[tuple[float, bool]]:
    """What the reader says of each pair, and whether it holds."""
    if head == "supports":
        stances = reader.supports_all([(one.judged, [one.read]) for one in given])
        yield from ((said.supported, one.positive) for said, one in zip(stances, given, strict=True))
        return
    asked: dict[str, list[Pair]] = {}
    for one in given:
        asked.setdefault(one.read, []).append(one)
    for question, some in asked.items():
        values = reader.answers(question, [one.judged for one in some], [one.context for one in some])
        yield from ((value, one.positive) for value, one in zip(values, some, strict=True))


def _undone(value: float, temperature: float, shift: float) -> float:
    """A probability as it was before its logit was divided by the temperature and shifted."""
    return _sigmoid(temperature * (_odds(value) - shift))


def _odds(value: float) -> float:
    value = min(1 - 1e-12, max(1e-12, value))
    return math.log(value / (1 - value))


def _sigmoid(logit: float) -> float:
    return 1 / (1 + math.exp(-logit))


def table(found: dict[str, Any]) -> str:
    """The same for people."""
    lines = []
    for name, one in found.items():
        lines.append(
            f"{name}: n {one['n']}, temperature {one['temperature']}, shift {one['shift']}, "
            f"ECE {one['ece_before']:.3f} before, {one['ece_after']:.3f} after"
        )
        lines.append(f"  {'probability':>12}{'observed':>10}{'n':>6}")
        lines += [f"  {part['score']:>12.3f}{part['held']:>10.3f}{part['n']:>6}" for part in one["bins"]]
    return "\n".join(lines)


def picture(found: dict[str, Any]) -> str:
    """A reliability plot for each head and split, as one picture of its own."""
    curves = [
        plots.Curve(
            [(part["score"], part["held"]) for part in one["bins"]],
            f"{name}: ECE {one['ece_after']:.3f}, n {one['n']}",
            "probability",
            HEADS[name.split(",")[0]],
        )
        for name, one in found.items()
    ]
    return plots.drawing(curves, "Reliability of the reader's two heads")
