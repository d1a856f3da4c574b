"""`ground`: the grounding gate against human labels."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

from eval.arguments import DONE, Commands, command, line


def add(commands: Commands) -> None:
    from eval.judges.human_labels import Kind

    ground = command(commands, "ground", "the grounding gate against human labels, beside its floors", run)
    ground.add_argument(
        "data", type=Path, metavar="DATA", help="SummEdits, RAGTruth, WiCE or MTRAG (its human evaluation) as published"
    )
    ground.add_argument("--kind", choices=get_args(Kind), help="which of them (default: as its first line tells)")
    ground.add_argument(
        "--split", choices=("tune", "test"), help="only what the weights were fitted on, or only what they were not"
    )
    ground.add_argument("--gate-reader", action="store_true", help="with the packaged reader's word on each statement")
    ground.add_argument("--json", action="store_true", help="print one line of JSON")


def run(data: Path, kind: str | None, split: str | None, gate_reader: bool, json: bool) -> int:
    from app.evidence.understanding import SHIPPED, reading
    from app.judging.hearing import Hearing
    from eval.judges.grounding import measure, report

    opinion = Hearing(reading(SHIPPED).supports) if gate_reader else None
    result = measure(data, kind, split, opinion)  # type: ignore[arg-type]
    print(line(result) if json else report(result), end="\n" if json else "")
    return DONE
