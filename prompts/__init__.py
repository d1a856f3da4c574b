"""Every prompt is a text file beside this one; `fill` is the only way to turn it into what a model reads."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

FOLDER = Path(__file__).parent
_PLACEHOLDER = re.compile(r"\{\{([a-z_]+)\}\}")


def fill(name: str, **values: str) -> str:
    """The text of `NAME.txt` with each `{{key}}` replaced by its value, once: a value is never looked into.

    ValueError when a placeholder has no value, a value has no placeholder, or the file holds stray double braces.
    """
    return expand(_path(name).read_text(encoding="utf-8"), values, name)


def expand(template: str, values: dict[str, str], name: str = "template") -> str:
    """`fill` for a text at hand; `name` is only for the message."""
    wanted = set(_PLACEHOLDER.findall(template))
    if missing := sorted(wanted - values.keys()):
        raise ValueError(f"prompt {name!r} has no value for {', '.join(missing)}")
    if unused := sorted(values.keys() - wanted):
        raise ValueError(f"prompt {name!r} does not use {', '.join(unused)}")
    if re.search(r"\{\{|\}\}", _PLACEHOLDER.sub("", template)):
        raise ValueError(f"prompt {name!r} holds double braces that are no placeholder")
    return _PLACEHOLDER.sub(lambda match: values[match[1]], template)


def fingerprint(name: str) -> str:
    """The sha256 of the file as 64 hexadecimal digits; it goes into every record of an evaluation."""
    return hashlib.sha256(_path(name).read_bytes()).hexdigest()


def _path(name: str) -> Path:
    path = FOLDER / f"{name}.txt"
    if not re.fullmatch(r"[a-z_]+", name) or not path.is_file():
        raise ValueError(f"there is no prompt {name!r}")
    return path
