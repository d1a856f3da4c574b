"""The commands and flags of the command line; importing this imports no framework."""

from __future__ import annotations

import argparse
import difflib
import re
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from app.access.arguments import add_access_commands
from app.identity import LOCAL

EXIT_CODES = "exit codes: 0 done, 1 error, 2 usage"
NO = {  # what it means that a command ends with 3
    "index": "some files did not go in",
    "ask": "the documents do not answer",
    "quote": "not every quote is green",
    "check": "not every quote is green",
    "ground": "a statement is not supported",
    "said": "nothing was found",
    "timeline": "nothing was found",
    "doctor": "something is wrong",
    "verify": "a citation no longer holds, or the seal is broken",
}
ABOUT = (
    "Ask a folder of documents; get answers whose every sentence points at the exact characters of a source. "
    "Start with: onrecord index PATH, then: onrecord chat"
)

Command = Callable[..., argparse.ArgumentParser]
CHOICE = re.compile(r"argument (\w+): invalid choice: '(.*?)' \(choose from (.*)\)", re.DOTALL)


class Parser(argparse.ArgumentParser):
    """One that says what a mistyped command may have meant, in the place of a list of all."""

    def error(self, message: str) -> NoReturn:
        if found := CHOICE.fullmatch(message):
            what, word, known = found.groups()
            near = difflib.get_close_matches(word, re.findall(r"[\w-]+", known), 3)
            meant = f" did you mean {' or '.join(near)}?" if near else ""
            message = f"there is no {what.lower()} {word!r};{meant} {self.prog} --help lists all"
        super().error(message)


def parse(arguments: list[str] | None) -> dict[str, object]:
    """The flags of one command, `command` among them; ends the process for --help and for words it does not know."""
    return vars(parser().parse_args(arguments))


def parser() -> argparse.ArgumentParser:
    """What `parse` parses with."""
    told = f"{EXIT_CODES}, 3 the answer is no: onrecord COMMAND --help says which that is"
    whole = Parser(prog="onrecord", description=ABOUT, epilog=told)
    commands = whole.add_subparsers(required=True, metavar="COMMAND", dest="command")
    common, model = _common(), _model()

    def command(name: str, about: str, *parents: Parser) -> Parser:
        codes = f"{EXIT_CODES}, 3 {NO[name]}" if name in NO else EXIT_CODES
        return commands.add_parser(name, parents=parents, help=about, description=about, epilog=codes)

    _indexing(command("index", "index files and folders, or bring their index up to date", common))
    _indexing(command("watch", "keep the index in step with files and folders until Ctrl-C", common))
    _asking(command("ask", "answer a question from the indexed documents", common, model))
    _quoting(command("quote", "check a quote, word for word, against the indexed documents", common))
    _chatting(command("chat", "open the chat page in the browser", common, model))
    json = "print it as one line of JSON"
    status = command("status", "say what is indexed, what was noticed about it, and what did not go in", common)
    status.add_argument("--json", action="store_true", help=json)
    show = command("show", "print a document's canonical text, which all offsets point into", common)
    show.add_argument("file", metavar="FILE", help="its name as citations give it")
    show.add_argument("--span", metavar="START:END", help="only these characters (code points, half-open)")
    doctor = command("doctor", "check the stores against each other and repair them from the catalogue", common)
    doctor.add_argument("--check", action="store_true", help="only say what is wrong")
    doctor.add_argument("--json", action="store_true", help=json)
    rebuild = command(
        "rebuild", "make vectors and words anew (--embed: with another embedder) while others ask", common
    )
    _showing(rebuild)
    rebuild.add_argument("--json", action="store_true", help=json)
    _drafting(command("check", "check every quote of a draft against the indexed documents", common))
    speakers = command("speakers", "list who is quoted by name in the indexed documents", common)
    speakers.add_argument("--json", action="store_true", help=json)
    said = command("said", "list what a person said, newest first, each with its citation", common)
    said.add_argument("name", metavar="NAME", help="of the person, as `onrecord speakers` lists it")
    said.add_argument("--about", default="", metavar="WORDS", help="only where these words stand in it or around it")
    said.add_argument("--json", action="store_true", help=json)
    _dating(
        command("timeline", "list when a topic is mentioned and who is quoted about it, by source and date", common)
    )
    _grounding(
        command("ground", "check anyone's answer against its sources, statement by statement, without an index", model)
    )
    add_access_commands(command, common, model)
    command("mcp", "offer the collection as tools to assistants (Model Context Protocol, over stdio)", common, model)
    _keeping(command, common, model)
    evaluate = command("eval", "run the eval harness of this checkout (python -m eval)")
    evaluate.add_argument("arguments", nargs=argparse.REMAINDER)
    return whole


def _keeping(command: Command, common: argparse.ArgumentParser, model: argparse.ArgumentParser) -> None:
    """Evidence kept for later, backups, settings."""
    json = "print it as one line of JSON"
    verify = command(
        "verify", "check an evidence packet against the index: every cited character, without a model", common
    )
    verify.add_argument("packet", type=Path, metavar="PACKET", help="what `onrecord ask --packet` made")
    verify.add_argument("--json", action="store_true", help=json)
    _conversing(
        command("conversations", "list, show, export and delete the conversations that the page keeps", common), common
    )
    _judging(command("feedback", "make eval items of what readers said of answers", common), common)
    backup = command("backup", "write everything in the home to one file, while it is in use", common)
    backup.add_argument("file", type=Path, metavar="FILE", help="the backup that is made")
    _showing(backup)
    backup.add_argument("--json", action="store_true", help=json)
    restore = command("restore", "make a home from a backup; what stood there stays until the new one is whole", common)
    restore.add_argument("file", type=Path, metavar="FILE", help="what `onrecord backup` made")
    restore.add_argument("--force", action="store_true", help="replace the home that is there")
    _showing(restore)
    restore.add_argument("--json", action="store_true", help=json)
    config = command(
        "config", "print the settings in force and where each comes from; secrets are masked", common, model
    )
    config.add_argument("--reference", action="store_true", help="print the reference of all settings (Markdown)")
    config.add_argument("--json", action="store_true", help=json)


def _conversing(parser: argparse.ArgumentParser, common: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(required=True, metavar="ACTION", dest="action")

    def action(name: str, about: str) -> argparse.ArgumentParser:
        added = actions.add_parser(name, parents=[common], help=about, description=about, epilog=EXIT_CODES)
        added.add_argument("--user", default=LOCAL, metavar="NAME", help="whose (default: those of `onrecord chat`)")
        return added

    listed = action("list", "list them, the latest first")
    listed.add_argument("--search", default="", metavar="WORDS", help="only those in which these words stand")
    listed.add_argument("--json", action="store_true", help="print them as one line of JSON")
    shown = action("show", "print one with its answers")
    exported = action("export", "write one as an evidence packet, and the same as .html beside it")
    deleted = action("delete", "delete one, or all, for good")
    for one in (shown, exported):
        one.add_argument("conversation", metavar="ID", help="as `list` names it")
    shown.add_argument("--json", action="store_true", help="print all that is kept of it as one line of JSON")
    exported.add_argument("packet", type=Path, metavar="FILE.json")
    deleted.add_argument("conversation", nargs="?", metavar="ID", help="as `list` names it")
    deleted.add_argument("--all", dest="everything", action="store_true", help="every conversation of this user")


def _judging(parser: argparse.ArgumentParser, common: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(required=True, metavar="ACTION", dest="action")
    about = "add what readers said of answers to an eval suite, an item for each question"
    exported = actions.add_parser("export", parents=[common], help=about, description=about, epilog=EXIT_CODES)
    exported.add_argument("suite", type=Path, metavar="SUITE.jsonl", help="added to, or made where it is not there")
    exported.add_argument("--json", action="store_true", help="print what was done as one line of JSON")


def _common() -> Parser:
    common = Parser(add_help=False, argument_default=argparse.SUPPRESS)
    common.add_argument("--home", metavar="DIR", help="folder of the index (default: ONRECORD_HOME, else ./.onrecord)")
    common.add_argument("--embed", metavar="SPEC", help="minilm, folder:PATH, openai:MODEL or MODULE:CLASS")
    common.add_argument("--chroma-url", metavar="URL", help="keep vectors on this Chroma server, for several processes")
    return common


def _model() -> Parser:
    model = Parser(add_help=False, argument_default=argparse.SUPPRESS)
    model.add_argument("--llm", metavar="MODEL", help="let this model write (default: sentences of the documents)")
    model.add_argument("--llm-url", metavar="URL", help="base URL of an OpenAI-compatible endpoint")
    model.add_argument("--rerank", metavar="SPEC", help="order passages by reader, folder:PATH (ONNX) or MODULE:CLASS")
    model.add_argument("--reader", metavar="DIR", help="this trained reader says which sentences answer")
    model.add_argument("--no-reader", dest="reader", action="store_const", const="", help="without, whatever is set")
    return model


def _indexing(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="a file or a folder")
    parser.add_argument(
        "--max-document-mb", type=float, metavar="MB", default=argparse.SUPPRESS, help="skip larger files (default: 20)"
    )
    gone = parser.add_mutually_exclusive_group()
    gone.add_argument("--prune", action="store_true", help="remove what is gone even if most of a folder is")
    gone.add_argument("--keep-missing", action="store_true", help="keep documents whose files are gone")
    parser.add_argument(
        "--map",
        metavar="FIELD=COLUMN,...",
        help='columns of CSV and JSONL files, e.g. title=headline,text=body; "" forgets them',
    )
    parser.add_argument(
        "--metadata",
        type=lambda text: Path(text) if text else "",
        metavar="CSV",
        help='a table with a column file and any of title, source, author, date, url; "" forgets it',
    )
    _showing(parser)
    parser.add_argument("--json", action="store_true", help="print the report as one line of JSON")


def _showing(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-v", "--verbose", action="store_true", help="a line for every file that something became of")
    parser.add_argument("--progress", choices=["auto", "json", "none"], default="auto", help="on standard error")


def _asking(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("question", nargs="?", default=None, metavar="QUESTION")
    parser.add_argument("--json", action="store_true", help="print the answer as one line of JSON")
    parser.add_argument(
        "--batch", type=Path, metavar="FILE", help='answer every line {"id", "question", "history"} of a JSONL file'
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="where --batch writes (default: standard output)")
    limits = parser.add_argument_group("limits", "what to search; days as 2015, 2015-11 or 2015-11-24")
    limits.add_argument("--since", metavar="DAY", help="documents from this day on")
    limits.add_argument("--until", metavar="DAY", help="documents up to and with this day")
    limits.add_argument(
        "--source",
        action="append",
        default=[],
        metavar="NAME",
        help="of this source, by its name or words of it (repeatable)",
    )
    limits.add_argument(
        "--author",
        action="append",
        default=[],
        metavar="NAME",
        help="by this author: a whole name, or a part that means all who have it (repeatable)",
    )
    limits.add_argument("--no-dates", dest="dates", action="store_false", help="ignore a time the question names")
    parser.add_argument(
        "--packet",
        type=Path,
        metavar="FILE.json",
        help="also write an evidence packet, and the same as .html beside it",
    )


def _quoting(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("quote", nargs="?", default=None, metavar="QUOTE")
    parser.add_argument("--speaker", default="", metavar="NAME", help="whom the quote is given to")
    parser.add_argument(
        "--profile",
        choices=["strict", "ap", "reuters", "guardian"],
        default="strict",
        help="house rules (default: strict)",
    )
    parser.add_argument("--json", action="store_true", help="print the verdict as one line of JSON")
    parser.add_argument(
        "--batch", type=Path, metavar="FILE", help='check every line {"id", "query", "speaker"} of a JSONL file'
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="where --batch writes (default: standard output)")


def _drafting(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("draft", type=Path, metavar="DRAFT", help="a .md, .txt, .docx, .html or .pdf file")
    parser.add_argument(
        "--report", type=Path, metavar="FILE", help="write a report: .html, .csv, or .json (W3C annotations)"
    )
    parser.add_argument("--json", action="store_true", help="print the verdicts as one line of JSON, a list")
    parser.add_argument(
        "--profile",
        choices=["strict", "ap", "reuters", "guardian"],
        default="strict",
        help="house rules (default: strict)",
    )


def _dating(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("topic", nargs="?", default="", metavar="TOPIC", help="words that a sentence must all hold")
    parser.add_argument("--speaker", default="", metavar="NAME", help="only what this person is quoted with")
    parser.add_argument("--json", action="store_true", help="print it as one line of JSON")


def _grounding(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--answer", type=Path, metavar="FILE", help="the answer as UTF-8 text (-: standard input)")
    parser.add_argument(
        "--sources", type=Path, nargs="+", metavar="FILE", help="what it should rest on; [2] in it means the second"
    )
    parser.add_argument("--json", action="store_true", help="print the result as one line of JSON")
    parser.add_argument(
        "--batch",
        type=Path,
        metavar="FILE",
        help='check every line {"id", "answer", "sources": [{"name", "text"}]} of a JSONL file',
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="where --batch writes (default: standard output)")
    parser.add_argument(
        "--second-opinion",
        action="store_true",
        default=argparse.SUPPRESS,
        help="ask the model of --llm about every statement, too",
    )
    parser.add_argument(
        "--gate-reader",
        action=argparse.BooleanOptionalAction,
        default=argparse.SUPPRESS,
        help="ask the packaged reader about every statement, too",
    )


def _chatting(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default=argparse.SUPPRESS, help="loopback address to serve on (default: 127.0.0.1)")
    parser.add_argument("--port", type=int, default=argparse.SUPPRESS, help="port to serve on (default: 7860)")
    _logging(parser)
    parser.add_argument("--no-browser", action="store_true", help="do not open a browser")


def _logging(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--log-format", choices=["text", "json"], default=argparse.SUPPRESS, help="of the log (default: text)"
    )
    parser.add_argument(
        "--log-level",
        choices=["debug", "info", "warning", "error"],
        default=argparse.SUPPRESS,
        help="info: a line for every request and answer, without content (default: warning)",
    )
