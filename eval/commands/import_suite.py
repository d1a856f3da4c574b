"""`import`: a suite, its documents and recorded answers out of published data."""

from __future__ import annotations

from pathlib import Path

from app.counts import counted
from eval.arguments import DONE, Commands, command

NAMES = ("squad", "ragtruth", "summedits", "wice", "mtrag", "ragas", "beir")


def add(commands: Commands) -> None:
    parser = command(commands, "import", "make a suite of published data, with its documents and recorded answers", run)
    parser.add_argument("kind", choices=NAMES, metavar="KIND", help=f"the layout: {', '.join(NAMES)}")
    parser.add_argument("path", type=Path, metavar="PATH", help="the file, or for beir the folder")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FILE.jsonl", help="the suite; documents and answers go beside it"
    )


def run(kind: str, path: Path, out: Path) -> int:
    from eval.importers.kinds import KINDS
    from indexing.errors import UsageError

    if out.suffix != ".jsonl":
        raise UsageError(f"--out {out} is not a .jsonl file")
    found = KINDS[kind](path)
    written = found.write(out)
    sizes = counted(len(found.items), "item"), counted(len(found.documents), "document")
    print(f"{', '.join(sizes)}: {', '.join(map(str, written))}")
    if found.answers:
        answers = next(path for path in written if path.name.endswith(".answers.jsonl"))
        print(f"score the recorded answers: python -m eval run {out} --answers {answers}")
    return DONE
