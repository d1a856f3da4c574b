"""Run a suite: every item is asked, its record goes to disk at once, and the metrics are computed from the records."""

from __future__ import annotations

import datetime
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from app.assistant import Assistant, build
from app.indexer import run_index
from app.settings import Settings, load_settings
from eval.configuration import Configuration
from eval.judge import judge
from eval.machine import machine, quantiles
from eval.metrics import Scores
from eval.records import Cited, Output, Record
from eval.report import write_report
from eval.suite import Located, Suite, complaints, load_suite, locate
from indexing.collection import Collection
from indexing.documents import Document
from indexing.errors import OnrecordError

RECORDS, METRICS, TIMINGS, CONFIG = "records.jsonl", "metrics.json", "timings.json", "config.json"
READ = 500  # passages read from the catalogue at a time


@dataclass(frozen=True, slots=True)
class Run:
    """A finished run: where its files lie, and its scores."""

    folder: Path
    scores: Scores
    config: dict[str, Any]
    failed: int

    @property
    def items(self) -> int:
        return len(self.scores.ids)

    def metrics(self) -> dict[str, Any]:
        """The object in metrics.json."""
        return self.scores.as_json(self.config)


def read_records(folder: Path) -> Iterator[Record]:
    """The records of a run, one after the other; OnrecordError that names file and line."""
    path = folder / RECORDS
    try:
        with path.open(encoding="utf-8") as stream:
            for number, line in enumerate(stream, 1):
                try:
                    yield Record.model_validate_json(line)
                except ValidationError as error:
                    raise OnrecordError(f"{path}:{number}: not a record ({complaints(error)})") from None
    except OSError as error:
        raise OnrecordError(f"{path} cannot be read ({error.strerror}); give the folder of a run") from error


def recompute(folder: Path) -> dict[str, Any]:
    """The metrics of a run from its records alone; metrics.json is written anew with the configuration it has."""
    scores = Scores(read_records(folder))
    metrics = scores.as_json(read_config(folder))
    _write(folder / METRICS, metrics)
    return metrics


def read_config(folder: Path) -> dict[str, Any]:
    """What a run was made with, from config.json."""
    try:
        return dict(json.loads((folder / CONFIG).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def run_suite(
    path: Path,
    *,
    flags: dict[str, Any],
    documents: Path | None = None,
    default: Path | None = None,
    out: Path | None = None,
    split: str | None = None,
    gate: bool = True,
) -> Run:
    """Ask every item of a suite. Before, `documents` or the items' own document sets or `default` are indexed, into the
    home among `flags` or a temporary one. With a home and no `documents` it is taken as it is.

    An item that fails leaves a record that says why. Raises OnrecordError before anything is asked when the suite, its
    evidence or the collection cannot be used.
    """
    suite = load_suite(path)
    suite.part(split)
    named: list[Path | None] = [*suite.documents()] or [default]
    sets = [documents] if documents else [] if "home" in flags else [path for path in named if path]
    with ExitStack() as stack:
        settings = load_settings(flags)
        now = datetime.datetime.now().astimezone()
        folder = out or settings.home / "runs" / f"{suite.name}-{now:%Y%m%d-%H%M%S}"
        if sets:
            if "home" not in flags:
                temporary = stack.enter_context(tempfile.TemporaryDirectory(prefix="onrecord-eval-"))
                settings = settings.model_copy(update={"home": Path(temporary)})
            _index(settings, sets)
        assistant = build(settings)
        stack.enter_context(assistant.collection)
        return _run(suite, split, assistant, settings, folder, gate)


def _index(settings: Settings, documents: Sequence[Path]) -> None:
    report = run_index(settings, list(documents))
    if report["skipped"] or report["failed"]:
        where = ", ".join(map(str, documents))
        print(f"notice: {report['skipped']} files skipped and {report['failed']} failed in {where}", file=sys.stderr)


def _run(suite: Suite, split: str | None, assistant: Assistant, settings: Settings, folder: Path, gate: bool) -> Run:
    catalogue = assistant.collection.catalogue
    located = locate(suite.part(split), catalogue.find_document)
    configuration = Configuration.of(suite, split, assistant, settings, gate)
    holding = _passages_holding(assistant.collection, located)
    began = time.perf_counter()
    scores, timed, failed = Scores(), [], 0
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in (METRICS, TIMINGS):
            (folder / name).unlink(missing_ok=True)  # of an earlier run: they would not belong to these records
        config = {**configuration.values, "fingerprint": configuration.fingerprint}
        _write(folder / CONFIG, config)
        with (folder / RECORDS).open("w", encoding="utf-8", newline="\n") as stream:
            for one in located:
                line = _line(one, assistant, configuration, holding, gate)
                print(json.dumps(line, ensure_ascii=False), file=stream, flush=True)
                record = Record.read(line)
                scores.add(record)
                timed.append(record.timings_ms)
                failed += record.output is None
                _show_progress(len(timed), len(located), time.perf_counter() - began)
        run = Run(folder, scores, config, failed)
        _write(folder / METRICS, run.metrics())
        _write(folder / TIMINGS, _timings(timed, time.perf_counter() - began))
        write_report(folder)
    except OSError as error:
        raise OnrecordError(f"{folder} cannot be written ({error.strerror}); choose another --out") from error
    return run


def _line(
    one: Located, assistant: Assistant, configuration: Configuration, holding: Counter[tuple[str, str]], gate: bool
) -> dict[str, Any]:
    """The record of one item, as it is written; times come last and are all in `timings_ms`."""
    item = one.item
    began = time.perf_counter()
    output, valid, error = _ask(one, assistant)
    timings = {"total": round((time.perf_counter() - began) * 1000, 2), **(output.pop("timings_ms") if output else {})}
    gold = [
        {
            "file": evidence.file,
            "quote": evidence.quote,
            "spans": [[span.start, span.end] for span in spans],
            "passages": holding[evidence.file, evidence.quote],
        }
        for evidence, spans in zip(item.evidence, one.places, strict=True)
    ]
    values = configuration.values
    return {
        **item.model_dump(mode="json"),
        "cluster": item.group,
        "evidence": gold,
        "collection_passages": values["collection"]["passages"],
        "output": output,
        "citations_valid": valid,
        "judged": _judged(output, assistant) if output and gate else None,
        "error": error,
        "config": configuration.fingerprint,
        "model": values["settings"]["llm"],
        "prompts": values["prompts"],
        "versions": values["versions"],
        "timings_ms": timings,
    }


def _judged(output: dict[str, Any], assistant: Assistant) -> list[dict[str, Any]]:
    judgements = judge(Output.model_validate(output), lambda cited: _document(assistant.collection, cited))
    return [judgement.model_dump(mode="json") for judgement in judgements]


def _document(collection: Collection, cited: Cited) -> Document | None:
    document = collection.catalogue.find_document(cited.file)
    return document if document and cited.version in ("", document.version) else None


def _ask(one: Located, assistant: Assistant) -> tuple[dict[str, Any] | None, list[bool], str]:
    """`(the ask --json object, validity of each citation, what went wrong)`."""
    try:
        output = assistant.ask(one.item.question, one.item.turns()).as_json()
    except Exception as error:  # noqa: BLE001  # whatever breaks one item is its result, and the run goes on
        return None, [], f"{type(error).__name__}: {error}"
    return output, [_is_valid(citation, assistant.collection) for citation in _citations(output)], ""


def _citations(output: dict[str, Any]) -> Iterator[dict[str, Any]]:
    return (citation for statement in output["statements"] for citation in statement["citations"])


def _is_valid(citation: dict[str, Any], collection: Collection) -> bool:
    """Whether the canonical text of the cited file, read anew by its name alone, is the quote at the offsets."""
    document = collection.catalogue.find_document(citation["file"])
    start, end = citation["start"], citation["end"]
    if document is None or not 0 <= start < end <= len(document.text):
        return False
    return (document.text[start:end], document.version) == (citation["quote"], citation["version"])


def _passages_holding(collection: Collection, located: Sequence[Located]) -> Counter[tuple[str, str]]:
    """How many passages of the collection hold each `(file, quote)` whole; none can find what no passage holds."""
    wanted = {
        (evidence.file, evidence.quote): spans
        for one in located
        for evidence, spans in zip(one.item.evidence, one.places, strict=True)
    }
    files = {file for file, _ in wanted}
    counts: Counter[tuple[str, str]] = Counter()
    chunk_ids = list(collection.catalogue.chunk_ids(current=True))
    for at in range(0, len(chunk_ids), READ):
        for passage in collection.passages(chunk_ids[at : at + READ]).values():
            if passage.document.name in files:
                counts.update(
                    key
                    for key, spans in wanted.items()
                    if key[0] == passage.document.name and any(passage.span.contains(span) for span in spans)
                )
    return counts


def _timings(timed: Sequence[Mapping[str, float]], seconds: float) -> dict[str, Any]:
    """Milliseconds from the question to each stage; the first item also pays for what is loaded on first use."""
    stages = sorted({stage for one in timed for stage in one})
    measured = {stage: [one[stage] for one in timed if stage in one] for stage in stages}
    return {
        "machine": machine(),
        "finished_at": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "seconds": round(seconds, 3),
        "first_item_ms": timed[0]["total"],
        "ms": {stage: quantiles(values) for stage, values in measured.items()},
    }


def _write(path: Path, value: dict[str, Any]) -> None:
    part = path.with_suffix(".part")
    part.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8", newline="\n")
    part.replace(path)


def _show_progress(done: int, total: int, seconds: float) -> None:
    if sys.stderr.isatty():
        left = seconds / done * (total - done)
        end = "\n" if done == total else ""
        print(f"\r{done} of {total} items, {left:.0f} s left ", end=end, file=sys.stderr, flush=True)
