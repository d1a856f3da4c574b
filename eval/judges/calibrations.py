"""Calibrations kept by judge, and found again for every number that the judge made.

They lie in `calibrations/` of the configured home (`onrecord.toml`, `ONRECORD_HOME`, or `.onrecord`), a file for each
judge and labelled set; where none is kept of a judge, those that are shipped count. A judge's fingerprint is in the
name, so another prompt, model or gate finds none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.settings import load_settings
from eval.judges import canaries
from eval.judges.correction import corrected
from eval.judges.identity import Judge
from eval.metrics import BY_NAME
from indexing.errors import OnrecordError

FOLDER = "calibrations"
SHIPPED = Path(__file__).resolve().parent / "calibrated"  # of our own gate: rates and counts, no texts
CANARIES = "canaries.json"  # of a run: what its judging model said of them
FIGURES = ("kappa", "balanced_accuracy", "sensitivity", "specificity")
UNLIKE = "people judged another kind of answers"
HOW = "`python -m eval calibrate DATA.jsonl` holds it against people"


def folder() -> Path:
    return load_settings({}).home / FOLDER


def keep(found: dict[str, Any]) -> Path:
    """Store what `calibrate` found where runs look for it."""
    data = found["data"]
    name = f"{found['judge']}-{found['fingerprint'][:16]}-{Path(data['file']).stem}-{data['split']}"
    path = folder() / f"{re.sub(r'[^A-Za-z0-9_.-]+', '_', name)}.json"
    write(found, path)
    return path


def write(found: dict[str, Any], path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise OnrecordError(f"{path} cannot be written ({error.strerror}); choose another --out") from error


def read(path: Path) -> dict[str, Any]:
    """One that was written by `calibrate`; OnrecordError for any other file."""
    try:
        found = dict(json.loads(path.read_text(encoding="utf-8")))
        for name in FIGURES:
            level(found)[name]["value"]
        found["fingerprint"], found["judge"], found["model"], found["data"]["file"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise OnrecordError(f"{path} is no calibration ({error}); make one with `calibrate`") from error
    return found


def level(found: Mapping[str, Any]) -> Mapping[str, Any]:
    """A judge's agreement with people on statements or, where these are not labelled, on whole answers."""
    return dict(found["statements"] or found["answers"])


def find(judge: Judge, given: Path | None = None) -> dict[str, Any] | None:
    """The calibration of a judge: the one given, if it is this judge's; else of those kept, and then of those shipped,
    the one on statements, and with the most of them."""
    if given is not None:
        found = read(given)
        return found if found["judge"] == judge.kind else None
    return _best(judge, folder()) or _best(judge, SHIPPED)


def _best(judge: Judge, there: Path) -> dict[str, Any] | None:
    start = f"{judge.kind}-{judge.fingerprint[:16]}-"
    paths = sorted(there.glob(f"{start}*.json")) if there.is_dir() else []
    kept = [one for one in map(read, paths) if one["fingerprint"] == judge.fingerprint]
    return max(kept, key=lambda one: (one["statements"] is not None, level(one)["n"]), default=None)


@dataclass(frozen=True, slots=True)
class Judged:
    """Who judged the numbers of a run: each judge by its kind, with the calibration that is known of it, and what it
    said of the canaries in the run."""

    judges: Mapping[str, tuple[Judge, Mapping[str, Any] | None]]
    watched: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @classmethod
    def of(cls, judges: Iterable[Judge], run: Path, given: Path | None = None) -> Judged:
        """Of the run in a folder, with the calibration given, or those kept."""
        judges = list(judges)
        seen = canaries_of(run)
        watched: dict[str, Mapping[str, Any]] = {
            judge.kind: seen for judge in judges if seen and seen.get("judge") == judge.fingerprint
        }
        return cls({judge.kind: (judge, find(judge, given)) for judge in judges}, watched)

    def canaries(self, kind: str) -> Mapping[str, Any] | None:
        """What a judge said of canaries: in the run, else where it was held against people; None without any."""
        calibration = self.judges[kind][1]
        return self.watched.get(kind) or (calibration["canaries"] if calibration else None)

    def is_unmasked(self, metric: str) -> bool:
        """Whether the metric's judge failed the canaries: what it says means nothing."""
        return (judge := self.judge(metric)) is not None and canaries.failed(self.canaries(judge.kind))

    def judge(self, metric: str) -> Judge | None:
        """Who judged a metric; None where nobody did."""
        known = self.judges.get(BY_NAME[metric].judge)
        return known[0] if known else None

    def is_calibrated(self, metric: str) -> bool:
        return self.judges[BY_NAME[metric].judge][1] is not None

    def errors(self, metric: str) -> Mapping[str, Any] | None:
        """The agreement with people of a metric's judge, where it is known and can be taken out of the metric: a share
        of what the judge called supported can be corrected by how often it is wrong in that, others cannot. Nothing is
        taken out for a judge that failed the canaries."""
        known = self.judges.get(BY_NAME[metric].judge)
        if known is None or known[1] is None or BY_NAME[metric].better != "higher" or self.is_unmasked(metric):
            return None
        return level(known[1])

    def note(self, metric: str) -> str:
        """For people, how far the metric's judge is to be believed; empty where nobody judged."""
        if (judge := self.judge(metric)) is None:
            return ""
        if self.is_unmasked(metric):
            return f"as judged by {judge.name}, which {canaries.told(self.canaries(judge.kind))}"
        if not self.is_calibrated(metric):
            return f"as judged by {judge.name}, UNCALIBRATED"
        if self.errors(metric) is None:
            return f"as judged by {judge.name}, not corrected for its errors"
        return f"corrected for the errors of {judge.name}"


def carry(metrics: dict[str, Any], judged: Judged) -> dict[str, Any]:
    """The object of metrics.json in which every judged number says who judged it and, where the judge was held against
    people, what the number is without its errors; `judges` tells how far each can be believed."""

    def told(name: str, metric: dict[str, Any]) -> dict[str, Any]:
        if (judge := judged.judge(name)) is None:
            return metric
        errors = judged.errors(name) if metric["value"] is not None else None
        fixed = corrected(metric, errors).as_json() if errors else None
        return {
            **metric,
            "judge": {
                "kind": judge.kind,
                "calibrated": judged.is_calibrated(name),
                "unmasked": judged.is_unmasked(name),
                "corrected": fixed,
            },
        }

    def all_told(those: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
        return {name: told(name, metric) for name, metric in those.items()}

    return {
        **metrics,
        "metrics": all_told(metrics["metrics"]),
        "by_type": {
            kind: {**entry, "metrics": all_told(entry["metrics"])} for kind, entry in metrics["by_type"].items()
        },
        "judges": {
            kind: _about(judge, calibration, judged.canaries(kind))
            for kind, (judge, calibration) in judged.judges.items()
        },
    }


def canaries_of(run: Path) -> dict[str, Any]:
    """What the judging model of a run said of its canaries; empty where none did."""
    try:
        found = json.loads((run / CANARIES).read_text(encoding="utf-8"))
        return {key: found[key] for key in ("judge", "n", "right", "constant")}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _about(judge: Judge, calibration: Mapping[str, Any] | None, watched: Mapping[str, Any] | None) -> dict[str, Any]:
    about: dict[str, Any] = {"name": judge.name, "model": judge.model, "fingerprint": judge.fingerprint}
    about["canaries"] = None if watched is None else {key: watched[key] for key in ("n", "right", "constant")}
    if calibration is None:
        return {**about, "calibrated": False}
    known = level(calibration)
    return {
        **about,
        "calibrated": True,
        "data": calibration["data"],
        "this_version": calibration["fingerprint"] == judge.fingerprint,
        "level": "statements" if calibration["statements"] else "answers",
        **{key: known[key] for key in ("n", "sources", "base_rate", "self_consistency", "constant")},
        **{key: known[key] for key in FIGURES},
        "reliability": known.get("reliability", []),
    }


def lines(metrics: Mapping[str, Any]) -> Iterator[str]:
    """For people: who judged what, how far that can be believed, and each number without the judge's errors."""
    for kind, judge in metrics.get("judges", {}).items():
        those = {
            name: one
            for name, one in metrics["metrics"].items()
            if one.get("judge", {}).get("kind") == kind and one["value"] is not None
        }
        if not those:
            continue
        yield f"judged by {judge['name']}: {', '.join(those)}"
        yield f"  {believed(judge)}"
        for name, one in those.items():
            if judge["calibrated"] and BY_NAME[name].better == "higher" and not one["judge"]["unmasked"]:
                yield f"  {name} {without_errors(one['judge']['corrected'])}"


def believed(judge: Mapping[str, Any]) -> str:
    """How far a judge of `judges` can be believed, in words."""
    watched = judge.get("canaries")
    seen = f"; {canaries.told(watched)}" if canaries.told(watched) else ""
    if not judge["calibrated"]:
        return f"UNCALIBRATED: how often this judge errs is not known; {HOW}{seen}"
    figures = ", ".join(f"{name.replace('_', ' ')} {judge[name]['value']:.3f}" for name in _known(judge))
    again = judge["self_consistency"]
    about = [f"n {judge['n']} {judge['level']}"]
    about += [] if judge["base_rate"] is None else [f"of which people say {judge['base_rate']:.3f} hold"]
    about += [] if again is None else [f"says the same again in {again:.3f}"]
    constant = "; ALWAYS SAYS THE SAME: it says nothing about answers" if judge["constant"] else ""
    about += [] if judge.get("this_version", True) else ["ANOTHER VERSION of this judge"]
    where = f"on {judge['data']['file']} ({', '.join(about)})"
    return f"calibrated {where}: {figures}{constant}{seen}"


def without_errors(corrected: Mapping[str, Any] | None) -> str:
    if corrected is None or corrected["value"] is None:
        return "cannot be corrected: this judge is hardly better than chance"
    bounds = "too few clusters for an interval"
    if corrected["low"] is not None:
        bounds = f"{corrected['low']:.3f} to {corrected['high']:.3f}"
    unlike = "" if corrected.get("fits", True) else f" ({UNLIKE})"
    return f"corrected for its errors: {corrected['value']:.3f}, {bounds}{unlike}"


def _known(judge: Mapping[str, Any]) -> Sequence[str]:
    return [name for name in FIGURES if judge[name]["value"] is not None]
