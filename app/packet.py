"""Evidence packets: an answer with everything needed to check it later, without a model and without trusting us.

A packet is one JSON object: what was asked and said, each cited span with its words, the sha256 of each document it
stands in, the settings, model and prompts that made it. `seal` is the sha256 over all the rest, so that a packet that
was altered shows it. The same as HTML reads and prints well.
"""

from __future__ import annotations

import datetime
import hashlib
import importlib.metadata
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import prompts
from app.answers import Answer
from app.assistant import Assistant
from app.language_models.destination import remote_host
from app.settings import Settings
from app.web.hypertext import byline, escape
from indexing.catalogue import Catalogue
from indexing.errors import OnrecordError

FORMAT = "onrecord-packet-1"
MADE_WITH = ("embed", "llm", "llm_context", "passages", "max_statements")
STYLE = """
body { font: 1rem/1.5 Georgia, "Times New Roman", serif; max-width: 44rem; margin: 2rem auto; padding: 0 1rem }
h1, h2 { line-height: 1.25 }
h2 { margin-top: 2.5rem }
.facts, footer, .support { color: #5a554c; font-size: .9rem }
blockquote { margin: .25rem 0 .75rem; padding-left: .9rem; border-left: 3px solid #b9b2a4 }
code { overflow-wrap: anywhere; font-size: .85em }
li { margin-bottom: .75rem }
@media print { body { margin: 0; max-width: none } li { break-inside: avoid } }
"""


def packet(answers: Sequence[Answer], assistant: Assistant, settings: Settings) -> dict[str, Any]:
    """The packet of answers given just now, oldest first."""
    given = [answer.as_json() for answer in answers]
    return packet_of(given, made_with(assistant, settings), assistant.collection.catalogue)


def made_with(assistant: Assistant, settings: Settings) -> dict[str, Any]:
    """What answers are made with: version, embedder, settings, model and prompts."""
    values = settings.model_dump(mode="json", include=set(MADE_WITH))
    return {
        "onrecord": importlib.metadata.version("onrecord"),
        "embedder": assistant.collection.embedder.name,
        "settings": {name: values[name] for name in MADE_WITH},
        "endpoint": (remote_host(settings.llm_url) or "local") if settings.llm else "",
        "prompts": {path.stem: prompts.fingerprint(path.stem) for path in sorted(prompts.FOLDER.glob("*.txt"))},
    }


def packet_of(answers: Sequence[Mapping[str, Any]], made: Mapping[str, Any], catalogue: Catalogue) -> dict[str, Any]:
    """The packet of answers as `ask --json` gives them, oldest first; one that was made with something else says so in
    a `made_with` of its own."""
    cited = {
        (one["document"], one["version"]): one
        for answer in answers
        for statement in answer["statements"]
        for one in statement["citations"]
    }
    documents = []
    for (document_id, version), citation in cited.items():
        found = catalogue.document(document_id, version)
        about = {"author": found.metadata.author, "url": found.metadata.url} if found else {}
        indexed = [moment for known, moment in catalogue.versions(document_id) if known == version]
        facts = {key: citation[key] for key in ("file", "title", "source", "date")}
        documents.append(
            {"document": document_id, "sha256": version, **facts, **about, "indexed_at": indexed[-1] if indexed else ""}
        )
    content = {
        "format": FORMAT,
        "made_at": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "made_with": made,
        "answers": list(answers),
        "documents": documents,
    }
    return {**content, "seal": seal_of(content)}


def seal_of(content: Mapping[str, Any]) -> str:
    """The sha256 of a packet without its seal, as canonical JSON."""
    bare = {key: value for key, value in content.items() if key != "seal"}
    line = json.dumps(bare, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(line.encode("utf-8", "surrogatepass")).hexdigest()


def write_packet(path: Path, made: Mapping[str, Any]) -> None:
    """The packet as `path`, and beside it the same to read and print, ending in `.html`."""
    try:
        path.write_text(json.dumps(made, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        path.with_suffix(".html").write_text(as_html(made), encoding="utf-8")
    except OSError as error:
        raise OnrecordError(f"{path} cannot be written ({error.strerror}); choose another place") from error


def as_html(made: Mapping[str, Any]) -> str:
    """One self-contained page: each statement with footnotes, each footnote with the words it stands on."""
    parts = [_answer(number, answer) for number, answer in enumerate(made["answers"], 1)]
    documents = "".join(
        f"<li>{byline(one['title'] or one['file'], one['source'], one['date'])}<br>"
        f"<code>{escape(one['file'])}</code>, sha256 <code>{one['sha256']}</code></li>"
        for one in made["documents"]
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>Evidence packet · Onrecord</title><style>{STYLE}</style></head><body><h1>Evidence packet</h1>"
        f'<p class="facts">{_how(made["made_with"])}, '
        f"{escape(made['made_at'])}. Check it with <code>onrecord verify</code>.</p>"
        f"{''.join(parts)}<h2>Documents</h2><ul>{documents}</ul>"
        f"<footer>Seal <code>{escape(made['seal'])}</code></footer></body></html>\n"
    )


def _how(made: Mapping[str, Any]) -> str:
    model = made["settings"]["llm"]
    how = f"Written by {escape(model)}, checked" if model else "Sentences of the documents, chosen"
    return f"{how} by Onrecord {escape(made['onrecord'])}"


def _answer(number: int, answer: Mapping[str, Any]) -> str:
    notes: list[str] = []
    said = []
    for statement in answer["statements"]:
        markers = ""
        for citation in statement["citations"]:
            notes.append(_note(citation))
            place = f"{number}-{len(notes)}"
            markers += f'<sup><a href="#note-{place}">{len(notes)}</a></sup>'
        support = f"{statement['support']}{': ' + statement['reason'] if statement['reason'] else ''}"
        said.append(f'<p>{escape(statement["text"])}{markers}<br><span class="support">{escape(support)}</span></p>')
    if answer["status"] == "refused":
        said = [f"<p><strong>The documents do not say.</strong> {answer['searched']:,} searched.</p>"]
    about = [escape(f"Asked {answer['asked_at']}")] if "asked_at" in answer else []
    about += [_how(answer["made_with"])] if "made_with" in answer else []
    facts = f'<p class="facts">{". ".join(about)}.</p>' if about else ""
    listed = "".join(f'<li id="note-{number}-{place}">{note}</li>' for place, note in enumerate(notes, 1))
    return f"<h2>{escape(answer['question'])}</h2>{facts}{''.join(said)}<ol>{listed}</ol>"


def _note(citation: Mapping[str, Any]) -> str:
    where = byline(citation["title"] or citation["file"], citation["source"], citation["date"], citation["page"])
    place = f"{citation['file']}:{citation['start']}-{citation['end']}"
    return f"{where}, <code>{escape(place)}</code><blockquote>{escape(citation['quote'])}</blockquote>"
