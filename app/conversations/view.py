"""Kept conversations on the page, as HTML: the list of them, what can be said and done under an answer, the dialogs.

Nothing here acts by itself: a button carries `data-act` and what it is about; `app/web/conversations.js` sends it on.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from urllib.parse import quote

from app.conversations.values import LONGEST_NOTE, Feedback, Summary
from app.counts import counted
from app.web.hypertext import attribute, day_of, escape

NAMED = 80  # characters of a question where it is only named
SHELF_HEAD = (
    '<div class="shelf-head"><button type="button" id="shelf-toggle" aria-expanded="true" aria-controls="shelf-body">'
    '<span aria-hidden="true" class="bars"></span><span class="words">Conversations</span></button></div>'
)
DIALOGS = (
    '<dialog id="rename-dialog" aria-labelledby="rename-title"><form method="dialog"><h2 id="rename-title">Rename</h2>'
    '<label for="rename-to">Title of the conversation</label>'
    '<input id="rename-to" type="text" maxlength="200" required autocomplete="off">'
    '<p class="buttons"><button type="button" data-close>Cancel</button>'
    '<button type="submit" class="first">Save</button></p></form></dialog>'
    '<dialog id="delete-dialog" aria-labelledby="delete-title" aria-describedby="delete-what"><form method="dialog">'
    '<h2 id="delete-title">Delete this conversation?</h2><p id="delete-what"></p>'
    "<p>Its questions, answers and your remarks are erased. This cannot be undone.</p>"
    '<p class="buttons"><button type="button" data-close>Keep it</button>'
    '<button type="submit" class="grave">Delete</button></p></form></dialog>'
    '<dialog id="remark-dialog" aria-labelledby="remark-title"><form method="dialog">'
    '<h2 id="remark-title">Wrong citation or note</h2>'
    '<fieldset id="remark-wrong"><legend>Which citations do not carry what is said?</legend></fieldset>'
    '<label for="remark-note">Note (what is wrong, or what the answer should be)</label>'
    f'<textarea id="remark-note" rows="4" maxlength="{LONGEST_NOTE}"></textarea>'
    '<p class="aside">Kept with this conversation; whoever runs Onrecord can turn it into an evaluation question.</p>'
    '<p class="buttons"><button type="button" data-close>Cancel</button>'
    '<button type="submit" class="first">Save</button></p></form></dialog>'
)


def shelf(listed: Sequence[Summary], current: str, *, search: str, more: bool, on: bool, today: datetime.date) -> str:
    """The list; `current` is the conversation that is open, or asked for and not there."""
    parts = [] if on else ['<p class="aside">New conversations are not kept: keep_conversations is off.</p>']
    if listed:
        parts.append(f'<ul class="talks">{"".join(_entry(one, current, today) for one in listed)}</ul>')
    elif search.strip():
        parts.append(f'<p class="aside" role="status">No conversation has the words “{escape(search.strip())}”.</p>')
    elif on:
        parts.append('<p class="aside">What you ask is kept here, for you alone.</p>')
    if more:
        parts.append('<button type="button" class="more" data-act="more">Show more</button>')
    return f'<nav aria-label="Conversations" data-current="{attribute(current)}">{"".join(parts)}</nav>'


def _entry(one: Summary, current: str, today: datetime.date) -> str:
    place, title = quote(one.id, safe=""), attribute(one.title)
    here = ' aria-current="page"' if one.id == current else ""
    found = f'<span class="found">{escape(one.found)}</span>' if one.found else ""
    packet = f"api/conversations/{place}/packet"
    return (
        f'<li data-id="{attribute(one.id)}" data-title="{title}"><a class="talk" href="?c={place}"{here}>'
        f'<span class="title">{escape(one.title)}</span>{found}<span class="when">{_when(one, today)}</span></a>'
        f'<details class="menu"><summary aria-label="What to do with “{title}”" title="Rename, export, delete">'
        '<span aria-hidden="true">⋯</span></summary><div class="acts">'
        '<button type="button" data-act="rename">Rename…</button>'
        '<button type="button" data-act="link">Copy its address</button>'
        f'<a href="{packet}.json" download>Evidence packet (JSON)</a>'
        f'<a href="{packet}.html" download>Evidence packet (to print)</a>'
        '<button type="button" class="grave" data-act="delete">Delete…</button></div></details></li>'
    )


def _when(one: Summary, today: datetime.date) -> str:
    day = one.updated_at[:10]
    named = {today.isoformat(): "Today", (today - datetime.timedelta(days=1)).isoformat(): "Yesterday"}.get(day)
    return f"{named or day_of(day)} · {counted(one.exchanges, 'question')}"


def unreadable(text: str) -> str:
    """That the conversations cannot be read, and what to do about it."""
    return f'<div class="error" role="alert"><strong>Conversations cannot be read</strong><p>{escape(text)}</p></div>'


def last_time(one: Summary, today: datetime.date) -> str:
    """The way back to the latest conversation, for a reader who returns."""
    place = quote(one.id, safe="")
    return (
        f'<p class="last-time">Last time: <a class="talk" href="?c={place}">{escape(one.title)}</a> '
        f"<span>{_when(one, today)}</span></p>"
    )


def not_found() -> str:
    """What an address of a conversation shows that is not there, or is somebody else's: both look the same."""
    return (
        '<div class="welcome not-found" role="alert"><h2>This conversation is not here</h2>'
        "<p>It was deleted, or it belongs to somebody else: a conversation opens only for the reader who had it. "
        "Ask below to begin a new one.</p></div>"
    )


def below(question: str, at: int, feedback: Feedback, *, judged: bool) -> str:
    """What a reader can do with the exchange number `at` of a page: judge its answer, and ask its question anew."""
    judging = _judging(feedback) if judged else ""
    name = f'<span class="hidden"> “{escape(question[:NAMED])}”</span>'
    edit = f'<button type="button" data-act="edit">Edit question{name}</button>'
    return f'<div class="below" data-at="{at}" aria-live="off">{judging}{edit}</div>'


def _judging(feedback: Feedback) -> str:
    thumbs = "".join(
        f'<button type="button" data-act="{verdict}" aria-pressed="{str(feedback.verdict == verdict).lower()}">'
        f'<span aria-hidden="true">{sign}</span> {words}</button>'
        for verdict, sign, words in (("up", "▲", "Good answer"), ("down", "▼", "Bad answer"))
    )
    wrong = " ".join(f"{one.statement}.{one.citation}" for one in feedback.wrong)
    remark = (
        f'<button type="button" data-act="remark" data-wrong="{wrong}" data-note="{attribute(feedback.note)}" '
        'aria-haspopup="dialog">Wrong citation or note…</button>'
    )
    numbers = ", ".join(f"[{one.citation}]" for one in feedback.wrong)
    said = [f"You marked as wrong: {numbers}."] if numbers else []
    said += [f"Your note: {escape(feedback.note)}"] if feedback.note else []
    told = f'<p class="remarked" role="status">{" ".join(said)}</p>' if said else ""
    return f'<div class="judging" role="group" aria-label="Your opinion of this answer">{thumbs}{remark}</div>{told}'


def turn(exchange: str, under: str, *, leaving: bool = False) -> str:
    """An exchange and what stands below it, both HTML; `leaving`: an edited question is about to take its place."""
    return f'<section class="turn{" leaving" if leaving else ""}">{exchange}{under}</section>'


def editing(question: str) -> str:
    """That a question is being edited, and the way out of it."""
    name = escape(f"{question[:NAMED]}{'…' if len(question) > NAMED else ''}")
    return (
        f'<p class="hint" role="status">Editing “{name}”: asked again, it replaces that question and what follows. '
        '<button type="button" data-act="leave">Leave it as it is</button></p>'
    )
