"""Work on an index as a person starts it: done here, or by the process that owns the home because a chat is open."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

from app.assistant import build_embedder
from app.commands.progress import Display
from app.owner import Owner, ask_owner
from app.settings import Settings
from indexing.catalogue import Catalogue
from indexing.collection import CATALOGUE, Collection
from indexing.copies import all_groups
from indexing.doctor import compare, examine
from indexing.embed import Embedder
from indexing.errors import HomeError
from indexing.files import MEGABYTE
from indexing.ingest import Options, Progress, Report, index
from indexing.schema import Entry


def run_index(
    settings: Settings, paths: Sequence[Path], options: Options | None = None, display: Display | None = None
) -> dict[str, Any]:
    """Bring the index in step with files and folders; the public report of `index --json`."""
    return _run(settings, index_request(settings, paths, options or Options()), display or Display(), create=True)


def index_request(settings: Settings, paths: Sequence[Path], options: Options) -> dict[str, Any]:
    """What the owner of a home is asked for by `run_index`."""
    return {
        "work": "index",
        "paths": [str(path.absolute()) for path in paths],
        "options": {
            **asdict(options),
            "max_bytes": int(settings.max_document_mb * MEGABYTE),
            "metadata": options.metadata and str(options.metadata.absolute()),
        },
    }


def run_rebuild(settings: Settings, display: Display) -> dict[str, Any]:
    """Make the vectors and words anew, with the embedder that the settings name; `{chunks, embedder}`."""
    return _run(settings, rebuild_request(settings), display)


def rebuild_request(settings: Settings) -> dict[str, Any]:
    """What the owner of a home is asked for by `run_rebuild`."""
    embed: dict[str, Any] = {
        "embed": _anywhere(settings.embed),
        "embed_url": settings.embed_url,
        "embed_options": settings.embed_options,
    }
    key = settings.embed_key.get_secret_value()
    if key:  # else the owner's, when a chat does the work
        embed["embed_key"] = key
    return {"work": "rebuild", "settings": embed}


def _anywhere(embed: str) -> str:
    """`folder:PATH` as it is understood in another process's working folder."""
    kind, colon, place = embed.partition(":")
    return f"{kind}:{Path(place).absolute()}" if colon and kind == "folder" else embed


def run_doctor(settings: Settings, display: Display, *, repair: bool) -> dict[str, Any]:
    """Check the three stores against each other; `{findings, documents, chunks, healthy}`."""
    return _run(settings, doctor_request(repair=repair), display)


def doctor_request(*, repair: bool) -> dict[str, Any]:
    """What the owner of a home is asked for by `run_doctor`."""
    return {"work": "doctor", "repair": repair}


def _run(settings: Settings, request: dict[str, Any], display: Display, *, create: bool = False) -> dict[str, Any]:
    replies = ask_owner(settings.home, request)
    if replies is not None:
        for reply in replies:
            if "report" in reply:
                return dict(reply["report"])
            display.show(Progress(**reply["progress"]))
    if request["work"] == "doctor":
        return examine(settings.home, build_embedder(settings), settings.chroma_url, repair=request["repair"]).as_json()
    embedder = build_embedder(settings)
    home = settings.home
    kept = _kept_embedder(settings, embedder) if request["work"] == "rebuild" else embedder
    # An embedder that is no longer configured cannot mend what a killed run left; the rebuild makes all of it anew.
    mend = not isinstance(kept, Former)
    with (
        Collection(home, kept, create=create, chroma_url=settings.chroma_url, mend=mend) as collection,
        Owner(collection),
    ):
        return worker(settings)(collection, request, lambda note: display.show(Progress(**note)))


def _kept_embedder(settings: Settings, embedder: Embedder) -> Embedder:
    """A stand-in with the name of the embedder that the index was made with, so that it can be opened to be left."""
    with closing(open_catalogue(settings)) as catalogue:
        name, dimension = catalogue.meta("embedder"), int(catalogue.meta("dimension") or 0)
    return embedder if name == embedder.name else Former(name, dimension)


class Former:
    """An embedder that is not configured any more: it has a name and makes no vectors."""

    def __init__(self, name: str, dimension: int) -> None:
        self.name = name
        self.dimension = dimension

    def passages(self, texts: Sequence[str]) -> Any:
        raise HomeError(
            f"the index lacks vectors of {self.name}, which is no longer configured; run `onrecord doctor` with it"
        )

    def question(self, text: str) -> Any:
        return self.passages([text])


def worker(
    settings: Settings,
) -> Callable[[Collection, dict[str, Any], Callable[[dict[str, Any]], None]], dict[str, Any]]:
    """What the owner of a home does for others, and everyone does who owns it for a moment; the lock is held."""

    def work(collection: Collection, request: dict[str, Any], note: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
        if request["work"] == "index":
            given = dict(request["options"])
            given["metadata"] = given["metadata"] and Path(given["metadata"])
            paths = [Path(path) for path in request["paths"]]
            progress = lambda one: note(asdict(one))  # noqa: E731
            return report_as_json(index(collection, paths, options=Options(**given), progress=progress, locked=True))
        if request["work"] == "rebuild":
            embedder = build_embedder(Settings(**{**settings.model_dump(), **request["settings"]}))
            collection.rebuild(
                embedder, lambda done, total: note(asdict(Progress(done, total, "passages", "unchanged")))
            )
            return {"chunks": collection.catalogue.count_chunks(), "embedder": embedder.name}
        return compare(collection, repair=request["repair"]).as_json()

    return work


def report_as_json(report: Report) -> dict[str, Any]:
    """The contract of `index --json`, and the seconds that each stage took."""
    values = asdict(report)
    values["seconds"] = round(report.seconds, 3)
    values["stages"] = {stage: round(seconds, 3) for stage, seconds in report.stages.items()}
    values["problems"] = [asdict(problem) for problem in report.problems]
    return values


def open_catalogue(settings: Settings) -> Catalogue:
    """The catalogue alone: enough to list and show, and quick to open."""
    path = settings.home / CATALOGUE
    if not path.is_file():
        raise HomeError(
            f"there is no index in {settings.home}; make one with: onrecord index PATH --home {settings.home}"
        )
    return Catalogue(path, create=False)


def read_status(settings: Settings) -> dict[str, Any]:
    """What is indexed, with what, since when, what was noticed about it, and what did not go in."""
    with closing(open_catalogue(settings)) as catalogue:
        entries = catalogue.entries()
        names = {entry.id: entry.name for entry in entries}
        counted = "SELECT document_id, count(*) FROM versions WHERE shown GROUP BY document_id"
        versions = dict(catalogue.query(counted))
        return {
            "home": str(settings.home),
            "documents": len(entries),
            "chunks": catalogue.count_chunks(),
            "embedder": catalogue.meta("embedder"),
            "indexed_at": catalogue.meta("indexed_at"),
            "files": [_listed(entry, versions.get(entry.id, 1)) for entry in entries],
            "copies": [sorted(names[key] for key in group if key in names) for group in all_groups(catalogue)],
            "problems": [asdict(problem) for problem in catalogue.problems()],
        }


def _listed(entry: Entry, versions: int) -> dict[str, Any]:
    """A document as `status --json` lists it; `versions` are those that can be opened, today's among them."""
    facts = entry.facts
    return {
        "file": entry.name,
        "path": entry.path,
        "member": entry.member,
        "document": entry.id,
        "version": entry.version,
        "versions": versions,
        "indexed_at": entry.indexed_at,
        **asdict(entry.metadata),
        "encoding": facts.encoding,
        "date_found": facts.date_found,
        "language": facts.language,
        "language_found": facts.language_found,
        "pages": len(facts.pages),
        "hidden": list(facts.hidden),
        "warnings": list(facts.warnings),
    }
