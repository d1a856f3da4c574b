"""The settings told to people: the reference page made from the settings object, and the values in force."""

from __future__ import annotations

import json
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit, urlunsplit

from annotated_types import Ge, Gt, Le, Lt
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from app.settings import CONFIG_FILE, DEFAULT, PREFIX, Settings

MASK = "********"
KINDS = {Path: "path", str: "text", SecretStr: "secret", bool: "true or false", int: "whole number", float: "number"}
BOUNDS = {Ge: ("ge", "at least"), Gt: ("gt", "above"), Le: ("le", "at most"), Lt: ("lt", "below")}
INTRODUCTION = f"""# Configuration

<!-- Written by `make docs` (`onrecord config --reference`) from app/settings.py; edit that. -->

Three places, later ones winning: the file `{CONFIG_FILE}` in the folder where a command is started, the environment,
and the flags of a command. An unknown key and a value out of bounds are errors that name the place. `onrecord config`
prints the values in force and where each comes from; secrets are masked there, and in every log.

```toml
# {CONFIG_FILE}
home = "/srv/onrecord/home"
llm = "gpt-4o-mini"
max_statements = 4
```

Keep secrets out of the file when others can read it: give them in the environment. Tables and lists stand in the file
only.

| key | environment | value | default | meaning |
|---|---|---|---|---|
"""


def reference() -> str:
    """`docs/configuration.md`: every setting with its bounds, its default and what it means."""
    return INTRODUCTION + "".join(_row(key, field) for key, field in Settings.model_fields.items())


def _row(key: str, field: FieldInfo) -> str:
    # A pipe would end the cell, in code as well.
    about = (field.description or "").replace("|", "\\|")
    variable = f"`{PREFIX}{key.upper()}`" if _fits_in_a_variable(field.annotation) else ""
    value = field.get_default(call_default_factory=True)
    default = "" if value in ("", None, {}, (), []) or isinstance(value, SecretStr) else f"`{_written(value)}`"
    return f"| `{key}` | {variable} | {_kind(field)} | {default} | {about} |\n"


def _kind(field: FieldInfo) -> str:
    """What a value has to be, in words."""
    bounds = [
        f"{words} {getattr(bound, name):,}"
        for bound in field.metadata
        for kind, (name, words) in BOUNDS.items()
        if isinstance(bound, kind)
    ]
    return ", ".join((_named(field.annotation), *bounds))


def _named(annotation: Any) -> str:
    origin, parts = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is Literal:
        return " or ".join(f"`{one}`" for one in parts)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(_named(one) for one in parts if one is not type(None))
    if origin is dict:
        return "table"
    if origin in (tuple, list, frozenset, set):
        inner = _named(parts[0])
        return f"list of {inner}" if Ellipsis in parts or origin is not tuple else f"list of {len(parts)}, {inner}"
    return KINDS.get(annotation, getattr(annotation, "__name__", str(annotation)))


def _fits_in_a_variable(annotation: Any) -> bool:
    origin, parts = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (typing.Union, types.UnionType):
        return any(_fits_in_a_variable(one) for one in parts if one is not type(None))
    return origin not in (dict, tuple, list, frozenset, set)


def in_force(settings: Settings, origins: Mapping[str, str]) -> list[dict[str, Any]]:
    """`{key, value, from}` of every setting, in order; what may be secret is masked."""
    return [
        {"key": key, "value": _shown(getattr(settings, key), field), "from": origins.get(key, DEFAULT)}
        for key, field in Settings.model_fields.items()
    ]


def _shown(value: Any, field: FieldInfo) -> Any:
    if isinstance(value, SecretStr):
        return MASK if value.get_secret_value() else ""
    if isinstance(value, dict) and not field.repr:
        return dict.fromkeys(value, MASK)
    if isinstance(value, str):
        return _without_password(value)
    return str(value) if isinstance(value, Path) else value


def _without_password(text: str) -> str:
    """A URL's password and what it carries behind `?` are secrets as well."""
    try:
        parts = urlsplit(text)
    except ValueError:  # not a URL; whoever uses it says so
        return text
    if not parts.netloc or not (parts.password or parts.query):
        return text
    name, at, host = parts.netloc.rpartition("@")
    netloc = f"{name.partition(':')[0]}:{MASK}{at}{host}" if parts.password else parts.netloc
    return urlunsplit((parts.scheme, netloc, parts.path, MASK if parts.query else "", ""))


def for_terminal(rows: list[dict[str, Any]]) -> str:
    """A line each, as it would stand in the file, and where it comes from."""
    lines = [(_line(row["key"], row["value"]), row["from"]) for row in rows]
    width = min(max(len(line) for line, _ in lines), 60)
    return "".join(f"{line:<{width}}  # {origin}\n" for line, origin in lines)


def _line(key: str, value: Any) -> str:
    return f"# {key} is not set" if value is None else f"{key} = {_written(value)}"


def _written(value: Any) -> str:
    """As TOML has it."""
    if isinstance(value, dict):
        inner = ", ".join(f"{key} = {_written(one)}" for key, one in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    return json.dumps(str(value) if isinstance(value, Path) else value, ensure_ascii=False)
