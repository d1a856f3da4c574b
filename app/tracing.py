"""Where the time of an answer goes: each stage as an OpenTelemetry span, and as milliseconds in the log.

Spans are made only once `set_up` has been called (`otlp_url`); without it nothing is imported. No attribute holds
content: counts, sizes and words of ours. Alone imports opentelemetry.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

from app import logs
from indexing.errors import UsageError

INSTALL = "traces need more packages; install them with: pip install 'onrecord[otel]'"
_tracer: Any = None
_provider: Any = None
_running = 0
_counting = threading.Lock()


def set_up(url: str = "", exporter: Any = None) -> None:
    """Send spans to an OTLP collector (gRPC, such as http://127.0.0.1:4317), or to `exporter` at once, for tests.

    Raises UsageError where the packages are missing.
    """
    global _tracer, _provider  # noqa: PLW0603 - of the process, as logging is
    try:
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor

        if exporter is None:
            from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter

            processor: Any = BatchSpanProcessor(OTLPSpanExporter(url, insecure=url.startswith("http://")))
        else:
            processor = SimpleSpanProcessor(exporter)
    except ModuleNotFoundError as error:
        raise UsageError(INSTALL) from error
    _provider = TracerProvider(resource=Resource({"service.name": "onrecord"}))
    _provider.add_span_processor(processor)
    _tracer = _provider.get_tracer("onrecord")


def shut_down() -> None:
    """Send what waits, and make no more spans."""
    global _tracer, _provider  # noqa: PLW0603
    if _provider is not None:
        _provider.shutdown()
    _tracer = _provider = None


def running() -> int:
    """How many questions are being answered in this process."""
    return _running


class Trace:
    """One question on its way: a context, in which stages are. `facts` are told at its end, in the log and the span.

    A walk is a generator that different threads may resume, so spans are never made the current one of a thread.
    """

    def __init__(self, name: str = "ask") -> None:
        self.name = name
        self.facts: dict[str, str | int] = {}
        self.ms: dict[str, float] = {}
        self._began = 0.0
        self._span: Any = None

    def __enter__(self) -> Self:
        global _running  # noqa: PLW0603
        with _counting:
            _running += 1
        self._began = time.perf_counter()
        if _tracer is not None:
            self._span = _tracer.start_span(self.name)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        global _running  # noqa: PLW0603
        with _counting:
            _running -= 1
        if kind is not None:
            self.facts["outcome"] = "stopped" if kind is GeneratorExit else kind.__name__
        self._end(self._span, kind)
        total = round((time.perf_counter() - self._began) * 1000, 1)
        stages = {name: round(spent, 1) for name, spent in self.ms.items()}
        logs.event(self.name, logging.INFO, **self.facts, ms=total, stages_ms=stages)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time spent inside counts as this stage's; several of one name add up in the log."""
        span, began, failed = None, time.perf_counter(), None
        if self._span is not None and _tracer is not None:
            from opentelemetry.trace import set_span_in_context

            span = _tracer.start_span(name, context=set_span_in_context(self._span))
        try:
            yield
        except BaseException as error:
            failed = type(error)
            raise
        finally:
            self.ms[name] = self.ms.get(name, 0.0) + (time.perf_counter() - began) * 1000
            self._end(span, failed, facts=False)

    def _end(self, span: Any, failed: type[BaseException] | None, *, facts: bool = True) -> None:
        if span is None:
            return
        for key, value in (self.facts if facts else {}).items():
            span.set_attribute(f"onrecord.{key}", value)
        if request := logs.REQUEST.get():
            span.set_attribute("onrecord.request", request)
        if failed is not None and failed is not GeneratorExit:
            from opentelemetry.trace import StatusCode

            span.set_status(StatusCode.ERROR)
            span.set_attribute("error.type", failed.__name__)  # its message may hold content
        span.end()
