"""`gate`: whether a run is good enough to release."""

from __future__ import annotations

from pathlib import Path

from eval.arguments import DONE, ERROR, Commands, add_calibration, command


def add(commands: Commands) -> None:
    gate = command(
        commands, "gate", "decide on a run: exit code 0 when every condition holds, 1 when one does not, 2 usage", run
    )
    gate.add_argument("folder", type=Path, metavar="DIR", help="the run")
    gate.add_argument(
        "--min",
        action="append",
        default=[],
        metavar='"METRIC>=BOUND"',
        help="the low end of its 95 %% interval reaches it (<=: the high end); below 8 clusters it must hold with each "
        "cluster left out in turn",
    )
    gate.add_argument("--baseline", type=Path, metavar="DIR", help="another run of the same suite")
    gate.add_argument(
        "--no-worse",
        action="append",
        default=[],
        metavar="METRIC@MARGIN",
        help="the 95 %% interval of the difference to the baseline, item by item, stays within the margin",
    )
    add_calibration(gate)
    gate.add_argument("--junit", type=Path, metavar="FILE", help="write the verdicts as JUnit XML")


def run(
    folder: Path,
    min: list[str],
    baseline: Path | None,
    no_worse: list[str],
    calibration: Path | None,
    junit: Path | None,
) -> int:
    from eval import gate
    from indexing.errors import OnrecordError

    least, bound = [gate.Least.read(text) for text in min], [gate.NoWorse.read(text) for text in no_worse]
    verdicts = gate.decide(folder, least, bound, baseline, calibration)
    for verdict in verdicts:
        print(f"{'holds' if verdict.holds else 'FAILS'}  {verdict.condition}: {verdict.reason}")
    if junit is not None:
        try:
            junit.write_text(gate.junit(verdicts), encoding="utf-8")
        except OSError as error:
            raise OnrecordError(f"{junit} cannot be written ({error.strerror}); choose another --junit") from error
    return DONE if all(verdict.holds for verdict in verdicts) else ERROR
