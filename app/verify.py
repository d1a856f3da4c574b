"""Check an evidence packet against the collection: no model, no network, nothing taken on trust."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from app.packet import FORMAT, seal_of
from indexing.catalogue import Catalogue
from indexing.errors import OnrecordError

Outcome = Literal["holds", "superseded", "removed", "missing", "altered"]
HOLDING: tuple[Outcome, ...] = ("holds", "superseded", "removed")  # the cited text is what it was


class _Read(BaseModel):
    model_config = ConfigDict(frozen=True)


class CitationRead(_Read):
    """A citation as a packet holds it."""

    file: str
    document: str
    version: str
    start: int
    end: int
    quote: str


class StatementRead(_Read):
    text: str
    support: str
    citations: tuple[CitationRead, ...]


class AnswerRead(_Read):
    question: str
    status: str
    mode: str
    statements: tuple[StatementRead, ...]


class PacketRead(_Read):
    """The parts of a packet that can be checked."""

    format: str
    made_at: str
    seal: str
    answers: tuple[AnswerRead, ...]


@dataclass(frozen=True, slots=True)
class Checked:
    """What became of one citation: `holds`; the document was `superseded` or `removed` since, its old text is kept and
    says just that; `missing` from this collection; `altered`: the place does not say what the packet quotes."""

    statement: str
    citation: CitationRead
    outcome: Outcome

    def as_json(self) -> dict[str, Any]:
        return {"outcome": self.outcome, "statement": self.statement, **self.citation.model_dump()}


@dataclass(frozen=True, slots=True)
class Verification:
    """`sealed`: the packet is as it was made. `holds`: so are all its citations."""

    sealed: bool
    made_at: str
    citations: tuple[Checked, ...]
    loose: tuple[
        str, ...
    ]  # statements that a packet gives as the documents' own words, and that their citations are not

    @property
    def holds(self) -> bool:
        return self.sealed and not self.loose and all(one.outcome in HOLDING for one in self.citations)

    def as_json(self) -> dict[str, Any]:
        found = [one.as_json() for one in self.citations]
        about = {"holds": self.holds, "sealed": self.sealed, "made_at": self.made_at}
        return {**about, "citations": found, "not_in_citations": list(self.loose)}


def verify(path: Path, catalogue: Catalogue) -> Verification:
    """Check every citation of a packet. Raises OnrecordError for a file that is none."""
    raw = _read(path)
    try:
        made = PacketRead.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise OnrecordError(f"{path} is not an evidence packet ({where}: {first['msg']})") from None
    if made.format != FORMAT:
        raise OnrecordError(f"{path} has the format {made.format!r}; this version of Onrecord reads {FORMAT!r}")
    statements = [(answer, statement) for answer in made.answers for statement in answer.statements]
    checked = tuple(
        Checked(statement.text, citation, _outcome(catalogue, citation))
        for _, statement in statements
        for citation in statement.citations
    )
    loose = tuple(
        statement.text
        for answer, statement in statements
        if answer.mode == "extractive" and answer.status != "aside" and _loose(statement)
    )
    return Verification(made.seal == seal_of(raw), made.made_at, checked, loose)


def for_terminal(found: Verification) -> Iterator[str]:
    """What was found, a line each."""
    for one in found.citations:
        place = f"{one.citation.file}:{one.citation.start}-{one.citation.end}"
        yield f"{one.outcome:<10} {place}  “{one.citation.quote[:70]}{'…' if len(one.citation.quote) > 70 else ''}”"
    for text in found.loose:
        yield f"not what its citations say: {text}"
    if not found.sealed:
        yield "the seal is broken: the packet is not as it was made"
    good = sum(one.outcome in HOLDING for one in found.citations)
    yield f"{good} of {len(found.citations)} citations stand as they were cited; packet of {found.made_at}."


def _read(path: Path) -> dict[str, Any]:
    try:
        raw = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no JSON"
        raise OnrecordError(f"{path} cannot be read as a packet ({why}); give what `ask --packet` wrote") from error
    if not isinstance(raw, dict):
        raise OnrecordError(f"{path} is not an evidence packet: it holds no JSON object")
    return raw


def _outcome(catalogue: Catalogue, citation: CitationRead) -> Outcome:
    document = catalogue.document(citation.document, citation.version)
    standing = catalogue.standing(citation.document, citation.version)
    if document is None or standing is None:
        return "missing"
    digest = hashlib.sha256(document.text.encode("utf-8", "surrogatepass")).hexdigest()
    inside = 0 <= citation.start < citation.end <= len(document.text)
    if digest != citation.version or not inside or document.text[citation.start : citation.end] != citation.quote:
        return "altered"
    return "holds" if standing == "current" else standing


def _loose(statement: StatementRead) -> bool:
    """Whether what is given as the documents' own words does not stand in what is cited for it, white space apart."""
    quotes = "".join(citation.quote for citation in statement.citations)
    return "".join(statement.text.split()) not in "".join(quotes.split())
