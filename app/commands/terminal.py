"""An answer as lines for a terminal: wrapped, citations numbered; nothing in a document can command the terminal."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from app.answers import Answer, AsOf, Citation, Disagreement, Statement
from app.counts import counted
from app.exchange import REFUSED, numbered
from app.judging.check import Checked
from app.questions.limits import limited, searched_in
from indexing.documents import Copy, Hit

# What a terminal obeys or a reader cannot see: controls (ANSI sequences begin with one), overrides, surrogates.
COMMANDING = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
LABELS = {"partly": "~ partly supported", "unsupported": "x not supported", "unchecked": "? not checked"}
BEGINS, ENDS = "\ue000", "\ue001"  # around a short answer, until its line is made
NO_MARKS = str.maketrans("", "", BEGINS + ENDS)
BOLD, DIM, RED, YELLOW = "1", "2", "31", "33"
WIDEST = 100
NEAREST_SHOWN = 3
COPIES_NAMED = 5  # of one passage; the others are counted


def answer_for_terminal(answer: Answer, width: int = 80, color: bool = False) -> str:
    """The answer in at most `width` columns, ending in a line feed; with `color`, escape sequences of ours."""
    page = _Page(max(20, min(width, WIDEST)), color)
    for notice in answer.notices:
        page.add(f"Note: {notice}", style=YELLOW)
    if answer.rewritten:
        page.add(f"Read as: {answer.rewritten}", style=DIM)
    for line in searched_in(answer.filters):
        page.add(line, style=DIM)
    if any(one["from"] == "question" for one in answer.filters.get("dates", ())):
        page.add("--no-dates ignores the time that a question names.", style=DIM)
    if page.lines:
        page.gap()
    if answer.status == "refused":
        _refusal(page, answer)
    elif answer.status == "aside":
        for said in answer.statements:
            page.add(said.text)
            page.add(said.reason, style=DIM)
    else:
        for disagreement in answer.ruling.disagreements:
            _disagreement(page, disagreement)
        _statements(page, answer.statements)
        _as_of(page, answer.as_of)
    return "\n".join(page.lines).rstrip("\n") + "\n"


def checked_for_terminal(checked: Checked, width: int = 80, color: bool = False) -> str:
    """What the gate says to an answer, statement by statement, with the sentences it was held against."""
    page = _Page(max(20, min(width, WIDEST)), color)
    said = tuple(replace(one, text=" ".join(one.text.split())) for one in checked.statements)
    _statements(page, said)
    claims = [one for one in said if one.support != "not_a_claim"]
    page.gap()
    held = sum(one.support == "supported" for one in claims)
    score = "" if checked.score is None else f" (score {checked.score:.2f})"
    page.add(
        f"{held} of {counted(len(claims), 'claim')} supported{score}." if claims else "It claims nothing.", style=BOLD
    )
    return "\n".join(page.lines).strip("\n") + "\n"


def plain(text: str) -> str:
    """`text` on one line, with every character that a terminal would obey spelled out."""
    return COMMANDING.sub(lambda found: _spelled(found[0]), " ".join(re.split(r"[ \t\r\n\u2028\u2029]+", text))).strip()


def report_for_terminal(report: dict[str, Any]) -> str:
    """What an index run did, in a few lines."""
    outcomes = ("added", "changed", "moved", "removed", "unchanged", "skipped", "failed")
    parts = [f"{report[key]:,} {key}" for key in outcomes if report[key]]
    lines = [
        f"{', '.join(parts) or 'nothing to do'} in {report['seconds']:.1f} s.",
        f"The collection has {counted(report['documents'], 'document')} in {counted(report['chunks'], 'passage')}.",
    ]
    notes = [f"  note: {plain(note)}" for note in report.get("notes", ())]
    return "\n".join([*lines, *_problems(report["problems"]), *notes]) + "\n"


def status_for_terminal(status: dict[str, Any]) -> str:
    """What is indexed: a line a document, and below it what was noticed about that."""
    size = f"{counted(status['documents'], 'document')} in {counted(status['chunks'], 'passage')}"
    lines = [
        f"{size}, last indexed {status['indexed_at'] or 'never'}.",
        f"Home {status['home']}, embedder {status['embedder']}.",
        "",
    ]
    for entry in status["files"]:
        about = ", ".join(plain(entry[key]) for key in ("title", "source", "date") if entry[key])
        lines.append(f"  {plain(entry['file'])}  {about}")
        if entry["versions"] > 1:
            lines.append(f"    {entry['versions']:,} versions are kept, the older ones for what was cited")
        lines += [f"    hidden from readers, left out: {plain(text)}" for text in entry["hidden"]]
        lines += [f"    note: {plain(text)}" for text in entry["warnings"]]
    for group in status["copies"]:
        lines.append(f"  copies of one text: {', '.join(map(plain, group))}")
    return "\n".join([*lines, *_problems(status["problems"])]).rstrip() + "\n"


def examination_for_terminal(found: dict[str, Any]) -> str:
    """What `doctor` found, a line each."""
    size = f"{counted(found['documents'], 'document')} in {counted(found['chunks'], 'passage')}"
    lines = [
        f"{'repaired' if one['repaired'] else 'wrong'}: {one['store']}: {plain(one['problem'])}"
        for one in found["findings"]
    ]
    return "\n".join([*lines, f"{size}: {'all is well' if found['healthy'] else 'not all is well'}."]) + "\n"


def _problems(problems: list[dict[str, str]]) -> list[str]:
    return [
        f"  {one['kind']}: {plain(one['path'])}: {plain(one['reason'])}; {plain(one['remedy'])}" for one in problems
    ]


class _Page:
    """Lines of output as they are added."""

    def __init__(self, width: int, color: bool) -> None:
        self.width = width
        self.color = color
        self.lines: list[str] = []

    def add(self, text: str, *, first: str = "", rest: str = "", style: str = "") -> None:
        """`text`, made plain and wrapped, behind `first` on its first line and `rest` on the others."""
        for line in textwrap.wrap(
            plain(text),
            self.width,
            initial_indent=first,
            subsequent_indent=rest or " " * len(first),
            break_long_words=False,
            break_on_hyphens=False,
        ):
            line = line.replace(BEGINS, "\x1b[1m" if self.color else "").replace(ENDS, "\x1b[22m" if self.color else "")
            self.lines.append(f"\x1b[{style}m{line}\x1b[0m" if self.color and style else line)

    def gap(self) -> None:
        self.lines.append("")


def _statements(page: _Page, statements: Iterable[Statement]) -> None:
    """Each statement with its markers; bold is the short answer where there is one, else what is supported."""
    said = tuple(statements)
    numbers = numbered(said)
    marked = any(statement.highlight for statement in said)
    for statement in said:
        markers = "".join(f" [{numbers[citation]}]" for citation in statement.citations)
        style = BOLD if statement.support == "supported" and not marked else ""
        page.add(_with_marks(statement) + markers, style=style)
        label = LABELS.get(statement.support, "")
        if label:
            style = RED if statement.support == "unsupported" else YELLOW
            page.add(label + (f": {statement.reason}" if statement.reason else ""), first="    ", style=style)
    verbatim = {plain(statement.text) for statement in said}
    if numbers:
        page.gap()
    for citation, number in numbers.items():
        label = f"[{number}] "
        page.add(_place(citation), first=label)
        _also_in(page, citation.copies, " " * len(label))
        if citation.superseded:
            later = citation.superseded
            about = ", ".join(filter(None, (later.title, later.source, later.date, later.file)))
            page.add(f"A later version: {about}", first=" " * len(label), style=YELLOW)
        if plain(citation.quote) not in verbatim:  # a sentence given word for word stands above already
            page.add(f"“{plain(citation.quote)}”", first=" " * len(label), style=DIM)


def _with_marks(statement: Statement) -> str:
    """The words of a statement, its short answers between marks that `_Page` turns into bold."""
    text, parts, at = statement.text, [], 0
    for span in statement.highlight:
        parts += [text[at : span.start].translate(NO_MARKS), BEGINS, span.of(text).translate(NO_MARKS), ENDS]
        at = span.end
    return "".join([*parts, text[at:].translate(NO_MARKS)])


def _disagreement(page: _Page, one: Disagreement) -> None:
    page.add("The sources differ, newest first:", style=YELLOW)
    for side in one.sides:
        day = side.citation.date or "no date"
        page.add(f"{side.value}, {day}: {_place(side.citation)}", first="  - ")
    page.gap()


def _as_of(page: _Page, as_of: AsOf) -> None:
    """How recent the answer is."""
    newest = f"newest source cited {as_of.newest_source}" if as_of.newest_source else "no source cited has a date"
    indexed = f"; documents indexed {as_of.indexed[:10]}" if as_of.indexed else ""
    page.gap()
    page.add(f"As of: {newest}{indexed}.", style=DIM)


def _refusal(page: _Page, answer: Answer) -> None:
    page.add(REFUSED, style=BOLD)
    if answer.ruling.reason:
        page.add(answer.ruling.reason)
    noun = "document" if answer.searched == 1 else "documents"
    searched = "only what the limits leave" if limited(answer.filters) else f"{answer.searched:,} {noun}"
    page.add(f"Searched {searched} for: {answer.question}")
    for citation in answer.ruling.nearest:
        page.gap()
        page.add("What comes nearest, not an answer:")
        page.add(f"“{plain(citation.quote)}”", first="  ", rest="  ")
        page.add(_place(citation), first="    ", style=DIM)
    if not answer.hits:
        return
    page.gap()
    page.add("Nearest passages, not an answer:")
    for hit in answer.hits[:NEAREST_SHOWN]:
        page.add(_place(_citation(hit)), first="  - ")
        _also_in(page, hit.copies, "    ")
        page.add(textwrap.shorten(plain(hit.passage.text), 240, placeholder=" …"), first="    ", style=DIM)


def _also_in(page: _Page, copies: Sequence[Copy], indent: str) -> None:
    """Where else the same words stand."""
    if copies:
        named = "; ".join(", ".join(filter(None, (one.source, one.date, one.file))) for one in copies[:COPIES_NAMED])
        more = f" and {len(copies) - COPIES_NAMED:,} more" if len(copies) > COPIES_NAMED else ""
        page.add(f"Also in: {named}{more}", first=indent, style=DIM)


def _place(citation: Citation) -> str:
    """`Title, Source, date, page 3, file:start-end`, without what is not known."""
    where = f"{citation.file}:{citation.span.start}-{citation.span.end}"
    page = citation.page and f"page {citation.page}"
    return ", ".join(filter(None, (citation.title, citation.source, citation.date, page, where)))


def _citation(hit: Hit) -> Citation:
    return Citation.of(hit.passage.document, hit.passage.span)


def _spelled(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
