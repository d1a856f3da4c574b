"""The panel of kept conversations on the tab Ask: found again, opened, renamed, exported, deleted."""

from __future__ import annotations

import datetime
import logging
import time
from dataclasses import replace

import gradio as gr

from app.conversations import view
from app.conversations.keeper import Keeper
from app.conversations.record import FindDocument
from app.exchange import Exchange
from app.ui.feedback import Given, judged
from app.ui.place import html_place  # before gradio, whose settings it makes
from app.ui.talk import Talk
from indexing.errors import OnrecordError, UsageError

LOG = logging.getLogger(__name__)
BETWEEN = 0.5  # seconds at least, where an answer comes slowly
AT_ONCE = 50  # conversations listed at first, and further ones each time
# What the page's script sends comes to the server as a `select` where it ends what is being answered, else a `submit`.
WIRE = 'document.addEventListener("onrecord", ({ detail }) => trigger(detail.turn ? "select" : "submit", detail));'
REQUESTED = '() => [new URLSearchParams(location.search).get("c") || ""]'


class Shelf:
    """The components, and what becomes of a conversation; the tab shows the `Talk` that comes back."""

    def __init__(self, keeper: Keeper) -> None:
        self.keeper = keeper

    def place(self) -> None:
        """Put the panel here."""
        with gr.Column(elem_id="shelf", scale=1, min_width=0):
            html_place("shelf-head", view.SHELF_HEAD)
            with gr.Column(elem_id="shelf-body"):
                self.search = gr.Textbox(
                    label="Search conversations",
                    placeholder="Search",
                    elem_id="shelf-search",
                    show_label=False,
                    container=False,
                    max_length=200,
                )
                self.list = gr.HTML(
                    "", html_template="${value}", js_on_load=WIRE, apply_default_css=False, elem_id="shelf-list"
                )
            html_place("shelf-dialogs", view.DIALOGS)
            self.requested = gr.Textbox(visible=False)
            self.listed = gr.State(AT_ONCE)

    # -- the list ----------------------------------------------------------------------------------------------------

    def listing(self, talk: Talk, search: str | None = "", listed: int = AT_ONCE) -> str:
        """The list as HTML."""
        try:
            found = self.keeper.store.listed(talk.user, search or "", listed + 1)
        except OnrecordError as error:
            return view.unreadable(str(error))
        return view.shelf(
            found[:listed],
            talk.conversation or talk.missing,
            search=search or "",
            more=len(found) > listed,
            on=self.keeper.on,
            today=_today(),
        )

    def last_time(self, talk: Talk) -> str:
        try:
            latest = self.keeper.store.listed(talk.user, limit=1)
        except OnrecordError:  # the list says so
            return ""
        return view.last_time(latest[0], _today()) if latest else ""

    # -- what is asked -----------------------------------------------------------------------------------------------

    def begun(self, talk: Talk, replacing: int | None) -> tuple[Talk, str]:
        """The same, kept from here on; and why not, where that failed."""
        assert talk.current is not None
        try:
            where = self.keeper.begin(talk.user, talk.current.question, talk.conversation, replacing)
        except OnrecordError as error:
            return talk, f"This conversation is not kept: {error}"
        return replace(talk, conversation=where[0], place=where[1]), ""

    def finished(self, talk: Talk, exchange: Exchange) -> None:
        """Keep what came of a question; what cannot be kept stays on the page, and the terminal says why."""
        try:
            self.keeper.finish(talk.user, talk.conversation, talk.place, exchange)
        except OnrecordError as error:
            LOG.warning("an answer could not be kept: %s", error)

    def followed(self, talk: Talk, exchange: Exchange, kept_at: float) -> float:
        """Keep what came of a question or, while its answer is written, how far that has come, lest it is lost when the
        page is left; not again within `BETWEEN` seconds. When it was kept last."""
        if exchange.running and (not exchange.statements or time.monotonic() < kept_at + BETWEEN):
            return kept_at
        self.finished(talk, exchange.stopped() if exchange.running else exchange)
        return time.monotonic()

    def left(self, talk: Talk) -> None:
        """A conversation is left; what is still being answered in it is stopped."""
        if talk.current is not None and talk.current.running:
            self.finished(talk, talk.current.stopped())

    # -- what is done with them --------------------------------------------------------------------------------------

    def turned(self, talk: Talk, act: Given, document: FindDocument) -> Talk:
        """Another conversation is opened, or none, or this one deleted."""
        self.left(talk)
        if act.act == "open":
            return self.opened(talk.user, act.id, document)
        if act.act == "delete":
            self.keeper.store.delete(talk.user, act.id)
        return Talk(talk.user)

    def opened(self, user: str, conversation: str, document: FindDocument) -> Talk:
        """A conversation of this reader, or an empty one that says that there is none such."""
        try:
            found = self.keeper.store.conversation(user, conversation)
        except OnrecordError:  # the list says so
            found = None
        if found is None or not found.exchanges:
            return Talk(user, missing=conversation)
        return Talk.of(user, found, document)

    def acted(self, talk: Talk, act: Given) -> Talk:
        """Anything that leaves the conversation open. Raises OnrecordError that says why it cannot be done."""
        if act.act == "rename":
            if act.title.strip() and not self.keeper.store.rename(talk.user, act.id, act.title):
                raise UsageError("this conversation is not there any more; reload the page")
        elif act.act == "delete":
            self.keeper.store.delete(talk.user, act.id)
        elif act.act in ("up", "down", "remark"):
            return judged(self.keeper, talk, act)
        elif act.act == "edit" and act.at < len(talk.over):
            return replace(talk, editing=act.at)
        elif act.act == "leave":
            return replace(talk, editing=None)
        return talk


def _today() -> datetime.date:
    return datetime.datetime.now(datetime.UTC).date()


def hint_of(talk: Talk) -> str:
    """What stands under the question box while a question is edited."""
    return "" if talk.editing is None else view.editing(talk.over[talk.editing].question)
