"""Logs that say what happened and how long it took, and never what was asked, found, answered or uploaded.

Our own events are a name and fields of numbers and fixed words. Of what libraries log only the place is kept, and of an
exception its type and where it was raised, for their messages hold whatever was at hand; `log_content` lets them in.
"""

from __future__ import annotations

import datetime
import json
import logging
import sys
import threading
import traceback
from contextvars import ContextVar
from types import TracebackType
from typing import IO, Any, Literal

Format = Literal["text", "json"]
Level = Literal["debug", "info", "warning", "error"]
OURS = ("onrecord", "app", "indexing", "eval", "uvicorn")
LOG = logging.getLogger("onrecord")
REQUEST: ContextVar[str] = ContextVar("request", default="")
"""The id of the HTTP request that this code runs for; empty where there is none."""


def set_up(form: Format, level: Level, *, content: bool = False, stream: IO[str] | None = None) -> None:
    """Log to `stream` (standard error): our events from `level` on, of libraries what is at least a warning."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_Formatter(form, content))
    root = logging.getLogger()
    for old in [*root.handlers]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    LOG.setLevel(level.upper())
    logging.captureWarnings(capture=True)
    # Gradio prints exceptions on its own, threads through a hook, both with their messages.
    traceback.print_exc = lambda *_, **__: _defect(*sys.exc_info())
    threading.excepthook = lambda args: _defect(args.exc_type, args.exc_value, args.exc_traceback)


def _defect(kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
    if kind is not None and error is not None and not issubclass(kind, SystemExit):
        LOG.error("defect", exc_info=(kind, error, trace))


def event(name: str, level: int = logging.INFO, **fields: Any) -> None:
    """Log that something happened. The values of `fields` are numbers and words of ours, never anybody's content."""
    LOG.log(level, name, extra={"fields": fields})


class _Formatter(logging.Formatter):
    """A record as a line: of JSON, or `time LEVEL event key=value`."""

    def __init__(self, form: Format, content: bool) -> None:
        super().__init__()
        self._form = form
        self._content = content

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.datetime.fromtimestamp(record.created, datetime.UTC)
        head = {"time": moment.isoformat(timespec="milliseconds"), "level": record.levelname.lower()}
        fields = {**head, **self._told(record)}
        if self._form == "json":
            return json.dumps(fields, ensure_ascii=False)
        time, level, name, *rest = fields.items()
        told = " ".join(f"{key}={_bare(value)}" for key, value in rest)
        return f"{time[1]} {str(level[1]).upper():<7} {name[1]}{' ' if told else ''}{told}"

    def _told(self, record: logging.LogRecord) -> dict[str, Any]:
        if record.name.split(".")[0] in OURS or self._content:
            told: dict[str, Any] = {"event": record.getMessage().strip()}
        else:
            told = {"event": "library", "logger": record.name, "at": f"{record.filename}:{record.lineno}"}
        if request := REQUEST.get():
            told["request"] = request
        told |= getattr(record, "fields", {})
        if record.exc_info and record.exc_info[1] is not None:
            told["error"] = type(record.exc_info[1]).__name__
            told["trace"] = _trace(record.exc_info[1], self._content)
        return told


def _trace(error: BaseException, content: bool) -> list[str]:
    """Where an exception came from, innermost last, and what caused it; its message only with `content`."""
    places = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    before = [*_trace(cause, content), "led to"] if cause is not None else []
    return [*before, *places, type(error).__name__ + (f": {error}" if content else "")]


def _bare(value: Any) -> str:
    if isinstance(value, list):
        return " | ".join(map(str, value))
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else str(value)
