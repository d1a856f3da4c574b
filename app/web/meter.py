"""What a running server counts, without a word of what was asked: for Prometheus. Alone imports prometheus_client."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from app.answers import Answer, Done, Event, Turn
from app.assistant import Assistant
from app.questions.limits import EVERYTHING, Limits
from indexing.errors import OnrecordError

BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)  # seconds


class Meter:
    """Counters of one server; safe to use from several threads."""

    def __init__(self) -> None:
        registry = self._registry = CollectorRegistry()
        self._answers = Counter("onrecord_answers", "Finished answers", ["mode", "status"], registry=registry)
        self._errors = Counter("onrecord_errors", "Questions that ended in an error", ["kind"], registry=registry)
        self._seconds = Histogram(
            "onrecord_answer_seconds", "From question to finished answer", ["mode"], buckets=BUCKETS, registry=registry
        )
        self._sources = Histogram(
            "onrecord_sources_seconds", "From question to sources", buckets=BUCKETS, registry=registry
        )
        self._documents = Gauge("onrecord_documents", "Documents in the collection", registry=registry)

    def walk(
        self, assistant: Assistant, question: str, history: Sequence[Turn] = (), limits: Limits = EVERYTHING
    ) -> Iterator[Event]:
        """`Assistant.walk`, counted."""
        began = time.perf_counter()
        try:
            for event in assistant.walk(question, history, limits):
                if isinstance(event, Done):
                    self._finished(event.answer, time.perf_counter() - began)
                yield event
        except OnrecordError as error:
            self._errors.labels(type(error).__name__).inc()
            raise

    def ask(
        self, assistant: Assistant, question: str, history: Sequence[Turn] = (), limits: Limits = EVERYTHING
    ) -> Answer:
        """`Assistant.ask`, counted."""
        *_, last = self.walk(assistant, question, history, limits)
        assert isinstance(last, Done)
        return last.answer

    def exposition(self, documents: int) -> tuple[str, str]:
        """All counters in Prometheus' text format, and its media type."""
        self._documents.set(documents)
        return generate_latest(self._registry).decode(), CONTENT_TYPE_LATEST

    def _finished(self, answer: Answer, seconds: float) -> None:
        self._answers.labels(answer.mode, answer.status).inc()
        self._seconds.labels(answer.mode).observe(seconds)
        if "sources" in answer.timings:
            self._sources.observe(answer.timings["sources"] / 1000)
