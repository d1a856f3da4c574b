"""What was found about a draft, to keep or to hand on: a page that prints, CSV, and W3C Web Annotations."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

from app.counts import counted
from app.quotes.draft import Checked, DraftReport, Tone
from app.quotes.result import Occurrence, Verdict
from app.web.hypertext import attribute, day_of, escape, moment_of
from indexing.spans import Span

AROUND = 32  # characters of prefix and suffix in a TextQuoteSelector
COLUMNS = (
    "number quote speaker headline green severity speaker_status file start end title source date edits sentence "
    "draft_start draft_end skipped"
).split()
# Words and shape together, so that no state is told by colour alone.
TONES: dict[Tone, tuple[str, str]] = {
    "green": ("✓", "Word for word"),
    "amber": ("▲", "To be looked at"),
    "red": ("✕", "Wrong as it stands"),
    "grey": ("–", "Not judged"),
}
STYLE = """
body{font:16px/1.55 Georgia,serif;color:#1b1b1b;background:#fff;max-width:46rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}.draft{white-space:pre-wrap;border:1px solid #ccc;padding:1rem}
mark{background:none;color:inherit;border-bottom:3px solid #888}mark.green{background:#e3f4e3;border-color:#1f7a1f}
mark.amber{background:#fff3cf;border-color:#8a6100;border-bottom-style:dashed}
mark.red{background:#fde3e1;border-color:#b3261e;border-bottom-style:double}
mark.grey{background:#eee;border-bottom-style:dotted}sup{font:700 .7rem sans-serif}
.result{border-left:5px solid #888;padding:.2rem 0 .2rem 1rem;margin:1.2rem 0;break-inside:avoid}
.result.green{border-color:#1f7a1f}.result.amber{border-color:#8a6100}.result.red{border-color:#b3261e}
.result h3{font:700 .95rem sans-serif;margin:.2rem 0}.passage{background:#f6f6f6;padding:.5rem .7rem;margin:.5rem 0}
.small{font:.85rem sans-serif;color:#444}del{background:#fde3e1}ins{background:#e3f4e3}.unseen{border:1px solid #b3261e}
@media print{body{margin:0;max-width:none;font-size:11pt}a{color:inherit;text-decoration:none}}
"""


def page_of(report: DraftReport) -> str:
    """One complete HTML page without script or any address it would load from; all text in it is escaped."""
    shown = list(enumerate(report.checked, 1))
    results = "".join(_result(number, one) for number, one in shown)
    verdicts = [one.verdict for one in report.checked if one.verdict is not None]
    tones = ", ".join(
        f"{escape(TONES[tone][0])} {sum(one.tone == tone for one in report.checked)} {TONES[tone][1].lower()}"
        for tone in TONES
    )
    searched = verdicts[0].searched if verdicts else None
    scope = (
        f"{counted(searched.documents, 'document')} searched, index as of {moment_of(searched.indexed_at)}. "
        if searched
        else ""
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{attribute(report.draft.name)} · quotes checked</title><style>{STYLE}</style></head><body><main>"
        f"<h1>Quotes of {escape(report.draft.name)}</h1>"
        f'<p class="small">{counted(len(report.checked), "quote")}: {tones}. {scope}'
        "“Word for word” is about the documents searched; it does not say that anything is true.</p>"
        f'<h2>The draft</h2><div class="draft">{_marked(report)}</div><h2>Each quote</h2>{results}</main></body></html>'
    )


def csv_of(report: DraftReport) -> str:
    """A table with a row for every quote. A cell that a spreadsheet would take for a formula begins with an
    apostrophe."""
    out = io.StringIO(newline="")
    table = csv.writer(out)
    table.writerow(COLUMNS)
    for number, one in enumerate(report.checked, 1):
        table.writerow([_cell(value) for value in _row(number, one)])
    return out.getvalue()


def annotations_of(report: DraftReport) -> dict[str, Any]:
    """A W3C AnnotationPage: each quote selected in the draft, the verdict and the passage found as bodies."""
    return {
        "@context": "http://www.w3.org/ns/anno.jsonld",
        "type": "AnnotationPage",
        "items": [annotation for one in report.checked for annotation in _annotations(report, one)],
    }


def _annotations(report: DraftReport, one: Checked) -> Iterator[dict[str, Any]]:
    verdict = one.verdict
    said = verdict.sentence if verdict else f"Not checked: {one.quote.skipped}."
    bodies: list[dict[str, Any]] = [
        {"type": "TextualBody", "purpose": "tagging", "value": verdict.headline if verdict else "skipped"},
        {"type": "TextualBody", "purpose": "commenting", "value": said, "format": "text/plain"},
    ]
    if verdict is not None and verdict.best is not None:
        best = verdict.best
        before, after = best.before[-AROUND:], best.after[:AROUND]
        source = best.url or f"urn:onrecord:{best.document}:{best.version}"
        selector = _selectors(best.text, before, after, best.span)
        bodies.append(
            {
                "type": "SpecificResource",
                "purpose": "linking",
                "source": source,
                "name": best.file,
                "selector": selector,
            }
        )
    targets = [
        {
            "source": report.draft.name,
            "selector": _selectors(
                span.of(report.draft.text),
                report.draft.text[max(0, span.start - AROUND) : span.start],
                report.draft.text[span.end : span.end + AROUND],
                span,
            ),
        }
        for span in one.quote.spans
    ]
    yield {"type": "Annotation", "motivation": "assessing", "body": bodies, "target": targets}


def _selectors(exact: str, prefix: str, suffix: str, span: Span) -> list[dict[str, Any]]:
    return [
        {"type": "TextQuoteSelector", "exact": exact, "prefix": prefix, "suffix": suffix},
        {"type": "TextPositionSelector", "start": span.start, "end": span.end},
    ]


def _row(number: int, one: Checked) -> list[object]:
    verdict, span = one.verdict, one.quote.span
    best = verdict.best if verdict else None
    edits = "; ".join(f"{edit.kind}: {edit.before!r} -> {edit.after!r}" for edit in verdict.edits) if verdict else ""
    place = [best.file, best.span.start, best.span.end, best.title, best.source, best.date] if best else [""] * 6
    judged = [verdict.headline, verdict.green, verdict.severity, verdict.axes.speaker] if verdict else [""] * 4
    said = verdict.sentence if verdict else ""
    return [
        number,
        one.quote.text,
        one.quote.speaker,
        *judged,
        *place,
        edits,
        said,
        span.start,
        span.end,
        one.quote.skipped,
    ]


def _cell(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value


def _marked(report: DraftReport) -> str:
    """The draft with every quote marked and numbered."""
    text, parts, at = report.draft.text, [], 0
    places = [
        (span, number, one, span == one.quote.spans[-1])
        for number, one in enumerate(report.checked, 1)
        for span in one.quote.spans
    ]
    for span, number, one, last in sorted(places, key=lambda place: place[0]):
        if span.start < at:
            continue
        label = f'<sup><a href="#quote-{number}">{number}{TONES[one.tone][0]}</a></sup>' if last else ""
        parts += [escape(text[at : span.start]), f'<mark class="{one.tone}">{escape(span.of(text))}</mark>{label}']
        at = span.end
    return "".join([*parts, escape(text[at:])])


def _result(number: int, one: Checked) -> str:
    shape, words = TONES[one.tone]
    verdict = one.verdict
    given = f" — given to {escape(one.quote.speaker)}" if one.quote.speaker else ""
    told = f"<p>{escape(verdict.sentence)}</p>" if verdict else f"<p>Not checked: {escape(one.quote.skipped)}.</p>"
    body = _found(verdict) if verdict else ""
    name = verdict.headline.replace("_", " ") if verdict else "skipped"
    return (
        f'<section class="result {one.tone}" id="quote-{number}"><h3>{number}. {shape} {words}: {escape(name)}</h3>'
        f"<blockquote>{escape(one.quote.text)}{given}</blockquote>{told}{body}</section>"
    )


def _found(verdict: Verdict) -> str:
    edits = "".join(
        f"<li>{escape(edit.kind)}{f' ({escape(edit.severity)})' if edit.severity else ''}: "
        f"<del>{escape(edit.before) or '∅'}</del> → <ins>{escape(edit.after) or '∅'}</ins>"
        f"{' · ' + escape(edit.note) if edit.note else ''}</li>"
        for edit in verdict.edits
    )
    listed = f'<ul class="small">{edits}</ul>' if edits else ""
    passages = [verdict.best] if verdict.best else list(verdict.closest[:1])
    shown = "".join(_passage(one) for one in passages)
    others = len(verdict.occurrences) - 1
    more = f'<p class="small">and {counted(others, "other occurrence")}</p>' if others > 0 else ""
    return f"{listed}{shown}{more}"


def _passage(one: Occurrence) -> str:
    about = ", ".join(
        part
        for part in (escape(one.title or one.file), escape(one.source), day_of(one.date), escape(one.speaker))
        if part
    )
    return (
        f'<div class="passage">…{escape(one.before)}<b>{escape(one.text)}</b>{escape(one.after)}…'
        f'<p class="small">{about} · {escape(one.file)} {one.span.start}–{one.span.end}</p></div>'
    )
