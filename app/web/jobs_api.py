"""`/api/jobs`: start, follow and stop long work; only what is indexed already, or was uploaded, is indexed here."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Literal

from fastapi import APIRouter, FastAPI
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import BaseModel, ConfigDict

from app.assistant import Assistant
from app.indexer import doctor_request, index_request, rebuild_request
from app.jobs import ENDED, Job, Jobs
from app.settings import Settings
from app.web.api import STREAM, problem
from app.web.library import UPLOADS
from indexing.errors import UsageError
from indexing.ingest import Options

BETWEEN = 0.2  # seconds between two looks at a job that is followed


class Wanted(BaseModel):
    """What is to be done. `paths`: folders that are indexed already (none: all of them, and what was uploaded)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    work: Literal["index", "rebuild", "doctor"]
    paths: tuple[str, ...] = ()
    prune: bool = False


def add_jobs_api(app: FastAPI, assistant: Assistant, settings: Settings, jobs: Jobs) -> None:
    """Give `app` the routes under `/api/jobs`."""
    router = APIRouter(prefix="/api/jobs", tags=["jobs"])

    @router.get("")
    def listed() -> JSONResponse:
        """All jobs that are known, newest first, and the folders that can be indexed again."""
        return JSONResponse({"jobs": [one.as_json() for one in jobs.all()], "folders": known(assistant, settings)})

    @router.post("", status_code=202)
    def start(wanted: Wanted) -> JSONResponse:
        """Start a job: `index`, `rebuild` (the search indexes anew) or `doctor`. It waits for those before it."""
        return JSONResponse(jobs.start(_request(wanted, assistant, settings)).as_json(), status_code=202)

    @router.get("/{job}")
    def one(job: str) -> JSONResponse:
        """A job as it is now."""
        found = jobs.get(job)
        return JSONResponse(found.as_json()) if found else _unknown()

    @router.post("/{job}/cancel")
    def cancel(job: str) -> JSONResponse:
        """Stop a job; what it has done so far is kept."""
        found = jobs.cancel(job)
        return JSONResponse(found.as_json(), status_code=202) if found else _unknown()

    @router.get("/{job}/events", responses={200: {"content": {STREAM: {}}}})
    def events(job: str) -> Response:
        """The same as events: `progress` while it waits or runs, last an event named after its state."""
        if jobs.get(job) is None:
            return _unknown()
        return StreamingResponse(_events(jobs, job), media_type=STREAM, headers={"Cache-Control": "no-store"})

    app.include_router(router)


def known(assistant: Assistant, settings: Settings) -> list[str]:
    """The folders and files that may be indexed again, and the folder of uploads."""
    roots = {entry.root for entry in assistant.collection.catalogue.entries()}
    uploads = settings.home.absolute() / UPLOADS
    return sorted(roots | ({str(uploads)} if uploads.is_dir() else set()))


def _request(wanted: Wanted, assistant: Assistant, settings: Settings) -> dict[str, Any]:
    if wanted.work == "rebuild":
        return rebuild_request(settings)
    if wanted.work == "doctor":
        return doctor_request(repair=True)
    folders = known(assistant, settings)
    strange = [path for path in wanted.paths if path not in folders]
    if strange:
        raise UsageError(
            f"{strange[0]!r} is not indexed yet, and only what is can be indexed from here; "
            "GET /api/jobs lists the folders, `onrecord index` adds others"
        )
    paths = wanted.paths or tuple(folders)
    if not paths:
        raise UsageError("nothing is indexed yet; add a folder with `onrecord index`, or upload files")
    return index_request(settings, [Path(path) for path in paths], Options(prune=wanted.prune))


def _unknown() -> JSONResponse:
    return problem("there is no such job; GET /api/jobs lists them", 404)


async def _events(jobs: Jobs, name: str) -> AsyncIterator[str]:
    """Looked at now and then rather than waited for: a reader who only watches holds no thread."""
    before: Job | None = None
    while (job := jobs.get(name)) is not None:
        if job != before:
            kind = job.state if job.state in ENDED else "progress"
            yield f"event: {kind}\ndata: {json.dumps(job.as_json(), ensure_ascii=False)}\n\n"
        if job.state in ENDED:
            return
        before = job
        await asyncio.sleep(BETWEEN)
