"""What documents are called: their path below the root, with as much in front as it takes to tell them apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from indexing.schema import Entry


def name_below(root: Path, path: Path, member: str) -> str:
    """`folder/file.txt`, or `archive.zip/inner.txt` for a member of a container."""
    name = path.relative_to(root).as_posix()
    return f"{name}/{member}" if member else name


def name_documents(entries: Sequence[Entry], roots: Iterable[Path]) -> dict[str, tuple[str, str]]:
    """`{document id: (root, name)}` of the documents that are to be called otherwise than they are.

    A document belongs to the outermost of its own root and `roots`. Where two names clash, the root's name goes before;
    where that clashes too, it is the whole path.
    """
    tops = set(map(str, roots))
    places = {}
    for entry in entries:
        around = [top for top in tops if Path(entry.path).is_relative_to(top)]
        places[entry.id] = Path(min([entry.root, *around], key=len))
    choices = {entry.id: _choices(entry, places[entry.id]) for entry in entries}
    names = _distinct(choices)
    return {
        entry.id: (str(places[entry.id]), names[entry.id])
        for entry in entries
        if (entry.root, entry.name) != (str(places[entry.id]), names[entry.id])
    }


def _choices(entry: Entry, root: Path) -> tuple[str, str, str]:
    short = name_below(root, Path(entry.path), entry.member)
    return short, f"{root.name}/{short}", f"{entry.path}/{entry.member}" if entry.member else entry.path


def _distinct(choices: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """For each document id the first of its names that no other one has."""
    level = dict.fromkeys(choices, 0)
    while True:
        chosen = {key: names[level[key]] for key, names in choices.items()}
        seen = Counter(chosen.values())
        clashing = [key for key, name in chosen.items() if seen[name] > 1 and level[key] < len(choices[key]) - 1]
        if not clashing:
            return chosen
        for key in clashing:
            level[key] += 1
