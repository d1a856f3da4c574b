"""The command line: parse, call, print. A framework is imported by the command that needs it, so `--help` is quick."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from app.settings import Settings

DONE, ERROR, USAGE, NO = 0, 1, 2, 3
EXIT_CODES = (
    "exit codes: 0 done (ask: answered; index: all is in), 1 error, 2 usage, "
    "3 the answer is no (ask: refused; index: some files did not go in)"
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    from indexing.errors import OnrecordError, UsageError

    options = vars(_parser().parse_args(arguments))
    command = options.pop("command")
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


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="onrecord",
        description="Ask a folder of documents; "
        "get answers whose every sentence points at the exact characters of a source.",
        epilog=EXIT_CODES,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    common = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    common.add_argument("--home", metavar="DIR", help="folder of the index (default: ONRECORD_HOME, else ./.onrecord)")
    common.add_argument("--embed", metavar="SPEC", help="minilm, folder:PATH, openai:MODEL or MODULE:CLASS")
    model = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    model.add_argument(
        "--llm", metavar="MODEL", help="let this model write answers (default: sentences of the documents)"
    )
    model.add_argument("--llm-url", metavar="URL", help="base URL of an OpenAI-compatible endpoint")

    def command(name: str, run: Any, parents: list[argparse.ArgumentParser], about: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, parents=parents, help=about, description=about, epilog=EXIT_CODES)
        made.set_defaults(command=run)
        return made

    index = command("index", index_command, [common], "index files and folders, or bring their index up to date")
    index.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    index.add_argument(
        "--max-document-mb", type=float, metavar="MB", default=argparse.SUPPRESS, help="skip larger files (default: 20)"
    )
    index.add_argument("--prune", action="store_true", help="remove what is gone even if most of a folder is")
    index.add_argument("--json", action="store_true", help="print the report as one line of JSON")

    ask = command("ask", ask_command, [common, model], "answer a question from the indexed documents")
    ask.add_argument("question", nargs="?", default=None, metavar="QUESTION")
    ask.add_argument("--json", action="store_true", help="print the answer as one line of JSON")
    ask.add_argument(
        "--batch", type=Path, metavar="FILE", help='answer every line {"id", "question", "history"} of a JSONL file'
    )
    ask.add_argument("--out", type=Path, metavar="FILE", help="where --batch writes (default: standard output)")

    chat = command("chat", chat_command, [common, model], "open the chat page in the browser")
    chat.add_argument("--host", default=argparse.SUPPRESS, help="loopback address to serve on (default: 127.0.0.1)")
    chat.add_argument("--port", type=int, default=argparse.SUPPRESS, help="port to serve on (default: 7860)")
    chat.add_argument("--no-browser", action="store_true", help="do not open a browser")

    status = command("status", status_command, [common], "say what is indexed and what did not go in")
    status.add_argument("--json", action="store_true", help="print it as one line of JSON")

    show = command("show", show_command, [common], "print a document's canonical text, which all offsets point into")
    show.add_argument("file", metavar="FILE", help="its name as citations give it")
    show.add_argument("--span", metavar="START:END", help="only these characters (code points, half-open)")

    evaluate = command("eval", eval_command, [], "run the eval harness of this checkout (python -m eval)")
    evaluate.add_argument("arguments", nargs=argparse.REMAINDER)
    return parser


def _settings(options: dict[str, Any]) -> Settings:
    """The settings with the flags among `options` on top; flags that are settings are taken out of `options`."""
    from app.settings import Settings, load_settings

    return load_settings({key: options.pop(key) for key in list(options) if key in Settings.model_fields})


def index_command(paths: list[Path], prune: bool, json: bool, **options: Any) -> int:
    from app.indexer import run_index
    from app.terminal import report_for_terminal

    report = run_index(_settings(options), paths, prune=prune)
    print(_line(report) if json else report_for_terminal(report), end="\n" if json else "")
    return NO if report["skipped"] or report["failed"] else DONE


def ask_command(question: str | None, json: bool, batch: Path | None, out: Path | None, **options: Any) -> int:
    from indexing.errors import UsageError

    settings = _settings(options)
    if (question is None) == (batch is None):
        raise UsageError('ask one question (onrecord ask "..."), or many with --batch FILE')
    if out is not None and batch is None:
        raise UsageError("--out goes with --batch; a single answer is printed")
    from app.assistant import build

    assistant = build(settings)
    with assistant.collection:
        if batch is not None:
            from app.batch import run_batch

            run_batch(assistant, batch, out)
            return DONE
        answer = assistant.ask(question or "")
    if json:
        print(_line(answer.as_json()))
    else:
        from app.terminal import answer_for_terminal

        color = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        print(answer_for_terminal(answer, shutil.get_terminal_size().columns, color), end="")
    return DONE if answer.status == "answered" else NO


def chat_command(no_browser: bool, **options: Any) -> int:
    settings = _settings(options)
    from app.address import check_address

    check_address(settings)  # before seconds of imports
    from app.assistant import build
    from app.indexer import Owner

    assistant = build(settings)  # a missing index is said before the page's framework is loaded
    from app.server import build_app, serve

    with assistant.collection, Owner(assistant.collection, settings):
        serve(build_app(assistant, settings), settings, open_browser=not no_browser)
    return DONE


def status_command(json: bool, **options: Any) -> int:
    from app.indexer import read_status
    from app.terminal import status_for_terminal

    status = read_status(_settings(options))
    print(_line(status) if json else status_for_terminal(status), end="\n" if json else "")
    return DONE


def show_command(file: str, span: str | None, **options: Any) -> int:
    from app.indexer import open_catalogue
    from indexing.errors import OnrecordError, UsageError
    from indexing.spans import Span

    with contextlib.closing(open_catalogue(_settings(options))) as catalogue:
        document = catalogue.find_document(file)
    if document is None:
        raise OnrecordError(f"there is no document {file!r} in the index; `onrecord status` lists them")
    text = document.text
    if span is not None:
        try:
            start, end = map(int, span.split(":"))
            text = Span(start, end).of(text)
        except ValueError as error:
            raise UsageError(
                f"--span {span!r} is not START:END within a text of {len(text)} characters ({error})"
            ) from None
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode("utf-8", "surrogatepass"))  # as it is: newlines and all
    sys.stdout.buffer.flush()
    return DONE


def eval_command(arguments: list[str]) -> int:
    """The harness runs in a process of its own: app never imports eval."""
    import subprocess

    return subprocess.call([sys.executable, "-m", "eval", *arguments])


def _line(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False)


if __name__ == "__main__":
    sys.exit(main())
