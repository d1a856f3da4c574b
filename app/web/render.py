"""Questions, answers and their sources as the page shows them, as HTML (of what `hypertext.py` makes safe)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.answers import AsOf, Citation, Disagreement, Ruling, Statement
from app.cite import answer_markdown, answer_plain
from app.counts import counted
from app.exchange import REFUSED, Exchange, numbered
from app.questions.limits import limited, searched_in
from app.web.hypertext import attribute, byline, day_of, escape, name_of, source_link, title_of
from app.web.links import link
from indexing.documents import Copy, Hit, Passage

NEAREST_SHOWN = 3
NAMED = 5  # copies of a passage; the others are counted
SUSPECT = "reads like an instruction to a model; kept out of answers"
LONG_QUESTION = 400  # characters
EXCERPT = 300  # characters; the page cuts them off after two lines

# Where the page's script puts a source; it stays empty on the server, so that Gradio never touches it.
READER_FRAME = (
    '<button type="button" id="back" class="back">← Back to sources</button>'
    '<div id="reader" role="region" aria-label="Source text" aria-live="off"></div>'
)
LIVE_TEMPLATE = '<div role="log" aria-live="polite" aria-label="Answer">${value}</div>'

# Words and shape together, so that no state is told by colour alone.
SUPPORT = {
    "supported": ("✓", "Supported"),
    "partly": ("◐", "Partly supported"),
    "unsupported": ("✕", "Not supported"),
    "unchecked": ("?", "Not checked"),
}


def masthead(destination: str, documents: int, user: str = "") -> str:
    """The line at the top: whose page this is, how much it searches, where questions go, and who signed in."""
    account = f' <a class="account" href="{attribute(link("/account"))}">{escape(user)}</a>' if user else ""
    return (
        '<header class="masthead"><h1>Onrecord</h1><p class="motto">Answers on the record, from your documents</p>'
        f'<p class="scope"><span>{counted(documents, "document")} searched</span> '
        f'<span class="destination">{escape(destination)}</span>{account}</p>'
        '<button type="button" id="show-keys" aria-haspopup="dialog"><kbd aria-hidden="true">?</kbd> Keys</button>'
        "</header>"
    )


def welcome(documents: int) -> str:
    """What stands in the conversation before the first question."""
    if not documents:
        return (
            '<div class="welcome"><h2>No documents yet</h2><p>Drop files into the tab Library, or run '
            "<code>onrecord index FOLDER</code> in a terminal; then ask here.</p></div>"
        )
    return (
        '<div class="welcome"><h2>Ask the documents</h2><p>Every sentence of an answer points at the exact words it '
        "rests on. Follow a number to read them in their place.</p></div>"
    )


def _question(text: str) -> str:
    """As it was written, from right to left where its script is. One that would push its answer out of view gets few
    lines, in which it is scrolled, by keyboard too."""
    long = ' tabindex="0" data-long' if len(text) > LONG_QUESTION else ""
    said = f'<span class="hidden">You asked: </span><bdi dir="auto">{escape(text)}</bdi>'
    return f'<h2 class="question"{long}>{said}</h2>'


def exchange(each: Exchange) -> str:
    """One question and everything said about it so far."""
    numbers = numbered(each.statements)
    parts = [_question(each.question)]
    if each.rewritten:
        parts.append(f'<p class="read-as">Read as: {escape(each.rewritten)}</p>')
    parts += [f'<p class="read-as">{escape(line)}</p>' for line in searched_in(each.filters)]
    parts += [notice(text) for text in each.notices]
    if each.refused and each.answer is not None:
        parts.append(refusal(each.hits, each.answer.searched, each.answer.ruling, limited=limited(each.filters)))
    else:
        ruling = each.answer.ruling if each.answer else Ruling()
        parts += [disagreement(one, numbers) for one in ruling.disagreements]
        parts += [statement(said, numbers) for said in each.statements]
        parts += [as_of(each.answer.as_of), cost(each.answer.usage)] if each.judged and each.answer else []
    if each.running:
        parts.append(_progress(each))
    elif each.stage == "stopped":
        parts.append('<p class="ended">Stopped. What stands here is not a finished answer.</p>')
    elif each.stage == "failed":
        parts.append(error(each.problem))
    parts.append("" if each.running else tools(each, numbers))
    return f'<article class="exchange {each.stage}">{"".join(parts)}</article>'


def tools(each: Exchange, numbers: Mapping[Citation, int]) -> str:
    """What can be done with an exchange that is over: copied with its citations, asked again."""
    forms: tuple[tuple[str, str], ...] = ()
    if each.statements and not each.refused and not each.aside:
        forms = (
            ("Copy with citations", answer_plain(each.question, each.statements, numbers)),
            ("Copy as Markdown", answer_markdown(each.question, each.statements, numbers)),
        )
    copies = "".join(
        f'<button type="button" class="copy" data-copy="{attribute(text)}">{name}</button>' for name, text in forms
    )
    again = '<button type="button" class="again" data-again="retry">Ask again</button>'
    return f'<p class="exchange-tools">{copies}{again}</p>'


def cost(usage: Mapping[str, int | float | None]) -> str:
    """What a model's answer took, in tokens and, where prices are set, in dollars; nothing where no model wrote."""
    asked, told, dollars = (usage.get(key) for key in ("prompt_tokens", "answer_tokens", "cost_usd"))
    if asked is None or told is None:
        return ""
    price = "" if dollars is None else f", ${dollars:,.4f}" if dollars >= 0.0001 else ", less than $0.0001"
    words = f"The model read {counted(int(asked), 'token')} and wrote {int(told):,}{price}."
    return f'<p class="as-of">{escape(words)}</p>'


def statement(said: Statement, numbers: Mapping[Citation, int]) -> str:
    """One sentence, its markers, how far its sources support it and where it comes from."""
    markers = "".join(marker(citation, numbers[citation]) for citation in said.citations)
    verdict = SUPPORT.get(said.support)
    label = ""
    if verdict:
        shape, words = verdict
        label = f'<span class="support"><span aria-hidden="true">{shape}</span> {words}</span>'
    reason = f'<span class="reason">{escape(said.reason)}</span>' if said.reason else ""
    origins = dict.fromkeys(
        (title_of(each.title, each.file), each.source, each.date, each.page, each.copies, each.superseded)
        for each in said.citations
    )
    sources = "".join(
        f'<span class="origin">{byline(title, source, day, page)}</span>{also_in(copies, source)}{later_version(later)}'
        for title, source, day, page, copies, later in origins
    )
    footing = f'<p class="footing">{label}{reason}{sources}</p>' if label or reason or sources else ""
    return f'<div class="statement {said.support}"><p class="said">{_marked(said)}{markers}</p>{footing}</div>'


def _marked(said: Statement) -> str:
    """The words of a statement, its short answers marked."""
    parts, at = [], 0
    for span in said.highlight:
        parts += [escape(said.text[at : span.start]), f'<mark class="short">{escape(span.of(said.text))}</mark>']
        at = span.end
    return "".join([*parts, escape(said.text[at:])])


def disagreement(one: Disagreement, numbers: Mapping[Citation, int]) -> str:
    """The sides of a disagreement, side by side, the newest first; each leads to its sentence."""
    sides = "".join(
        f'<li><a href="{source_link(side.citation.document_id, side.citation.version, (side.citation.span,))}">'
        f"{escape(side.value)}</a>"
        f"<span>{byline('', side.citation.source or side.citation.file, side.citation.date)}</span></li>"
        for side in one.sides
    )
    return f'<section class="differ" role="note"><h3>The sources differ</h3><ul>{sides}</ul></section>'


def as_of(one: AsOf) -> str:
    """How recent an answer is."""
    newest = f"newest source cited {day_of(one.newest_source)}" if one.newest_source else "no source cited has a date"
    indexed = f"; documents indexed {day_of(one.indexed[:10])}" if one.indexed else ""
    return f'<p class="as-of">As of: {newest}{indexed}.</p>'


def marker(citation: Citation, number: int) -> str:
    """The link `[number]` that opens the source at the cited words."""
    page = citation.page and f"page {citation.page}"
    about = ", ".join(filter(None, (title_of(citation.title, citation.file), citation.source, citation.date, page)))
    if citation.copies:
        about += f". Also in: {', '.join(copy.file for copy in citation.copies[:NAMED])}{_more(citation.copies)}"
    href = source_link(citation.document_id, citation.version, (citation.span,))
    return (
        f'<a class="marker" href="{href}" title="{attribute(about)}" '
        f'aria-label="Source {number}: {attribute(about)}. Opens the quoted words.">[{number}]</a>'
    )


def refusal(
    hits: Sequence[Hit],
    searched: int,
    ruling: Ruling = Ruling(),  # noqa: B008  # it is frozen
    *,
    limited: bool = False,
) -> str:
    """That nothing answers, what is missing and was searched, and what came nearest; never dressed as an answer."""
    nearest = "".join(f"<li>{_near(hit.passage)}</li>" for hit in hits[:NEAREST_SHOWN])
    listing = f'<h4>Nearest passages, not an answer</h4><ul class="nearest">{nearest}</ul>' if nearest else ""
    reason = f'<p class="reason">{escape(ruling.reason)}</p>' if ruling.reason else ""
    looked = f"Searched {counted(searched, 'document')}; no passage"
    if limited:
        looked = "Searched only what the limits leave; no passage there"
    quotes = "".join(
        f'<blockquote class="near"><p>{escape(one.quote)}</p><footer><a href="'
        f'{source_link(one.document_id, one.version, (one.span,))}">{escape(title_of(one.title, one.file))}</a> '
        f"<span>{byline('', one.source, one.date)}</span></footer></blockquote>"
        for one in ruling.nearest
    )
    return (
        f'<section class="refusal"><h3>{REFUSED}</h3>{reason}'
        f"<p>{escape(looked)} answers this question.</p>"
        f"{f'<h4>What comes nearest, not an answer</h4>{quotes}' if quotes else ''}{listing}</section>"
    )


def notice(text: str) -> str:
    return f'<p class="notice" role="status"><strong>Note</strong> {escape(text)}</p>'


def error(text: str) -> str:
    return (
        f'<div class="error" role="alert"><strong>This question could not be answered</strong><p>{escape(text)}</p>'
        "<p>Your question is back in the box below.</p></div>"
    )


def hint(text: str) -> str:
    """A gentle word under the question box; empty text leaves nothing there."""
    return f'<p class="hint" role="status">{escape(text)}</p>' if text else ""


def sources(each: Exchange | None) -> str:
    """The panel at the right: the passages found for a question, best first, with what was cited of them."""
    if each is None or each.stage == "asked":
        words = "Searching the documents…" if each else "The passages behind an answer appear here."
        return f'<h2>Sources</h2><p class="empty">{words}</p>'
    if not each.hits:
        if each.stage == "failed":
            return '<h2>Sources</h2><p class="empty">The question could not be answered.</p>'
        if each.stage == "stopped":
            return '<h2>Sources</h2><p class="empty">Stopped before any passage was found.</p>'
        if each.aside:
            return '<h2>Sources</h2><p class="empty">Nothing was asked of the documents.</p>'
        return '<h2>Sources</h2><p class="empty">No passage was found.</p>'
    numbers = numbered(each.statements)
    cards = "".join(f"<li>{card(hit, numbers)}</li>" for hit in each.hits)
    title = "Nearest passages, not an answer" if each.refused else "Sources"
    return f'<h2>{title} <span class="count">{len(each.hits)}</span></h2><ol class="cards">{cards}</ol>'


def card(hit: Hit, numbers: Mapping[Citation, int]) -> str:
    """One passage: where it is from, its words with the cited sentences marked, and how it was found."""
    passage, about = hit.passage, hit.passage.document.metadata
    cited = {citation: number for citation, number in numbers.items() if _holds(passage, citation)}
    markers = "".join(marker(citation, number) for citation, number in cited.items())
    badge = f'<span class="cited-as">Cited as {markers}</span>' if cited else ""
    return (
        f'<article class="card{" cited" if cited else ""}">'
        f'<h3><a href="{_passage_link(passage)}">{escape(name_of(passage.document))}</a></h3>'
        f'<p class="byline">{byline("", about.source, about.date, passage.document.page(passage.span))}</p>'
        f'{also_in(hit.copies, about.source)}<div class="passage">{_visible(passage, cited)}</div>'
        f'<p class="found">{badge}<span>{escape(f"Found {hit.why}")}</span></p></article>'
    )


def missing(text: str) -> str:
    """What the source panel shows when a source cannot be shown."""
    return f'<div class="error" role="alert"><strong>This source cannot be shown</strong><p>{escape(text)}</p></div>'


def _visible(passage: Passage, cited: Mapping[Citation, int]) -> str:
    """The passage as a reader sees it: its sentences, paragraph by paragraph, the cited ones marked."""
    text = passage.document.text
    paragraphs: dict[int, list[str]] = {}
    for sentence in passage.sentences:
        words = escape(sentence.visible(text))
        if any(citation.span.overlaps(sentence.span) for citation in cited):
            words = f"<mark>{words}</mark>"
        elif sentence.kind == "heading":
            words = f"<b>{words}</b>"
        elif sentence.kind == "suspect":
            words = f'<span class="suspect" title="{SUSPECT}">{words}</span>'
        paragraphs.setdefault(sentence.paragraph, []).append(words)
    if not paragraphs:
        return f"<p>{escape(passage.text)}</p>"
    return "".join(f"<p>{' '.join(words)}</p>" for words in paragraphs.values())


def _progress(each: Exchange) -> str:
    reading = "The next statement is written and checked…" if each.statements else "Reading the passages…"
    words = "Searching the documents…" if each.stage == "asked" else reading
    return f'<p class="progress" role="status">{words}</p>'


def also_in(copies: Sequence[Copy], source: str) -> str:
    """Where else the same words stand, by who published them; by file where that is the same `source`."""
    links = (
        f'<a href="{source_link(copy.document_id, copy.version, (copy.span,))}" title="{attribute(copy.file)}">'
        f"{byline('', copy.source if copy.source not in ('', source) else copy.file, copy.date)}</a>"
        for copy in copies[:NAMED]
    )
    return f'<span class="also-in">Also in: {"; ".join(links)}{_more(copies)}</span>' if copies else ""


def later_version(later: Copy | None) -> str:
    """That a later version of the text was found as well, with a link to it."""
    if later is None:
        return ""
    href = source_link(later.document_id, later.version, (later.span,))
    about = byline("", later.source or later.file, later.date)
    return f'<span class="later">A later version: <a href="{href}" title="{attribute(later.file)}">{about}</a></span>'


def _more(copies: Sequence[Copy]) -> str:
    return f" and {len(copies) - NAMED:,} more" if len(copies) > NAMED else ""


def _near(passage: Passage) -> str:
    """A passage in two lines: where it is from, and how it begins."""
    about, text = passage.document.metadata, passage.document.text
    words = " ".join(each.visible(text) for each in passage.sentences if each.kind == "text") or passage.text
    return (
        f'<a href="{_passage_link(passage)}">{escape(name_of(passage.document))}</a> '
        f'<span>{byline("", about.source, about.date)}</span><p class="excerpt">{escape(words[:EXCERPT])}</p>'
    )


def _passage_link(passage: Passage) -> str:
    return source_link(passage.document.id, passage.document.version, (passage.span,))


def _holds(passage: Passage, citation: Citation) -> bool:
    document = passage.document
    return (document.id, document.version) == (citation.document_id, citation.version) and passage.span.contains(
        citation.span
    )
