"""`bench page`: how soon the page is there, and how soon the sources are after asking, in a real Chromium."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from eval.benchmarks.machine import describe, machine, quantiles
from eval.suite import load_suite
from indexing.errors import OnrecordError

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
START = 120.0  # seconds that the server may take until it answers
# From the key that asks to the frame in which the first source card stands on the page.
WATCH = """() => {
    const times = (window.times = { asked: 0, shown: 0 });
    addEventListener("keydown", (event) => { if (event.key === "Enter") times.asked = performance.now(); }, true);
    new MutationObserver(() => {
        if (!times.asked || times.shown || !document.querySelector("#current .exchange:not(.asked)")) return;
        if (document.querySelector("#sources .card, #sources .empty")) {
            requestAnimationFrame(() => { times.shown ||= performance.now(); });
        }
    }).observe(document.body, { childList: true, subtree: true });
}"""
PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null"


def bench_page(questions: Path, visits: int, home: Path) -> dict[str, Any]:
    """Times in ms over `visits`, each in a browser context of its own, after one visit that is not counted.

    `paint_ms` is the first contentful paint, `usable_ms` until the question box can be typed into, `sources_ms` from
    the key that asks to the sources on the screen. Raises OnrecordError where there is no browser.
    """
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError as error:
        raise OnrecordError("this bench needs a browser: pip install 'onrecord[dev]'") from error
    asked = [item.question for item in load_suite(questions).items]
    times: dict[str, list[float]] = {"paint_ms": [], "usable_ms": [], "sources_ms": []}
    with _served(home) as address, sync_playwright() as playwright:
        found = next(filter(None, map(shutil.which, BROWSERS)), None)
        try:
            browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        except Error as error:
            raise OnrecordError(
                "no Chromium could be started; install one, or `playwright install chromium`"
            ) from error
        for number in range(visits + 1):
            context = browser.new_context(viewport={"width": 1280, "height": 800})
            one = _visit(context.new_page(), address, asked[number % len(asked)])
            context.close()
            for name, value in one.items() if number else ():
                times[name].append(value)
        browser.close()
    return {"machine": machine(), "visits": visits, **{name: quantiles(values) for name, values in times.items()}}


def _visit(page: Any, address: str, question: str) -> dict[str, float]:
    began = time.perf_counter()
    page.goto(address)
    box = page.locator("#question textarea")
    box.wait_for(state="visible")
    page.wait_for_selector(".welcome")
    usable = (time.perf_counter() - began) * 1000
    page.wait_for_timeout(500)  # what the page still asks for after it is shown is not part of an answer's time
    paint = float(page.evaluate(PAINT) or usable)
    page.evaluate(WATCH)
    box.fill(question)
    box.press("Enter")
    page.wait_for_function("window.times.shown > 0")
    return {
        "paint_ms": paint,
        "usable_ms": usable,
        "sources_ms": float(page.evaluate("window.times.shown - window.times.asked")),
    }


@contextmanager
def _served(home: Path) -> Iterator[str]:
    """The chat over a home in a process of its own, once it answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = [sys.executable, "-m", "app.cli", "chat", "--home", str(home), "--port", str(port), "--no-browser"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    address, end = f"http://127.0.0.1:{port}", time.monotonic() + START
    try:
        while True:
            if process.poll() is not None or time.monotonic() > end:
                raise OnrecordError(f"the page over {home} does not start; see what `onrecord chat` says")
            try:
                with urllib.request.urlopen(f"{address}/healthz", timeout=5):
                    break
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=20)


def page_report(result: dict[str, Any]) -> str:
    """The result for people."""
    lines = [
        describe(result["machine"]),
        f"{result['visits']} visits after a warm one, each in a new browser context",
        "",
    ]
    names = (("first paint", "paint_ms"), ("usable", "usable_ms"), ("asked to sources", "sources_ms"))
    for name, key in names:
        one = result[key]
        lines.append(f"{name:<17} p50 {one['p50']:7.0f} ms   p95 {one['p95']:7.0f} ms   max {one['max']:7.0f} ms")
    return "\n".join(lines)
