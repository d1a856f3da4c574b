"""What each part of the reader's training is worth: trainings without it, all of the same small length."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.evidence.reader_model import opened
from eval.fitting.answers import all_items
from eval.training import data as sources
from eval.training.make import base_weights, kept_pairs, made_of
from eval.training.pairs import Pair, Task
from eval.training.worth import Asked, measured, outcomes, read_all

NEEDED_NO_MORE = ("checkpoint.pt", "best.pt", "reader.float.onnx")  # 430 MB an arm


@dataclass(frozen=True, slots=True)
class Arm:
    """What a training goes without, `only` one head; with `asked`, it has the questions of a model, too."""

    synthetic: bool = True
    hard: bool = True
    only: Task | None = None
    asked: bool = False

    def of(self, pairs: Sequence[Pair]) -> list[Pair]:
        """Its pairs, of all those made with hard negatives or of all those made without."""
        return [one for one in pairs if self.only in (None, one.task) and (self.synthetic or not constructed(one))]


ARMS = {
    "full": Arm(),
    "no-hard": Arm(hard=False),
    "no-synthetic": Arm(synthetic=False),
    "only-answers": Arm(only="answers"),
    "only-supports": Arm(only="supports"),
    "asked": Arm(asked=True),
}


def constructed(one: Pair) -> bool:
    """Whether a generator made the pair: an answer hidden behind a vague word, or an error by construction."""
    return one.source.split()[0] == "constructed" or one.source.endswith(" vague")


def trained(data: Path | None, out: Path, base: Path | None, asked: Path = sources.ASKED, **plan: Any) -> None:
    """A reader for each arm in `out/NAME`, those that are there left as they are.

    All begin at the base, with the same seed and number of steps, and are measured on the same pairs: those kept aside
    and those reported of `out/pairs.jsonl`, made of the sets in `data` where it is missing. `asked` is the file with
    the questions of a model, for the arm that has them.
    """
    weights = base_weights(base)
    for name, arm in ARMS.items():
        folder = out / name
        if (folder / "reader.json").exists():
            continue
        folder.mkdir(parents=True, exist_ok=True)
        _, aside, reported = sources.divided(pairs_in(out, data))
        given = pairs_in(out, data, hard=arm.hard) + (asked_in(out, data, asked) if arm.asked else [])
        tune, _, _ = sources.divided(given)
        print(f"{name}: {len(arm.of(tune))} pairs to draw from", flush=True)
        made_of((arm.of(tune), aside, reported), weights, folder, checks=1, **plan)
        for part in NEEDED_NO_MORE:
            (folder / part).unlink(missing_ok=True)


def pairs_in(out: Path, data: Path | None, *, hard: bool = True) -> list[Pair]:
    """All pairs, with hard negatives or without, from `out` or made of the sets in `data`."""
    name = "pairs.jsonl" if hard else "pairs-no-hard.jsonl"
    return kept_pairs(out / name, lambda: sources.pairs(sources.given(data), hard=hard))


def asked_in(out: Path, data: Path | None, asked: Path) -> list[Pair]:
    """The pairs of the questions that a model asked, from `out` or made over the texts in `data`."""

    def made() -> list[Pair]:
        return sources.by_model(sources.reading_of(sources.given(data)), asked)

    return kept_pairs(out / "pairs-asked.jsonl", made)


def measure(out: Path, also: Sequence[tuple[Path, Path]], steps: int) -> dict[str, Any]:
    """What each arm in `out` is worth, and going without a reader; written to `out/ablations.json`.

    The heads are measured on the pairs that are reported, the answer chain on the questions of the shipped suites and
    of `also`, suites with the home of their collection.
    """
    asked, count = [Asked.of(one) for one in all_items(also) if one.kind], 0
    found: dict[str, Any] = {"without": {"questions": measured(outcomes(asked, None))}}
    for name, arm in ARMS.items():
        about = json.loads((out / name / "reader.json").read_text(encoding="utf-8"))
        reported = about["reported"]
        count = reported["pairs"]
        heads = [head for head in ("answers", "supports") if arm.only in (None, head)]
        found[name] = {head: _rounded(reported["int8"][head], *reported["95 %"][head]) for head in heads}
        if "answers" in heads:
            said = read_all(asked, opened(out / name), out / name / "read.json")
            found[name]["questions"] = measured(outcomes(asked, said))
        print(f"{name} is measured", flush=True)
    made = {"steps": steps, "reported_pairs": count, "arms": found}
    (out / "ablations.json").write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
    return made


def _rounded(*values: float) -> list[float]:
    return [round(one, 3) for one in values]


HEADS = ("answers", "supports")
QUESTIONS = {"first_3": "evidence among the first 3", "auroc_near": "near misses, AUROC"}


def table(found: Mapping[str, Any]) -> str:
    """The same as a table in Markdown: a row an arm."""
    arms = found["arms"]
    collections = list(arms["without"]["questions"])
    names = [f"{one}: {told}" for one in collections for told in QUESTIONS.values()]
    rows = [["", *HEADS, *names], ["---"] * (1 + len(HEADS) + len(names))]
    for name, arm in arms.items():
        asked = arm.get("questions", {})
        cells = [arm.get(head) for head in HEADS]
        cells += [asked.get(one, {}).get(key) for one in collections for key in QUESTIONS]
        rows.append([name, *map(_cell, cells)])
    counted = "; ".join(
        f"{one} n {n['first_3']} (evidence), {n['answerable']} and {n['near']} (near misses)"
        for one in collections
        for n in [arms["without"]["questions"][one]["n"]]
    )
    head = f"{found['steps']} steps of 32 pairs an arm; heads: {found['reported_pairs']} reported pairs; {counted}"
    return "\n".join([head, "", *(f"| {' | '.join(row)} |" for row in rows)])


def _cell(value: Sequence[float] | None) -> str:
    return "" if value is None else f"{value[0]:.3f} [{value[1]:.3f}, {value[2]:.3f}]"
