"""The command line: parse, call, print. A framework is imported by the command that needs it, so `--help` is quick."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.commands.arguments import parse

if TYPE_CHECKING:
    from app.access.access import Access
    from app.commands.progress import Display, Work
    from app.settings import Settings
    from indexing.ingest import Options

DONE, ERROR, USAGE, NO = 0, 1, 2, 3
TERMINATED = 128 + signal.SIGTERM


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    from indexing.errors import OnrecordError, UsageError

    options: dict[str, Any] = parse(list(arguments) if arguments is not None else None)
    command = COMMANDS[options.pop("command")]
    with contextlib.suppress(AttributeError):  # a replaced stream that cannot be set up is left as it is
        sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
        sys.stderr.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        return int(command(**options))
    except UsageError as error:
        print(f"error: {error}", file=sys.stderr)
        return USAGE
    except OnrecordError as error:
        print(f"error: {error}", file=sys.stderr)
        return ERROR
    except BrokenPipeError:
        # Whoever read our output has enough; writing the rest at exit must not complain either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ERROR
    except KeyboardInterrupt:
        print("\nStopped. What was done so far is kept; run the same command again to go on.", file=sys.stderr)
        return ERROR


def _settings(options: dict[str, Any]) -> Settings:
    """The settings with the flags among `options` on top; flags that are settings are taken out of `options`."""
    from app.settings import Settings, load_settings

    return load_settings({key: options.pop(key) for key in list(options) if key in Settings.model_fields})


def index_command(paths: list[Path], json: bool, **options: Any) -> int:
    from app.commands.terminal import report_for_terminal
    from app.indexer import run_index

    with _terminable(), _display(options) as display:
        given = _index_options(options)
        report = run_index(_settings(options), paths, given, display)
    print(_line(report) if json else report_for_terminal(report), end="\n" if json else "")
    return NO if report["skipped"] or report["failed"] else DONE


def watch_command(paths: list[Path], json: bool, **options: Any) -> int:
    from app.commands.terminal import report_for_terminal
    from app.commands.watch import watch

    with _terminable(), _display(options) as display:
        given = _index_options(options)
        try:
            for report in watch(_settings(options), paths, given, display):
                print(_line(report) if json else report_for_terminal(report), end="\n" if json else "", flush=True)
        except KeyboardInterrupt:
            print("\nStopped watching.", file=sys.stderr)
    return DONE


def _display(options: dict[str, Any], work: Work = "indexing") -> Display:
    from app.commands.progress import Display

    return Display(options.pop("progress"), verbose=options.pop("verbose"), work=work)


@contextlib.contextmanager
def _terminable() -> Iterator[None]:
    """SIGTERM ends the block as an exception does, so that what it holds is let go of."""
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _index_options(options: dict[str, Any]) -> Options:
    """How to index, from the flags; takes them out of `options`."""
    from indexing.errors import UsageError
    from indexing.extraction import FIELDS
    from indexing.ingest import Options

    columns = options.pop("map")  # "" forgets what was given before
    pairs = [pair.partition("=") for pair in columns.split(",")] if columns else []
    for field, equals, column in pairs:
        if not equals or not column.strip() or field.strip() not in FIELDS:
            raise UsageError(f"--map takes FIELD=COLUMN,... with the fields {', '.join(FIELDS)}, not {columns!r}")
    return Options(
        prune=options.pop("prune"),
        keep_missing=options.pop("keep_missing"),
        columns={field.strip(): column.strip() for field, _, column in pairs} if columns is not None else None,
        metadata=options.pop("metadata"),
    )


def ask_command(
    question: str | None,
    json: bool,
    batch: Path | None,
    out: Path | None,
    packet: Path | None,
    since: str | None,
    until: str | None,
    source: list[str],
    author: list[str],
    dates: bool,
    **options: Any,
) -> int:
    from indexing.errors import UsageError

    settings = _settings(options)
    if (question is None) == (batch is None):
        raise UsageError('ask one question (onrecord ask "..."), or many with --batch FILE')
    if out is not None and batch is None:
        raise UsageError("--out goes with --batch; a single answer is printed")
    if packet is not None and batch is not None:
        raise UsageError("--packet goes with a single question")
    from app.assistant import build
    from app.questions.limits import limits_of

    limits = limits_of(since, until, tuple(source), tuple(author), dates=dates)
    assistant = build(settings)
    with assistant.collection:
        if batch is not None:
            from app.commands.batch import run_batch

            run_batch(assistant, batch, out, limits)
            return DONE
        answer = assistant.ask(question or "", (), limits)
        if packet is not None:
            from app.packet import packet as packet_of
            from app.packet import write_packet

            write_packet(packet, packet_of([answer], assistant, settings))
    if json:
        print(_line(answer.as_json()))
    else:
        from app.commands.terminal import answer_for_terminal

        color = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        print(answer_for_terminal(answer, shutil.get_terminal_size().columns, color), end="")
    return NO if answer.status == "refused" else DONE


def quote_command(**options: Any) -> int:
    from app.quotes.commands import quote

    return DONE if quote(_settings(options), **options) else NO


def ground_command(**options: Any) -> int:
    from app.commands.ground_command import run

    return DONE if run(options, _settings) else NO


def chat_command(no_browser: bool, **options: Any) -> int:
    _serve(_settings(options), open_browser=not no_browser)
    return DONE


def serve_command(**options: Any) -> int:
    from app.access.access import opened

    settings = _settings(options)
    with opened(settings) as access:
        _serve(settings, access)
    return DONE


def _serve(settings: Settings, access: Access | None = None, *, open_browser: bool = False) -> None:
    """Own the home and serve the page until Ctrl-C or SIGTERM; with `access`, to those who sign in."""
    from app.address import check_address
    from indexing.memory import share_freed

    login = access is not None
    check_address(settings, login)  # before seconds of imports
    share_freed()
    from app.assistant import build
    from app.indexer import worker
    from app.jobs import Jobs
    from app.owner import Owner

    assistant, jobs = build(settings, owning=True), Jobs(settings.home)
    with _terminable(), assistant.collection, Owner(assistant.collection, jobs.recorded(worker(settings))):
        # A missing index and another owner are said before the page's framework is loaded.
        from app.web.server import build_app, serve

        serve(build_app(assistant, settings, access, jobs=jobs), settings, open_browser, login)


def check_command(**options: Any) -> int:
    from app.quotes.draft_commands import check

    return DONE if check(_settings(options), **options) else NO


def speakers_command(**options: Any) -> int:
    from app.quotes.draft_commands import speakers

    speakers(_settings(options), **options)
    return DONE


def said_command(**options: Any) -> int:
    from app.quotes.draft_commands import said

    return DONE if said(_settings(options), **options) else NO


def timeline_command(topic: str, speaker: str, json: bool, **options: Any) -> int:
    from app.commands.timeline_command import timeline_of

    found = timeline_of(_settings(options), topic, speaker)
    if json:
        print(_line(found.as_json()))
    else:
        from app.commands.timeline_command import for_terminal

        print(for_terminal(found))
    return DONE if found.entries else NO


def status_command(json: bool, **options: Any) -> int:
    from app.commands.terminal import status_for_terminal
    from app.indexer import read_status

    status = read_status(_settings(options))
    print(_line(status) if json else status_for_terminal(status), end="\n" if json else "")
    return DONE


def doctor_command(check: bool, json: bool, **options: Any) -> int:
    from app.commands.progress import Display
    from app.commands.terminal import examination_for_terminal
    from app.indexer import run_doctor

    with Display() as display:
        found = run_doctor(_settings(options), display, repair=not check)
    print(_line(found) if json else examination_for_terminal(found), end="\n" if json else "")
    return DONE if found["healthy"] else NO


def rebuild_command(json: bool, **options: Any) -> int:
    from app.counts import counted
    from app.indexer import run_rebuild

    flags = set(options)

    with _terminable(), _display(options, "rebuilding") as display:
        settings = _settings(options)
        report = run_rebuild(settings, display)
    print(_line(report) if json else f"{counted(report['chunks'], 'passage')}, embedder {report['embedder']}.")
    if "embed" in flags:
        print(f"Name the embedder from now on: embed = {settings.embed!r} in onrecord.toml.", file=sys.stderr)
    return DONE


def show_command(file: str, span: str | None, **options: Any) -> int:
    from app.indexer import open_catalogue
    from indexing.errors import OnrecordError, UsageError
    from indexing.spans import Span

    with contextlib.closing(open_catalogue(_settings(options))) as catalogue:
        document = catalogue.find_document(file)
        like = catalogue.names_like(file, 8) if document is None else []
    if document is None:
        others = f"; did you mean {', '.join(map(repr, like))}?" if like else "; `onrecord status` lists them"
        raise OnrecordError(f"there is no document {file!r} in the index{others}")
    text = document.text
    if span is not None:
        try:
            start, end = map(int, span.split(":"))
            text = Span(start, end).of(text)
        except ValueError:
            raise UsageError(
                f"--span {span!r} is not START:END within a text of {len(text)} characters, as 0:80"
            ) from None
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode("utf-8", "surrogatepass"))  # as it is: newlines and all
    sys.stdout.buffer.flush()
    return DONE


def verify_command(packet: Path, json: bool, **options: Any) -> int:
    from app.commands.terminal import plain
    from app.indexer import open_catalogue
    from app.verify import for_terminal, verify

    with contextlib.closing(open_catalogue(_settings(options))) as catalogue:
        found = verify(packet, catalogue)
    print(_line(found.as_json()) if json else "\n".join(map(plain, for_terminal(found))))
    return DONE if found.holds else NO


def conversations_command(action: str, **options: Any) -> int:
    from app.conversations import commands

    settings = _settings(options)
    work: dict[str, Callable[..., None]] = {
        "list": commands.list_command,
        "show": commands.show_command,
        "export": commands.export_command,
        "delete": commands.delete_command,
    }
    work[action](settings, **options)
    return DONE


def feedback_command(action: str, **options: Any) -> int:
    from app.conversations.commands import feedback_export_command

    feedback_export_command(_settings(options), **options)
    return DONE


def mcp_command(**options: Any) -> int:
    settings = _settings(options)
    from app.assistant import build
    from app.mcp_server import serve
    from app.quotes.draft_commands import aliases_of

    assistant = build(settings)
    with assistant.collection:
        serve(assistant, aliases_of(settings))
    return DONE


def users_command(action: str, **options: Any) -> int:
    from app.access.commands import users

    users(_settings(options).home, action, **options)
    return DONE


def audit_command(**options: Any) -> int:
    from app.access.commands import audit

    audit(_settings(options).home, **options)
    return DONE


def backup_command(file: Path, json: bool, **options: Any) -> int:
    from app.commands import backup

    with _terminable(), _display(options, "backing up") as display:
        report = backup.run_backup(_settings(options), file, display)
    print(_line(report) if json else backup.backup_for_terminal(report))
    return DONE


def restore_command(file: Path, force: bool, json: bool, **options: Any) -> int:
    from app.commands import backup

    style = options["progress"]
    with _terminable(), _display(options, "unpacking") as unpacking, backup.passages_display(style) as filling:
        report = backup.run_restore(_settings(options), file, unpacking, filling, force=force)
    print(_line(report) if json else backup.restore_for_terminal(report))
    return DONE


def config_command(reference: bool, json: bool, **options: Any) -> int:
    from app.commands import reference as told
    from app.settings import traced_settings

    if reference:
        print(told.reference(), end="")
        return DONE
    rows = told.in_force(*traced_settings(options))
    print(_line({"settings": rows}) if json else told.for_terminal(rows), end="\n" if json else "")
    return DONE


def eval_command(arguments: list[str]) -> int:
    """The harness runs in a process of its own: app never imports eval."""
    import subprocess

    return subprocess.call([sys.executable, "-m", "eval", *arguments])


COMMANDS: dict[str, Callable[..., int]] = {
    "index": index_command,
    "watch": watch_command,
    "ask": ask_command,
    "quote": quote_command,
    "chat": chat_command,
    "serve": serve_command,
    "check": check_command,
    "speakers": speakers_command,
    "said": said_command,
    "timeline": timeline_command,
    "ground": ground_command,
    "status": status_command,
    "show": show_command,
    "doctor": doctor_command,
    "rebuild": rebuild_command,
    "users": users_command,
    "audit": audit_command,
    "verify": verify_command,
    "conversations": conversations_command,
    "feedback": feedback_command,
    "mcp": mcp_command,
    "backup": backup_command,
    "restore": restore_command,
    "config": config_command,
    "eval": eval_command,
}


def _line(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False)


if __name__ == "__main__":
    sys.exit(main())
