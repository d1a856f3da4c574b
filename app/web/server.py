"""The page as a web application for this machine: Gradio at `/`, sources, health, and what keeps others out."""

from __future__ import annotations

import importlib.metadata
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import urlsplit

import uvicorn
from fastapi import FastAPI, Query
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app import logs, tracing, ui
from app.access.access import Access
from app.access.forwarded import Forwarded, Rooted
from app.access.gate import Gate
from app.access.routes import add_access
from app.address import address, host_names, listening_socket
from app.assistant import Assistant
from app.conversations.api import add_conversations_api
from app.conversations.keeper import Keeper
from app.jobs import Jobs
from app.quotes.desk import QuoteDesk
from app.quotes.draft_commands import aliases_of
from app.settings import Settings
from app.web import hypertext, render
from app.web.api import add_api
from app.web.api_docs import add_docs
from app.web.assets import add_assets
from app.web.bounded import Bounded, PatientProtocol
from app.web.evaluations import report_path
from app.web.jobs_api import add_jobs_api
from app.web.links import serve_below
from app.web.meter import Meter
from app.web.openai_api import add_openai_api
from app.web.policy import REPORT, Policies
from app.web.reader import reader
from app.web.request_log import Requests
from app.web.source import Source, source_of
from app.web.stopping import Doors, DoorState, Server
from app.web.uploads_api import add_uploads_api
from indexing.files import MEGABYTE
from indexing.spans import Span

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
# Gradio answers many more (files, uploads, a proxy, editing by a model); the page needs these and gets no others.
GRADIO_ROUTES = (
    "upload",
    "upload_progress",
    "queue/join",
    "queue/data",
    "heartbeat/",
    "cancel",
    "reset",
    "startup-events",
    "theme.css",
)
SPANS_AT_MOST = 100
MOST_CONNECTIONS = 2000  # of a server with a login
FILES_AT_ONCE = 10  # of the largest size, in one upload
ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="6" fill="#17527f"/>'
    '<path d="M8 9h6v7a6 6 0 0 1-6 6zm10 0h6v7a6 6 0 0 1-6 6z" fill="#faf8f4"/></svg>'
)

Places = Annotated[list[int] | None, Query()]


class Guard:
    """Middleware: refuses other sites' requests and Gradio's unused routes, and puts `HEADERS` on every response."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return  # nothing here speaks over websockets: the server closes them

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    given.setdefault(name, value)
                if scope["scheme"] == "https":
                    given["Strict-Transport-Security"] = "max-age=31536000"
            await send(message)

        headers = Headers(scope=scope)
        if not _same_origin(headers):
            refusal: ASGIApp = PlainTextResponse("Requests from other sites are not answered.", status_code=403)
        elif not _served(scope["path"]):
            refusal = PlainTextResponse("Not found.", status_code=404)
        else:
            refusal = self.app
        await refusal(scope, receive, with_headers)


def build_app(
    assistant: Assistant, settings: Settings, access: Access | None = None, *, jobs: Jobs | None = None
) -> FastAPI:
    """The whole application. Only requests that name a host of ours are answered (DNS rebinding).

    With `access` every request passes its gate, and the application may lie below a prefix; without, whoever reaches
    it may do everything.
    """
    app = FastAPI(
        title="Onrecord",
        summary="Answers whose every sentence points at the exact characters of a source.",
        version=importlib.metadata.version("onrecord"),
        docs_url=None,  # FastAPI's own pages load their scripts from another host
        redoc_url=None,
        openapi_url="/openapi.json",
    )
    largest = int(settings.max_document_mb * MEGABYTE)
    doors = app.state.doors = DoorState()
    _add_middleware(app, settings, access, FILES_AT_ONCE * largest)

    started = datetime.now(UTC).isoformat(timespec="seconds")

    @app.get("/healthz")
    def health() -> JSONResponse:
        return JSONResponse({"status": "ok", "documents": assistant.collection.count(), "started": started})

    @app.get("/readyz")
    def ready() -> JSONResponse:
        """Whether new questions are taken: 503 once the server has been told to stop."""
        if doors.closed:
            return JSONResponse({"status": "stopping"}, status_code=503)
        return JSONResponse({"status": "ready"})

    @app.get("/favicon.ico", include_in_schema=False)
    def icon() -> Response:
        return Response(ICON, media_type="image/svg+xml")

    add_assets(app)

    @app.get("/source/{document:path}/{version}")
    def source(
        document: str, version: str, start: Places = None, end: Places = None, fragment: bool = False
    ) -> HTMLResponse:
        """A document with the spans `start..end` highlighted: as a page, or as the part of one that the chat shows."""
        found = source_of(assistant.collection, document, version)
        title, content, status = _source(found, start or [], end or [])
        return HTMLResponse(content if fragment else hypertext.page(title, content, reading=True), status_code=status)

    @app.get("/runs/{name}/report", include_in_schema=False)
    def report(name: str) -> Response:
        """An evaluation run's report, which brings its own script and asks nobody for anything."""
        path = report_path(settings.home, name)
        words = render.missing("There is no such run in this home.")
        if path is None:
            return HTMLResponse(hypertext.page("Run not found", words), status_code=404)
        return FileResponse(path, headers={"Content-Security-Policy": REPORT})

    meter = Meter()
    add_api(app, assistant, meter, QuoteDesk(assistant.collection, aliases_of(settings)))
    add_openai_api(app, assistant, meter)
    keeper = Keeper(assistant, settings)
    add_conversations_api(app, assistant, meter, keeper)
    jobs = jobs or Jobs(settings.home)
    add_uploads_api(app, assistant, settings, jobs)
    add_jobs_api(app, assistant, settings, jobs)
    add_docs(app)
    if access is not None:
        add_access(app, access)
    ui.mount(app, ui.build_blocks(assistant, settings, keeper), largest)
    return app


def _add_middleware(app: FastAPI, settings: Settings, access: Access | None, largest_upload: int) -> None:
    """From the innermost, which is next to the routes, to the outermost, which sees a request first."""
    root = access.root if access else ""
    serve_below(root)
    app.add_middleware(Rooted, root=root)
    if access is not None:
        app.add_middleware(Gate, access=access)
    app.add_middleware(
        TrustedHostMiddleware, allowed_hosts=host_names(settings, access is not None), www_redirect=False
    )
    app.add_middleware(Bounded, largest_upload=largest_upload)
    app.add_middleware(Guard)
    app.add_middleware(Policies)
    app.add_middleware(Doors, state=app.state.doors)
    app.add_middleware(Requests, paths=lambda: _paths(app))
    app.add_middleware(Forwarded, trusted=access.proxies if access else (), root=root)


def serve(app: FastAPI, settings: Settings, open_browser: bool, login: bool = False) -> None:
    """Serve until Ctrl-C. Raises OnrecordError for an address that cannot be used."""
    bound = listening_socket(settings, login)
    where = address(settings)
    logs.set_up(settings.log_format, settings.log_level, content=settings.log_content)
    if settings.otlp_url:
        tracing.set_up(settings.otlp_url)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # app/access/forwarded.py sees to them
        http=PatientProtocol,
        limit_concurrency=MOST_CONNECTIONS if login else None,
        timeout_graceful_shutdown=1,
    )
    try:
        server = Server(config, where, app.state.doors, settings.shutdown_seconds, open_browser=open_browser)
        server.run(sockets=[bound])
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
    finally:
        bound.close()
        tracing.shut_down()


def _paths(app: FastAPI) -> Iterator[str]:
    """The routes, those of the page too: what of a path may be logged."""
    yield from app.openapi()["paths"]
    for route in app.routes:
        yield getattr(route, "path", None) or ""
        yield from (getattr(inner, "path", None) or "" for inner in getattr(route, "routes", ()))


def _source(found: Source | None, starts: list[int], ends: list[int]) -> tuple[str, str, int]:
    """Title, HTML and status of what is shown for a source."""
    if found is None:
        words = "It is not in the collection. If the index was made anew since it was cited, ask again."
        return "Source not found", render.missing(words), 404
    if len(starts) != len(ends) or len(starts) > SPANS_AT_MOST:
        words = f"Each start needs an end, and at most {SPANS_AT_MOST} places are shown at once."
        return "Places not understood", render.missing(words), 422
    try:
        spans = [Span(start, end) for start, end in zip(starts, ends, strict=True)]
        return found.title, reader(found, spans), 200
    except ValueError as error:
        return "Places not understood", render.missing(str(error)), 422


def _same_origin(headers: Headers) -> bool:
    """Whether the request came from our own page, from no page at all, or by following a link to us."""
    origin = headers.get("origin")
    if origin is not None:
        return urlsplit(origin).netloc == headers.get("host")
    crossing = headers.get("sec-fetch-site") in ("cross-site", "same-site")
    return not crossing or headers.get("sec-fetch-mode") == "navigate"


def _served(path: str) -> bool:
    """Whether the page needs this route, which is so for all but most of Gradio's own."""
    opening, _, route = path.partition("/gradio_api/")
    if not route:
        return opening.rstrip("/") != "/gradio_api"
    return any(route == known or (known.endswith("/") and route.startswith(known)) for known in GRADIO_ROUTES)
