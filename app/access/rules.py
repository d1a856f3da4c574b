"""Who may ask for what: every route of the server, and the least that somebody must be."""

from __future__ import annotations

import re
from typing import Literal

from app.access.roles import Role, allows
from app.access.tokens import Reach

Needs = Literal["open", "metrics", "reader", "editor", "admin"]
READ = "GET HEAD"

# The first that fits holds. What is not listed may be read by readers and changed by admins alone.
RULES: tuple[tuple[str, str, Needs], ...] = (
    (READ, r"/(healthz|readyz)|/favicon\.ico|/page\.css", "open"),
    ("GET HEAD POST", r"/login", "open"),
    ("GET", r"/login/provider(/back)?", "open"),
    (READ, r"/metrics", "metrics"),
    ("GET HEAD POST", r"/users(/\w+)?", "admin"),
    ("GET HEAD POST", r"/account(/\w+)?|/logout", "reader"),
    ("POST", r"/api/(ask|quote|check)|/v1/chat/completions", "reader"),
    ("POST PUT PATCH DELETE", r"/api/conversations(/.*)?", "reader"),  # each their own
    ("POST", r"/gradio_api/.+", "reader"),  # what changes the library is held in app/ui/library.py
    ("POST PUT PATCH DELETE", r"/api/documents(/.*)?", "editor"),
    ("GET HEAD POST PUT PATCH DELETE", r"/api/jobs(/.*)?", "editor"),  # it names folders of the machine
    (READ, r".*", "reader"),
    (".*", r".*", "admin"),
)
ASKING = re.compile(
    r"/api/(ask|quote|check|conversations(/[^/]+/exchanges)?)|/v1/chat/completions|/gradio_api/queue/join"
)
FOR_PROGRAMS = re.compile(r"/(api|v1|source|runs)/.*|/openapi\.json|/metrics")  # what a token opens


def needs(method: str, path: str) -> Needs:
    for methods, pattern, needed in RULES:
        if (methods == ".*" or method in methods.split()) and re.fullmatch(pattern, path, re.DOTALL):
            return needed
    raise AssertionError("the last rule fits everything")


def may(reach: Reach, needed: Role | Literal["metrics"]) -> bool:
    """Whether somebody of this role, or a token of this reach, gets what needs that."""
    if reach == "metrics":
        return needed == "metrics"
    return allows(reach, "admin" if needed == "metrics" else needed)
