"""What was found about quotes, as the page shows it: the draft with its quotes marked, and a card for each verdict."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from urllib.parse import quote as quoted

from app.counts import counted
from app.quotes.draft import Checked, DraftReport
from app.quotes.export import TONES, annotations_of, csv_of, page_of
from app.quotes.occurrences import AROUND
from app.quotes.result import Edit, Occurrence, Variant, Verdict
from app.web.hypertext import attribute, byline, escape, moment_of
from app.web.links import link
from indexing.spans import Span

OTHERS = 20  # occurrences and variants that are listed


def report_view(report: DraftReport) -> str:
    """Everything about a draft: how it came out, the text with its quotes marked, the cards, and the downloads."""
    problems = sum(one.tone in ("amber", "red") for one in report.checked)
    tones = "".join(
        f'<li class="{tone}"><span aria-hidden="true">{shape}</span> {count} {words.lower()}</li>'
        for tone, (shape, words) in TONES.items()
        if (count := sum(one.tone == tone for one in report.checked))
    )
    if not report.checked:
        return (
            '<p class="empty" role="status">There is no quote in this text: nothing stands between quotation marks.</p>'
        )
    verdict = f"{counted(problems, 'quote')} to look at" if problems else "Every quote that was checked is green"
    keys = '<p class="keys"><kbd>n</kbd> next and <kbd>p</kbd> previous quote to look at</p>' if problems else ""
    return (
        f'<section class="outcome" role="status"><h2>{verdict}</h2><ul class="tones">{tones}</ul>{keys}'
        f'{_downloads(report)}</section><div class="checked"><section aria-label="The draft">'
        f'<div class="draft">{_marked(report)}</div></section>'
        f'<section aria-label="Each quote">{_cards(report.checked)}</section></div>'
    )


def verdict_view(checked: Checked) -> str:
    """One quote by itself."""
    return f'<div class="checked single">{_card(1, checked)}</div>'


def _cards(checked: Sequence[Checked]) -> str:
    return "".join(_card(number, one) for number, one in enumerate(checked, 1))


def _marked(report: DraftReport) -> str:
    """The draft's text with each quote as a link to its card; shape and number tell the state, not colour alone."""
    text, parts, at = report.draft.text, [], 0
    places = ((span, number, one) for number, one in enumerate(report.checked, 1) for span in one.quote.spans)
    for span, number, one in sorted(places, key=lambda place: place[0]):
        if span.start < at:
            continue
        shape, words = TONES[one.tone]
        parts.append(escape(text[at : span.start]))
        parts.append(
            f'<a class="quote {one.tone}" href="#verdict-{number}"><mark>{escape(span.of(text))}</mark>'
            f'<sup aria-hidden="true">{number}{shape}</sup><span class="hidden"> (quote {number}: {words})</span></a>'
        )
        at = span.end
    return "".join([*parts, escape(text[at:])])


def _card(number: int, one: Checked) -> str:
    shape, words = TONES[one.tone]
    verdict = one.verdict
    name = verdict.headline.replace("_", " ") if verdict else "skipped"
    given = f'<p class="given">given to {escape(one.quote.speaker)}</p>' if one.quote.speaker else ""
    if verdict is None:
        body = f"<p>Not checked: {escape(one.quote.skipped)}.</p>"
    else:
        body = f'<p class="sentence">{escape(verdict.sentence)}</p>{_found(verdict)}'
    problem = " problem" if one.tone in ("amber", "red") else ""
    return (
        f'<article class="verdict {one.tone}{problem}" id="verdict-{number}" tabindex="-1">'
        f'<h3><span class="number">{number}</span> <span class="state"><span aria-hidden="true">{shape}</span> {words}'
        f"</span> {escape(name)}</h3><blockquote>{escape(one.quote.text)}</blockquote>{given}{body}</article>"
    )


def _found(verdict: Verdict) -> str:
    parts = [_difference(verdict), _edits(verdict.edits)]
    if verdict.best is not None:
        parts += [_passage(verdict.best), _copy(verdict.best)]
        others = verdict.occurrences[1:]
        if others:
            listed = "".join(f"<li>{_place(one)}</li>" for one in others[:OTHERS])
            more = f"<li>and {len(others) - OTHERS:,} more</li>" if len(others) > OTHERS else ""
            parts.append(_folded(f"{counted(len(others), 'other occurrence')}", f"<ul>{listed}{more}</ul>"))
    elif verdict.closest:
        passages = "".join(map(_passage, verdict.closest))
        parts.append(_folded("Closest passages, which are not the quote", passages, opened=True))
    if verdict.variants:
        listed = "".join(map(_variant, verdict.variants[:OTHERS]))
        parts.append(_folded(f"{counted(len(verdict.variants), 'other wording')} of the same", f"<ul>{listed}</ul>"))
    notes = list(verdict.notes)
    if verdict.folds:
        folds = ", ".join(dict.fromkeys(fold.replace("_", " ") for fold in verdict.folds))
        notes.append(f"Taken for equal though printed differently: {folds}.")
    listed = "".join(f"<li>{escape(note)}</li>" for note in notes)
    parts.append(f'<ul class="notes">{listed}</ul>' if listed else "")
    searched = verdict.searched
    whole = "" if searched.complete else " The index is incomplete: some documents are not searched yet."
    documents = counted(searched.documents, "document")
    parts.append(
        f'<p class="searched">{documents} searched, as of {moment_of(searched.indexed_at)}.'
        f"{whole} Rules: {escape(verdict.policy.profile)}.</p>"
    )
    return "".join(parts)


def _difference(verdict: Verdict) -> str:
    """The quote with what differs: struck out where only the quote has it, underlined where only the source has it."""
    edits = sorted(
        (edit for edit in verdict.edits if edit.quoted is not None and (edit.before or edit.after)),
        key=lambda edit: (edit.quoted or Span(0, 0)).start,
    )
    wordings = [edit for edit in edits if edit.kind not in ("cut", "elision", "bracket", "voice", "speaker", "rule")]
    if not wordings or verdict.axes.words not in ("altered", "punctuation_style", "marked_edit"):
        return ""
    parts, at = [], 0
    for edit in wordings:
        assert edit.quoted is not None
        if edit.quoted.start < at:
            continue
        own, source = edit.quoted.of(verdict.quote), edit.before
        parts.append(escape(verdict.quote[at : edit.quoted.start]))
        parts.append(f"<del>{escape(own)}</del>" if own.strip() else escape(own))
        parts.append(f" <ins>{escape(source)}</ins> " if source else "")
        at = edit.quoted.end
    whole = "".join([*parts, escape(verdict.quote[at:])])
    legend = "<small>struck out: only in the quote; underlined: only in the source</small>"
    return f'<p class="difference">{whole}<br>{legend}</p>'


def _edits(edits: Sequence[Edit]) -> str:
    rows = "".join(
        f"<li><strong>{escape(edit.kind)}</strong>{f', {escape(edit.severity)}' if edit.severity else ''}"
        f"{_change(edit)}{f': {escape(edit.note)}' if edit.note else ''}</li>"
        for edit in edits
    )
    return f'<ul class="edits">{rows}</ul>' if rows else ""


def _change(edit: Edit) -> str:
    if not edit.before and not edit.after:
        return ""
    before, after = (f"“{escape(text)}”" if text else "nothing" for text in (edit.before, edit.after))
    return f": the source has {before}, the quote {after}"


def _passage(one: Occurrence) -> str:
    """The words in their context, with a link that opens the whole document at them."""
    said = f'<p class="speaker">Said by {escape(one.speaker)}</p>' if one.speaker else ""
    standing = (
        '<p class="standing">Only an older, superseded version says this.</p>' if one.standing != "current" else ""
    )
    before, after = one.before, one.after
    if len(before) == AROUND:  # what stands around was cut by characters; half a word tells nothing
        before = f"…{before.partition(' ')[2]}"
    if len(after) == AROUND:
        after = f"{after.rpartition(' ')[0]} …"
    return (
        f'<figure class="passage"><blockquote>{escape(before)}<mark>{escape(one.text)}</mark>{escape(after)}'
        f"</blockquote><figcaption>{_place(one)}</figcaption>{said}{standing}</figure>"
    )


def _place(one: Occurrence) -> str:
    spans = "&amp;".join(f"start={piece.start}&amp;end={piece.end}" for piece in one.pieces or (one.span,))
    href = link(f"/source/{quoted(one.document, safe='')}/{quoted(one.version, safe='')}?{spans}")
    title = escape(one.title or one.file)
    speaker = f", {escape(one.speaker)}" if one.speaker else ""
    return (
        f'<a href="{href}" target="_blank" rel="noopener">{title}</a> {byline("", one.source, one.date)}{speaker} '
        f"<code>{escape(one.file)}:{one.span.start}-{one.span.end}</code>"
    )


def _variant(one: Variant) -> str:
    places = _place(one.occurrences[0]) if one.occurrences else ""
    return f"<li>“{escape(one.text)}” ({counted(one.count, 'document')}) {places}</li>"


def _copy(best: Occurrence) -> str:
    """A button that copies the source's own words with where they stand."""
    about = ", ".join(
        filter(None, (best.title, best.source, best.date, f"{best.file}:{best.span.start}-{best.span.end}"))
    )
    text = attribute(f"“{best.text}” ({about})")
    return f'<button type="button" class="copy" data-copy="{text}">Copy the source’s words with their place</button>'


def _folded(title: str, content: str, *, opened: bool = False) -> str:
    return f"<details{' open' if opened else ''}><summary>{title}</summary>{content}</details>"


def _downloads(report: DraftReport) -> str:
    """The report to keep, inside the page: nothing about a draft is written to this machine's disk."""
    stem = report.draft.name.rpartition(".")[0] or report.draft.name
    files = (
        (f"{stem}-quotes.html", "text/html", page_of(report), "Report (HTML)"),
        (f"{stem}-quotes.csv", "text/csv", csv_of(report), "Table (CSV)"),
        (f"{stem}-quotes.json", "application/ld+json", json.dumps(annotations_of(report)), "Annotations (JSON)"),
    )
    links = "".join(
        f'<a download="{attribute(name)}" href="data:{kind};charset=utf-8;base64,'
        f'{base64.b64encode(content.encode("utf-8", "replace")).decode()}">{label}</a>'
        for name, kind, content, label in files
    )
    return f'<p class="downloads">Download: {links}</p>'
