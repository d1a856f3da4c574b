"""The items of a long run inside its one file: packed in chunks that the page unpacks when they are looked at.

Beside each chunk stand its items' heads in plain JSON, by which the page filters without unpacking.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from eval.report.items import item, outcome

CHUNK = 50  # items
HEAD = 300  # characters of a question that are in a head


def packed(records: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """HTML: a list that the page fills, then the chunks; a chunk's records are let go of once it is written."""
    yield (
        "<noscript><p>This run is long: its items are shown with JavaScript only. They are in items.csv as well.</p>"
        '</noscript><div id="list"></div><p class="pages"><button type="button" id="back">Back</button> '
        '<button type="button" id="next">Next</button></p>'
    )
    waiting = iter(records)
    while chunk := list(islice(waiting, CHUNK)):
        heads = [[one["id"], one["type"], outcome(one), one["question"][:HEAD]] for one in chunk]
        whole = zlib.compress(json.dumps([item(one) for one in chunk]).encode(), 6)
        yield f'<script type="application/json" class="heads">{_inside_script(heads)}</script>'
        yield f'<script type="text/plain" class="packed">{base64.b64encode(whole).decode()}</script>'


def _inside_script(value: object) -> str:
    """JSON that cannot end the element it stands in."""
    return json.dumps(value).replace("<", "\\u003c")
