"""`onrecord conversations` and `onrecord feedback`: what the page keeps, for whoever sits at the machine."""

from __future__ import annotations

import json as to_json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from app.commands.terminal import plain
from app.conversations.store import Conversations
from app.conversations.values import Conversation, Summary
from app.counts import counted
from app.exchange import REFUSED
from app.settings import Settings
from indexing.errors import UsageError

LISTED_AT_MOST = 1000


@contextmanager
def _store(settings: Settings) -> Iterator[Conversations]:
    with closing(Conversations(settings.home)) as store:
        yield store


def list_command(settings: Settings, user: str, search: str, json: bool) -> None:
    """A line for each conversation, the latest first."""
    with _store(settings) as store:
        found = store.listed(user, search, LISTED_AT_MOST)
    if json:
        print(to_json.dumps([one.as_json() for one in found], ensure_ascii=False))
        return
    for one in found:
        print(_line(one))
    if not found:
        print(f"No conversation of {plain(user)} {'matches' if search else 'is kept'}.")


def show_command(settings: Settings, user: str, conversation: str, json: bool) -> None:
    """A conversation with its answers; `json`: all that is kept of it."""
    with _store(settings) as store:
        found = _found(store, user, conversation)
    if json:
        print(to_json.dumps(found.as_json(), ensure_ascii=False))
        return
    print(_line(found.summary))
    for one in found.exchanges:
        answer = one.answer
        said = "(not answered)" if answer is None else REFUSED if answer["status"] == "refused" else answer["answer"]
        print(f"\n> {plain(one.question)}\n{plain(said)}")


def export_command(settings: Settings, user: str, conversation: str, packet: Path) -> None:
    """A conversation as an evidence packet, and the same as .html beside it."""
    from app.conversations.keeper import packet_of_conversation
    from app.indexer import open_catalogue
    from app.packet import write_packet

    with _store(settings) as store, closing(open_catalogue(settings)) as catalogue:
        made = packet_of_conversation(_found(store, user, conversation), catalogue)
    write_packet(packet, made)
    print(f"{counted(len(made['answers']), 'answer')} in {packet} and {packet.with_suffix('.html')}.")


def delete_command(settings: Settings, user: str, conversation: str | None, everything: bool) -> None:
    """Delete a conversation, or all of a user's, for good."""
    if (conversation is None) != everything:
        raise UsageError("name one conversation to delete, or say --all")
    with _store(settings) as store:
        if conversation is None:
            print(f"{counted(store.delete_all(user), 'conversation')} deleted.")
            return
        _found(store, user, conversation)
        store.delete(user, conversation)
    print("Deleted.")


def feedback_export_command(settings: Settings, suite: Path, json: bool) -> None:
    """Add what all readers said of answers to an eval suite."""
    from app.conversations.items import export
    from app.indexer import open_catalogue

    with _store(settings) as store, closing(open_catalogue(settings)) as catalogue:
        done = export(store.judged(), suite, catalogue.find_document)
    if json:
        print(to_json.dumps(done.as_json()))
        return
    added = ", ".join(f"{number} {split}" for split, number in done.added.items())
    print(
        f"{counted(sum(done.added.values()), 'item')} added to {suite}{f' ({added})' if added else ''}; "
        f"{done.known} there already."
    )
    if done.changed:
        print(f"{counted(done.changed, 'item')} without some of the cited words, which changed in the documents since.")
    if done.added:
        print(f"Look through them, then: onrecord eval suites {suite}")


def _found(store: Conversations, user: str, conversation: str) -> Conversation:
    found = store.conversation(user, conversation)
    if found is None:
        raise UsageError(f"{user} has no conversation {conversation!r}; `onrecord conversations list` names them")
    return found


def _line(one: Summary) -> str:
    questions = counted(one.exchanges, "question")
    return f"{one.id}  {one.updated_at[:16].replace('T', ' ')}  {questions:>12}  {plain(one.title)}"
