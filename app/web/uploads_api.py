"""`/api/documents`: files sent in and taken away again; they are indexed by a job, as `/api/jobs` tells of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, FastAPI, File, Query, Request, UploadFile
from fastapi.responses import JSONResponse

from app.assistant import Assistant
from app.identity import noted
from app.indexer import index_request
from app.jobs import Job, Jobs
from app.settings import Settings
from app.web import library
from app.web.api import problem
from indexing.errors import UsageError
from indexing.ingest import Options

MOST_FILES = 200  # in one request

Files = Annotated[list[UploadFile], File(description="One or more files", min_length=1, max_length=MOST_FILES)]
Whole = Annotated[bool, Query(description="also where the document is one of several in its file")]


def add_uploads_api(app: FastAPI, assistant: Assistant, settings: Settings, jobs: Jobs) -> None:
    """Give `app` the routes that change `/api/documents`."""
    router = APIRouter(prefix="/api/documents", tags=["documents"])

    @router.post("", status_code=202)
    def add(request: Request, files: Files) -> JSONResponse:
        """Send files in, as `multipart/form-data`. Those are kept, all or none, under the names in the answer, and a
        job indexes them: follow it at `/api/jobs/ID`. A file whose name is taken replaces the older one, which stays as
        a superseded version."""
        names = library.keep(settings, [(one.filename or "", one.file) for one in files])
        noted(request, "add documents", ", ".join(names))
        return JSONResponse({"files": names, "job": _indexing(settings, jobs).as_json()}, status_code=202)

    @router.delete("/{document}", status_code=202)
    def remove(request: Request, document: str, whole: Whole = False) -> JSONResponse:
        """Take a document that was sent in away again, with its file; what was cited from it can still be opened."""
        entries = assistant.collection.catalogue.entries()
        entry = next((one for one in entries if one.id == document), None)
        if entry is None:
            return problem(f"there is no document {document!r}; GET /api/documents lists them", 404)
        path = Path(entry.path)
        if path.parent != (settings.home / library.UPLOADS).absolute():
            raise UsageError(f"{entry.name} was not sent in, so it is not removed here; remove it from its folder")
        beside = sum(one.path == entry.path for one in entries)
        if beside > 1 and not whole:
            raise UsageError(f"{path.name} holds {beside} documents; send whole=true to remove all of them")
        library.discard(settings, [path.name])
        noted(request, "remove documents", path.name)
        return JSONResponse({"files": [path.name], "job": _indexing(settings, jobs).as_json()}, status_code=202)

    app.include_router(router)


def _indexing(settings: Settings, jobs: Jobs) -> Job:
    return jobs.start(index_request(settings, [settings.home / library.UPLOADS], Options(prune=True)))
