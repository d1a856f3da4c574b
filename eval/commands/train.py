"""`train`: make the shipped models anew: the reader from its pairs, the sentence encoder from its weights."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eval.arguments import DONE, Commands, add_settings, add_suites, command, given_settings, positive
from indexing.errors import UsageError

if TYPE_CHECKING:
    from eval.training.asking import Plan

SHIPPED = Path("shipped")
STEPS = 150  # of each ablation, where nothing else is said


def add(commands: Commands) -> None:
    train = command(commands, "train", "make the shipped models anew (needs the extra `train`)", run)
    train.add_argument(
        "what",
        choices=("reader", "pairs", "seams", "ablations", "reliability", "questions", "embedder"),
        help="the reader; its pairs alone; how much its word counts; short trainings without a part each; whether its "
        "probabilities mean what they say; questions by a language model; the sentence encoder's graph",
    )
    train.add_argument("--data", type=Path, metavar="DIR", help="xquad_dev.json, wice_dev.jsonl, ...; embedder: texts")
    train.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="checkpoints, log, and the result; questions: a file"
    )
    train.add_argument("--base", type=Path, metavar="FILE", help="the weights to begin with, where not installed")
    train.add_argument("--epochs", type=float, default=1.0, metavar="N", help="(default: 1)")
    train.add_argument("--steps", type=positive, metavar="N", help="of 32 pairs, in place of epochs (ablations: 150)")
    train.add_argument("--rate", type=float, default=6e-5, metavar="X", help="of learning (default: 6e-5)")
    train.add_argument("--threads", type=positive, default=2, metavar="N", help="(default: 2)")
    add_suites(train, "ablations: ")
    add_settings(train, "llm", "llm_url", llm="questions: this model asks and answers")
    train.add_argument("--seed", type=int, default=1, metavar="N", help="questions: another choice (default: 1)")
    train.add_argument("--each", type=positive, default=6, metavar="N", help="questions: sentences a text (default: 6)")
    train.add_argument("--count", type=positive, default=500, metavar="N", help="questions: kept in all (default: 500)")
    train.add_argument("--taken-out", action="store_true", help="questions: nothing may answer without their sentence")
    train.add_argument(
        "--asked",
        nargs="?",
        type=Path,
        const=SHIPPED,
        metavar="FILE",
        help="learn from the questions of a model, too (without FILE: from the shipped ones)",
    )
    train.add_argument("--only", choices=("answers", "supports"), help="train one head alone (an ablation)")
    train.add_argument("--no-synthetic", action="store_true", help="no pairs by construction (an ablation)")
    train.add_argument("--no-hard", action="store_true", help="no hard negatives (an ablation)")


def run(what: str, data: Path | None, out: Path, base: Path | None, only: str | None, **options: Any) -> int:
    from eval.training.asking import Plan
    from eval.training.data import ASKED, given
    from eval.training.make import fit_seams, make, write_pairs

    settings = given_settings(options)
    asking = [options.pop(name) for name in ("seed", "each", "count", "taken_out")]
    options = {name: value for name, value in options.items() if name not in settings}
    if what == "questions":
        print(_questions(data, out, settings, Plan(*asking)))
        return DONE
    out.mkdir(parents=True, exist_ok=True)
    if what == "embedder":
        print(_embedder(base, data or Path("seeds"), out))
        return DONE
    asked = options.pop("asked")
    asked = ASKED if asked == SHIPPED else asked
    synthetic, hard = not options.pop("no_synthetic"), not options.pop("no_hard")
    if what == "seams":
        print(fit_seams(out))
        return DONE
    also = [(suite, home) for suite, home in options.pop("also")]
    if what == "ablations":
        print(_ablations(data, out, base, asked or ASKED, also, options))
        return DONE
    if what == "reliability":
        print(_reliability(data, out))
        return DONE
    pairs = write_pairs(given(data), out, synthetic=synthetic, hard=hard, only=only, asked=asked)
    if what == "reader":
        print(make(pairs, base, out, **options))
    return DONE


def _questions(data: Path | None, out: Path, flags: dict[str, Any], plan: Plan) -> str:
    from app.language_models.llm import language_model
    from app.settings import load_settings
    from eval.training.asking import write
    from eval.training.data import given, reading_of

    reading = reading_of(given(data))
    out.parent.mkdir(parents=True, exist_ok=True)
    return "\n".join(write(language_model(load_settings(flags)), reading, out, plan))


def _ablations(
    data: Path | None,
    out: Path,
    base: Path | None,
    asked: Path,
    also: list[tuple[Path, Path]],
    options: dict[str, Any],
) -> str:
    from eval.training.ablations import measure, table, trained

    steps = options["steps"] or STEPS
    trained(data, out, base, asked, steps=steps, rate=options["rate"], threads=options["threads"])
    return table(measure(out, also, steps))


def _reliability(data: Path | None, out: Path) -> str:
    """Of the reader in `out`, or of the shipped one where there is none."""
    from eval.training.ablations import pairs_in
    from eval.training.reliability import reliability, table

    folder = out if (out / "reader.json").exists() else Path(str(resources.files("app.evidence") / "trained"))
    return table(reliability(folder, pairs_in(out, data), out))


def _embedder(base: Path | None, texts: Path, out: Path) -> str:
    try:
        from eval.training.sentence_encoder import write

        return write(base, texts, out)
    except ModuleNotFoundError as error:
        raise UsageError(f"{error.name} is not installed; run: pip install '.[train]'") from error
