"""What parts the cells of a CSV file."""

from __future__ import annotations

import csv
import re
from typing import TextIO

DECLARED = re.compile(r"\ufeff?sep=(.)(?:\r\n|\r|\n)?", re.IGNORECASE)


def dialect_of(lines: TextIO, sample: str = "") -> type[csv.Dialect]:
    """As Excel declares it in a line before the first, which is passed over, else as the first line shows.

    That line alone: commas and semicolons in prose mislead where more is looked at. `sample` is the beginning where the
    lines cannot be read twice.
    """
    if not sample:
        start = lines.tell()
        sample = lines.readline() + lines.readline()
        lines.seek(start)
    declared = DECLARED.match(sample)
    if declared:
        lines.readline()
    line = re.split(r"[\r\n]", sample, maxsplit=1)[0]

    class Found(csv.excel):
        delimiter = declared[1] if declared else max(",;\t|", key=line.count)

    return Found
