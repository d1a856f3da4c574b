"""The source reader: a document with the cited words highlighted, and what became of it since it was cited."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from urllib.parse import quote, urlsplit

from app.cite import variants
from app.counts import counted
from app.web.hypertext import attribute, byline, escape, moment_of, name_of, source_page
from app.web.links import link
from app.web.render import SUSPECT
from app.web.source import SUSPECT_NOTE, Source, differences
from indexing.documents import Copy
from indexing.front_matter import front_matter
from indexing.spans import Span

HEADING = re.compile(r"^(#{1,6}[ \t]+)([^\r\n]+)", re.MULTILINE)
AROUND = 120  # characters of unchanged text beside a change
LONGEST = 4_000  # characters of one change
CHANGES_SHOWN = 200
CITED = 20  # places whose citations are there at once
LINKS_SHOWN = 12  # versions, copies
PLAIN_ENCODINGS = ("", "utf-8", "utf-8-sig", "ascii", "us-ascii")
TOO_DIFFERENT = "The two texts differ too much to be set side by side here."


def reader(source: Source, spans: Sequence[Span]) -> str:
    """The whole document with `spans` highlighted: the text inside each `<mark>` is exactly the span's characters.

    Spans that overlap become one mark. Raises ValueError for a span that reaches past the text.
    """
    text, marked = source.document.text, merged(spans)
    for span in marked:
        span.of(text)
    body = front_matter(text).span.end
    front = ""
    if body:
        inside = " open" if any(span.start < body for span in marked) else ""
        front = (
            f'<details class="front-matter"{inside}><summary>About this file</summary>'
            f'<div class="text">{_highlighted(source, Span(0, body), marked)}</div></details>'
        )
    whole = _highlighted(source, Span(body, len(text)), marked)
    above = f"{_head(source, marked)}{_citing(source, marked)}{_facts(source)}{_changes(source)}{_notes(source)}{front}"
    return f'<article class="reader {source.standing}">{above}<div class="text">{whole}</div></article>'


def merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The spans in order, those that share characters joined, empty ones left out."""
    joined: list[Span] = []
    for span in sorted(span for span in spans if len(span)):
        if joined and joined[-1].overlaps(span):
            joined[-1] = Span(joined[-1].start, max(joined[-1].end, span.end))
        else:
            joined.append(span)
    return tuple(joined)


def _highlighted(source: Source, part: Span, spans: Sequence[Span]) -> str:
    """`part` of the text as HTML, with what `spans` cover of it in numbered `<mark>` elements."""
    pieces, position = [], part.start
    for number, span in enumerate(spans, start=1):
        start, end = max(span.start, part.start), min(span.end, part.end)
        if start < end:
            pieces.append(_run(source, Span(position, start), plain=True))
            current = ' class="current"' if number == 1 else ""
            pieces.append(f'<mark id="mark-{number}"{current} data-start="{span.start}" data-end="{span.end}">')
            pieces.append(f"{_run(source, Span(start, end), plain=False)}</mark>")
            position = end
    pieces.append(_run(source, Span(position, part.end), plain=True))
    return "".join(pieces)


def _run(source: Source, part: Span, *, plain: bool) -> str:
    """A stretch of text in which pages begin and suspect sentences are set apart; headings where it is `plain`."""
    text = source.document.text
    suspects = [one for one in source.suspects if one.overlaps(part)]
    begins = {page.span.start: page.label for page in source.document.pages if page.span.overlaps(part)}
    edges = {part.start, part.end, *(at for one in suspects for at in (one.start, one.end)), *begins}
    cuts = sorted(at for at in edges if part.start <= at <= part.end)
    pieces = []
    for start, end in pairwise(cuts):
        if start in begins:
            pieces.append(f'<span class="page" title="{attribute(f"page {begins[start]}")}"></span>')
        if any(one.start <= start < one.end for one in suspects):
            pieces.append(f'<span class="suspect" title="{SUSPECT}">{escape(text[start:end])}</span>')
        else:
            pieces.append(_plain(text, Span(start, end)) if plain else escape(text[start:end]))
    return "".join(pieces)


def _plain(text: str, part: Span) -> str:
    """Text outside the marks: whole heading lines are set as headings, their characters unchanged."""
    pieces, position = [], part.start
    for heading in HEADING.finditer(text, part.start, part.end):
        if heading.start() and text[heading.start() - 1] not in "\r\n":
            continue
        pieces.append(escape(text[position : heading.start()]))
        pieces.append(f'<b class="heading"><span class="markup">{heading[1]}</span>{escape(heading[2])}</b>')
        position = heading.end()
    return "".join(pieces) + escape(text[position : part.end])


def _head(source: Source, marked: Sequence[Span]) -> str:
    """Title; source, date and page of the cited words; whether they still stand. It stays in view above the text."""
    about = source.document.metadata
    page = source.document.page(marked[0]) if marked else ""
    known = byline("", about.source, about.date, page)
    line = f'<p class="byline">{known}</p>' if known else ""
    title = f'<h3 tabindex="-1">{escape(name_of(source.document))}</h3>'
    return f"<header>{title}{line}{_places(len(marked))}{_banner(source)}</header>"


def _places(number: int) -> str:
    """The way from one marked place to the next, where there are several, and to the citation; by the page's script."""
    cite = '<button type="button" data-cite>Cite this</button>'
    if number < 2:
        return f'<p class="places">{cite}</p>'
    turns = "".join(
        f'<button type="button" data-turn="{by}" aria-label="{name} highlight">{shape}</button>'
        for by, name, shape in ((-1, "Previous", "↑"), (1, "Next", "↓"))
    )
    return f'<p class="places"><span role="status">Highlight <b>1</b> of {number:,}</span>{turns}{cite}</p>'


def _citing(source: Source, marked: Sequence[Span]) -> str:
    """Each marked place as one cites it, the first one in view; the document itself where nothing is marked."""
    parts = []
    for number, span in enumerate(marked[:CITED] or (Span(0, 0),)):
        forms = "".join(
            f'<div><dt>{name}</dt><dd><span class="form">{escape(text)}</span><button type="button" class="copy" '
            f'data-copy="{attribute(text)}">Copy<span class="hidden"> {name}</span></button></dd></div>'
            for name, text in variants(source.document, span)
        )
        address = source_page(source.document.id, source.document.version, (span,) if len(span) else ())
        forms += (
            f'<div><dt>Address here</dt><dd><a class="form" href="{address}" target="_blank" rel="noopener">'
            f'This place on a page of its own</a><button type="button" class="copy" data-address="{address}">'
            'Copy<span class="hidden"> address here</span></button></dd></div>'
        )
        hidden = " hidden" if number else ""
        parts.append(f'<details class="cite"{hidden}><summary>Cite this</summary><dl>{forms}</dl></details>')
    return "".join(parts)


def _banner(source: Source) -> str:
    """That a text is not, or no more, what its document says."""
    read = f" This is its text as it was indexed {moment_of(source.indexed_at)}" if source.indexed_at else ""
    if source.standing == "superseded":
        since = f", until {moment_of(source.replaced_at)}" if read and source.replaced_at else ""
        link = f" {_link(source.today.id, source.today.version, 'Open its present text')}" if source.today else ""
        words = f"the document has changed since.{read}{since}{'.' if read else ''}{link}"
        return f'<p class="standing" role="note"><strong>Superseded</strong>: {words}</p>'
    if source.standing == "removed":
        words = f"its file is gone.{read}{'.' if read else ''}"
        return f'<p class="standing" role="note"><strong>Removed</strong>: {words}</p>'
    return ""


def _facts(source: Source) -> str:
    """Author, file and, where it is a web address, a link; how it was read, its other versions and its copies."""
    about, facts = source.document.metadata, source.facts
    rows = [("Author", escape(about.author)), ("File", f"<code>{escape(source.document.name)}</code>")]
    if urlsplit(about.url).scheme in ("http", "https"):
        link = f'<a href="{attribute(about.url)}" rel="noopener noreferrer" target="_blank">{escape(about.url)}</a>'
        rows.append(("Address", link))
    rows.append(("Dated by", escape(facts.date_found) if about.date else ""))
    rows.append(("Encoding", escape(facts.encoding) if facts.encoding.lower() not in PLAIN_ENCODINGS else ""))
    others = {version: moment for version, moment in source.versions if version != source.document.version}
    links = [_link(source.document.id, version, moment_of(moment)) for version, moment in reversed(others.items())]
    rows.append(("Versions", _listed(["this one", *links]) if links else ""))
    rows.append(("Also in", _listed([_copy(copy) for copy in source.copies])))
    listed = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in rows if value)
    return f'<dl class="facts">{listed}</dl>'


def _copy(copy: Copy) -> str:
    about = byline("", copy.source, copy.date)
    return _link(copy.document_id, copy.version, escape(copy.file)) + (f" ({about})" if about else "")


def _listed(links: Sequence[str]) -> str:
    more = f" and {len(links) - LINKS_SHOWN:,} more" if len(links) > LINKS_SHOWN else ""
    return "; ".join(links[:LINKS_SHOWN]) + more


def _link(document_id: str, version: str, words: str) -> str:
    """A link to another source; `words` are HTML already. The chat opens it beside the conversation."""
    href = link(f"/source/{quote(document_id, safe='')}/{quote(version, safe='')}")
    return f'<a class="source" href="{href}">{words}</a>'


def _notes(source: Source) -> str:
    """What the operator should know: hidden text, oddities, sentences that speak to a model."""
    facts, suspects = source.facts, len(source.suspects)
    suspicion = ""
    if suspects:
        read = "reads like an instruction" if suspects == 1 else "read like instructions"
        suspicion = (
            f'<p class="suspicion" role="note">{counted(suspects, "sentence")} here {read} to a model: '
            "marked below, kept out of answers.</p>"
        )
    hidden = "".join(f"<li>Hidden from readers, left out: {escape(text)}</li>" for text in facts.hidden)
    warnings = "".join(
        f"<li>{escape(text)}</li>" for text in facts.warnings if not (suspects and text.startswith(SUSPECT_NOTE))
    )
    if not (hidden or warnings):
        return suspicion
    number = (hidden + warnings).count("<li>")
    return (
        f'{suspicion}<details class="notes"><summary>{counted(number, "note")} for the operator</summary>'
        f"<ul>{hidden}{warnings}</ul></details>"
    )


def _changes(source: Source) -> str:
    """What the document's present text says otherwise, folded away."""
    if source.today is None:
        return ""
    pieces = differences(source.document.text, source.today.text)
    if pieces is None:
        shown = f"<p>{TOO_DIFFERENT}</p>"
    else:
        shown = f'<div class="comparison">{"".join(_compared(pieces))}</div>'
    return f'<details class="changes"><summary>What has changed since</summary>{shown}</details>'


def _compared(pieces: Sequence[tuple[str, str]]) -> Iterator[str]:
    changes = 0
    for place, (kind, text) in enumerate(pieces):
        if kind == "same":
            yield escape(_shortened(text, first=place == 0, last=place == len(pieces) - 1))
            continue
        changes += 1
        if changes > CHANGES_SHOWN:
            yield " … and more"
            return
        words = escape(text[:LONGEST]) + (" …" if len(text) > LONGEST else "")
        said, tag = ("Removed", "del") if kind == "gone" else ("Added", "ins")
        yield f'<{tag}><span class="hidden">{said}: </span>{words}</{tag}>'


def _shortened(text: str, *, first: bool, last: bool) -> str:
    """Unchanged text between two changes: what is far from both is left out."""
    room = AROUND * (1 if first or last else 2)
    if len(text) <= room:
        return text
    head = "" if first else _cut(text[:AROUND])
    tail = "" if last else _cut(text[-AROUND:][::-1])[::-1]
    return f"{head} … {tail}".strip(" ") if first or last else f"{head} … {tail}"


def _cut(text: str) -> str:
    """Without the word that the end may have cut."""
    return text.rsplit(maxsplit=1)[0] if len(text.split()) > 1 else text
