"""Fixtures: the page served on a free port, and a headless Chromium to look at it.

`chat` is the real command over the seeds; `staged` is the page over an assistant that can be told what to say.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Page, Request, expect, sync_playwright

from tests import processes
from tests.processes import PATIENCE

ROOT = Path(__file__).parent.parent
free_port = processes.free_port
ARTIFACTS = ROOT / "artifacts"
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENT = 30_000  # milliseconds: on a machine with much else to do an answer takes a while
expect.set_options(timeout=PATIENT)
PAUSE = "0.05"  # seconds between statements of the staged assistant; `slowly` in a question makes it more


class Window:
    """A browser window on the page; what went wrong in it, and whom it called, is kept."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.address = address
        self.complaints: list[str] = []
        self.strangers: list[str] = []
        page.on("console", self._said)
        page.on("pageerror", self._failed)
        page.on("request", self._asked)

    def open(self, path: str = "/") -> Page:
        self.page.goto(self.address + path)
        self.page.wait_for_selector(".welcome")
        return self.page

    def ask(self, question: str, *, at_once: bool = False) -> None:
        """Ask by keyboard, once no answer is being written, or `at_once`."""
        if not at_once:
            expect(self.page.locator("#current .exchange:is(.asked, .found)")).to_have_count(0)
        self.page.fill("#question textarea", question)
        self.page.press("#question textarea", "Enter")

    def complained(self, words: str, times: int = 1) -> None:
        """Wait for as many complaints with these words, and let them pass: the browser tells of them when it will."""
        end = time.monotonic() + PATIENT / 1000
        while len([one for one in self.complaints if words in one]) < times:
            assert time.monotonic() < end, f"{times} times {words!r} is not in {self.complaints}"
            self.page.wait_for_timeout(20)
        self.complaints[:] = [one for one in self.complaints if words not in one]

    def observe(self) -> None:
        """From now on keep, in order, each stage that the newest answer comes to: `asked`, `found`, `done`, ..."""
        self.page.evaluate(
            """() => {
                const [stages, all] = [[], ["asked", "found", "done", "failed", "stopped"]];
                const look = () => {
                    const names = document.querySelector("#current .exchange")?.classList;
                    const stage = all.find((one) => names?.contains(one));
                    if (stage && stages.at(-1) !== stage) stages.push(stage);
                    document.body.dataset.stages = stages.join(" ");
                };
                const changes = { childList: true, subtree: true, attributes: true };
                new MutationObserver(look).observe(document.getElementById("current"), changes);
            }"""
        )

    def picture(self, name: str) -> None:
        ARTIFACTS.mkdir(exist_ok=True)
        self.page.screenshot(path=str(ARTIFACTS / f"{name}.png"))

    def _said(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self._complained(message.text)

    def _failed(self, error: Error) -> None:
        self._complained(str(error))

    def _complained(self, complaint: str) -> None:
        # Gradio closes its streams on leaving; stream.js keeps that quiet, and whatever it misses is Gradio's own
        if "signal is aborted without reason" not in complaint:
            self.complaints.append(complaint)

    def _asked(self, request: Request) -> None:
        if not request.url.startswith((self.address, "data:", "blob:")):
            self.strangers.append(request.url)


@pytest.fixture(scope="session", name="chromium")
def chromium_fixture() -> Iterator[Browser]:
    """Debian's Chromium or Playwright's own; without one the test is skipped, or fails where `CI` is `true`."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        except Error as error:
            if os.environ.get("CI") == "true":
                raise
            pytest.skip(f"no browser: {error.message.splitlines()[0]}")
        yield browser
        browser.close()


@pytest.fixture(scope="session", name="chat_address")
def chat_address_fixture(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The product itself: `onrecord index seeds`, then `onrecord chat`."""
    home, onrecord = tmp_path_factory.mktemp("home") / "index", [sys.executable, "-m", "app.cli"]
    subprocess.run([*onrecord, "index", "seeds", "--home", str(home)], cwd=ROOT, check=True, timeout=PATIENCE)
    port = free_port()
    with served([*onrecord, "chat", "--home", str(home), "--port", str(port), "--no-browser"], port) as address:
        yield address


@pytest.fixture(scope="session", name="staged_address")
def staged_address_fixture() -> Iterator[str]:
    port = free_port()
    with served([sys.executable, "-m", "tests.fake_assistant", str(port), PAUSE], port) as address:
        yield address


@pytest.fixture(scope="session", name="visitor")
def visitor_fixture(chromium: Browser) -> Iterator[BrowserContext]:
    """Somebody whose browser has been here before: what it keeps of the page's files is not fetched for each test."""
    context = chromium.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    context.set_default_timeout(PATIENT)
    yield context
    context.close()


@pytest.fixture(name="chat")
def chat_fixture(visitor: BrowserContext, chat_address: str) -> Iterator[Window]:
    yield from _window(visitor, chat_address)


@pytest.fixture(name="staged")
def staged_fixture(visitor: BrowserContext, staged_address: str) -> Iterator[Window]:
    yield from _window(visitor, staged_address)


def _window(visitor: BrowserContext, address: str) -> Iterator[Window]:
    """A fresh window, with nothing set; at its end nothing may have gone wrong in it, nor another host been asked."""
    window = Window(visitor.new_page(), address)
    yield window
    for page in visitor.pages:
        if page.url.startswith(address):
            page.evaluate("() => { localStorage.clear(); sessionStorage.clear(); }")
        page.close()
    visitor.clear_cookies()
    visitor.clear_permissions()
    assert not window.complaints, window.complaints
    assert not window.strangers


@contextmanager
def served(command: list[str], port: int) -> Iterator[str]:
    """The address that `command` serves, once it answers; the command is stopped in the end."""
    address = f"http://127.0.0.1:{port}"
    process = subprocess.Popen(command, cwd=ROOT)
    try:
        wait_until_healthy(address, process)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=20)


def wait_until_healthy(address: str, process: subprocess.Popen[bytes], seconds: float = PATIENCE) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert process.poll() is None, "the server ended before it answered"
        try:
            with urllib.request.urlopen(f"{address}/healthz", timeout=5):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    raise TimeoutError(f"{address} did not answer within {seconds} seconds")
