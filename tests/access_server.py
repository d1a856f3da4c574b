"""A server with a login over an assistant by rote: in this process for quick tests, or as a process for a browser."""

from __future__ import annotations

import re
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast
from unittest.mock import patch

from app.access.access import Access, access_of
from app.access.accounts import Accounts
from app.access.passwords import Passwords
from app.access.roles import ROLES
from app.access.store import Store
from app.assistant import Assistant
from app.settings import Settings
from tests.fake_assistant import FakeAssistant, FakeCollection

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of the frameworks, while they are imported
    from starlette.testclient import TestClient

    from app.web.server import build_app, serve

QUICK = Passwords(rounds=1, kibibytes=8, lanes=1)
SECRET = "correct horse battery"
BASE = "http://127.0.0.1:7860"


class Clock:
    """A time that tests move."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


class Server:
    """The application, its access, and clients that are nobody or somebody. There is a user of each role."""

    def __init__(self, home: Path, **settings: Any) -> None:
        self.clock = Clock()
        self.settings = Settings(home=home, **settings)
        self.store = Store(home, self.clock)
        self.access: Access = access_of(self.store, self.settings, Accounts(self.store, QUICK))
        self.fresh()
        self.app = build_app(cast(Assistant, FakeAssistant()), self.settings, self.access)

    def fresh(self) -> Server:
        """As in the beginning: making the application anew for each test would take a second."""
        for table in ("sessions", "tokens", "attempts", "flows", "audit", "accounts"):
            self.store.write(f"DELETE FROM {table}")
        for kept in (self.access.requests._left, self.access.asks._left, self.access.pages._owners):
            kept.clear()
        for name in ROLES:
            self.access.accounts.add(name, name, SECRET)
        return self

    def client(self, base: str = BASE, address: str = "127.0.0.1") -> TestClient:
        """A browser's window: its own cookies, no redirect followed, errors as answers, forms sent from our pages."""
        client = TestClient(
            self.app, base_url=base, follow_redirects=False, raise_server_exceptions=False, client=(address, 50000)
        )
        client.headers["origin"] = base
        return client

    def signed_in(self, name: str = "reader", base: str = BASE) -> TestClient:
        client = self.client(base)
        assert sign_in(client, name).status_code == 303
        return client

    def token(self, name: str = "reader", reach: Any = "reader") -> dict[str, str]:
        """Headers of a program."""
        return {"authorization": f"Bearer {self.access.tokens.add(name, 'test', reach)[1]}"}

    def program(self, name: str = "reader", reach: Any = "reader") -> TestClient:
        client = self.client()
        client.headers.update(self.token(name, reach))
        return client

    def actions(self) -> list[tuple[str, str, str]]:
        return [(one.account, one.action, one.outcome) for one in self.access.audit.records()]


@contextmanager
def server(home: Path, **settings: Any) -> Iterator[Server]:
    made = Server(home, **settings)
    try:
        yield made
    finally:
        made.store.close()


def form_of(page: Any) -> str:
    """The token in a page's forms."""
    found = re.search(r'name="form" value="([^"]+)"', page.text)
    assert found, page.text[:300]
    return found[1]


def sign_in(client: TestClient, name: str, password: str = SECRET, goal: str = "") -> Any:
    form = form_of(client.get("/login"))
    return client.post("/login", data={"form": form, "name": name, "password": password, "next": goal})


def main() -> None:
    """`python -m tests.access_server PORT [ROOT]`: for a browser, until it is stopped. There are no documents."""
    port, root = int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else ""
    proxies = ("127.0.0.1",) if root else ()
    with (
        patch.object(FakeCollection, "count", return_value=0),
        tempfile.TemporaryDirectory() as home,
        server(Path(home), port=port, root_path=root, trusted_proxies=proxies) as made,
    ):
        made.clock.now = 1_795_000_000.0
        serve(made.app, made.settings, open_browser=False, login=True)


if __name__ == "__main__":
    main()
