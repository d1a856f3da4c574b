"""`/api/docs`: the OpenAPI document as a page without script, for people; programs read `/openapi.json`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.responses import HTMLResponse

from app.web import hypertext
from app.web.links import link

METHODS = ("get", "post", "put", "patch", "delete")


def add_docs(app: FastAPI) -> None:
    """Give `app` the page; it describes the routes that `app` has when it is asked for."""

    @app.get("/api/docs", include_in_schema=False)
    def docs() -> HTMLResponse:
        return HTMLResponse(hypertext.page("Interface", "".join(_parts(app.openapi()))))


def _parts(schema: dict[str, Any]) -> Iterator[str]:
    about = schema["info"]
    yield f"<h1>{hypertext.escape(about['title'])} {hypertext.escape(about['version'])}</h1>"
    yield f"<p>{hypertext.escape(about.get('summary', ''))}</p>"
    yield f'<p>For programs: <a href="{hypertext.attribute(link("/openapi.json"))}">openapi.json</a></p>'
    for path, methods in schema["paths"].items():
        for method, route in methods.items():
            if method in METHODS:
                yield from _route(path, method, route, schema)


def _route(path: str, method: str, route: dict[str, Any], schema: dict[str, Any]) -> Iterator[str]:
    yield f"<h2><code>{method.upper()} {hypertext.escape(path)}</code></h2>"
    yield f"<p>{hypertext.escape(route.get('description') or route.get('summary', ''))}</p>"
    for one in route.get("parameters", ()):
        needed = ", required" if one.get("required") else ""
        kind = one.get("schema", {}).get("type", "")
        yield f"<p><code>{hypertext.escape(one['name'])}</code> ({one['in']}{needed}) {hypertext.escape(kind)}</p>"
    for kind, body in route.get("requestBody", {}).get("content", {}).items():
        shape = _resolved(body.get("schema", {}), schema)
        yield f"<p>Body, <code>{hypertext.escape(kind)}</code>:</p>"
        yield f"<pre>{hypertext.escape(json.dumps(shape, indent=2, ensure_ascii=False))}</pre>"


def _resolved(shape: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """A schema with the named one that it points at put in its place."""
    name = str(shape.get("$ref", "")).rpartition("/")[2]
    return dict(schema["components"]["schemas"][name]) if name else shape
