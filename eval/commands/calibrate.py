"""`calibrate`: how far a judge can be believed, on answers that people have judged."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, get_args

from eval.arguments import DONE, Commands, add_settings, command, given_settings, line, positive


def add(commands: Commands) -> None:
    from eval.judges.human_labels import Kind
    from eval.judges.identity import Kind as Judge

    judge = command(
        commands, "calibrate", "a judge beside people: kappa, balanced accuracy, AUROC, reliability, canaries", run
    )
    judge.add_argument("data", type=Path, metavar="DATA.jsonl", help="SummEdits, RAGTruth, WiCE or MTRAG as published")
    judge.add_argument("--kind", choices=get_args(Kind), help="which of them (default: as its first line tells)")
    judge.add_argument("--split", choices=("tune", "test"), help="only what the gate's weights were (not) fitted on")
    judge.add_argument(
        "--judge", choices=get_args(Judge), default="gate", help="`llm` is the one of `run --judge` (default: gate)"
    )
    judge.add_argument("--repeats", type=positive, default=1, metavar="N", help="ask N times: self-consistency")
    judge.add_argument("--limit", type=positive, metavar="N", help="the first N answers only")
    judge.add_argument("--out", type=Path, metavar="FILE.json", help="keep it there, for `metrics --calibration`")
    judge.add_argument("--jobs", type=positive, default=1, metavar="N", help="answers judged at a time (default: 1)")
    judge.add_argument("--diagram", type=Path, metavar="FILE.html", help="write the reliability diagram")
    judge.add_argument("--json", action="store_true", help="print one line of JSON")
    add_settings(judge, "llm", "llm_url", llm="the model of the judges `llm` and `second_opinion`")


def run(data: Path, out: Path | None, diagram: Path | None, json: bool, judge: str, **options: Any) -> int:
    from app.settings import load_settings
    from eval.judges import beside_people as judging
    from eval.judges import calibrations

    settings = load_settings(given_settings(options))
    kept = {key: options[key] for key in ("kind", "split", "repeats", "limit", "jobs")}
    kept |= {"replies": calibrations.folder() / "replies.jsonl"} if judge == "llm" else {}
    found = judging.calibrate(data, judge, settings, progress=_show, **kept)  # type: ignore[arg-type]
    if out is not None:
        calibrations.write(found, out)
    else:
        out = calibrations.keep(found)
    if diagram is not None:
        diagram.write_text(judging.diagram_page(found), encoding="utf-8")
    print(line(found) if json else judging.table(found))
    print(f"kept in {out}", file=sys.stderr)
    return DONE


def _show(done: int, total: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{done} of {total}", end="\n" if done == total else "", file=sys.stderr, flush=True)
