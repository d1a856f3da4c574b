"""The page's own files: style and scripts, served under their names at the root."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse

FOLDER = Path(__file__).parent
KINDS = {".css": "text/css", ".js": "text/javascript"}
FILES = (
    *("page.css", "conversations.css"),
    *("stream.js", "reading.js", "keys.js", "presence.js", "page.js", "conversations.js"),
)
HEAD = "".join(
    f'<link rel="stylesheet" href="{name}">' if name.endswith(".css") else f'<script src="{name}" defer></script>'
    for name in FILES
)


def add_assets(app: FastAPI) -> None:
    """Give `app` a route for each of the files."""
    for name in FILES:
        app.add_api_route(f"/{name}", _sender(FOLDER / name), include_in_schema=False)


def _sender(path: Path) -> Callable[[], FileResponse]:
    def send() -> FileResponse:
        return FileResponse(path, media_type=KINDS[path.suffix])

    return send
