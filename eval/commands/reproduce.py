"""`reproduce`: published figures again, from the released data."""

from __future__ import annotations

from pathlib import Path

from eval.arguments import DONE, Commands, command, line


def add(commands: Commands) -> None:
    parser = command(commands, "reproduce", "published figures again, from the data that were released with them", run)
    parser.add_argument("what", choices=["ragtruth", "mtrag"], metavar="WHAT", help="ragtruth or mtrag")
    parser.add_argument("path", type=Path, metavar="PATH", help="the released file")
    parser.add_argument("--json", action="store_true", help="print one line of JSON")


def run(what: str, path: Path, json: bool) -> int:
    from eval.reproduce import REPRODUCED

    found = REPRODUCED[what](path)
    if json:
        print(line({"reproduced": found}))
        return DONE
    for one in found:
        counts = ", ".join(f"{key} {value}" for key, value in one.items() if key not in ("what", "value"))
        print(f"{one['what']} {one['value']:.3f} ({counts})")
    return DONE
