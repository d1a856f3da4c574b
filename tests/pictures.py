"""Takes the pictures of the page that README.md shows, from a chat over the seeds: `make pictures`.

Writes docs/page.png, docs/quotes.png and docs/timeline.png; look at each before you commit it.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from tests.browser import FLAGS, ROOT, free_port, served

SIZE = {"width": 1280, "height": 860}  # pixels
ONRECORD = [sys.executable, "-m", "app.cli"]
QUESTION = "How many Ukrainians trust Zelensky?"
DRAFT = """Draft for Friday

Bridget A. Brink, the former ambassador, said that “peace at any price is peace at all — it is appeasement.”

Trump called Zelensky a “dictator without elections” and remarked that Ukraine “may be Russian someday”.

“Elections are impossible in Ukraine for now,” Trump said, and “it was a lovely day at the embassy,” he added.

The book “War and Peace” was on the table.
"""


def asked(page: Page) -> None:
    """An answer whose sources differ, with the source of its first statement opened."""
    page.fill("#question textarea", QUESTION)
    page.press("#question textarea", "Enter")
    expect(page.locator("#current .exchange.done")).to_be_visible()
    page.locator("#current .statement .marker").first.click()
    expect(page.locator("#reader mark.current").first).to_be_in_viewport()


def quotes(page: Page) -> None:
    """A draft with its quotes checked."""
    page.get_by_role("tab", name="Check quotes").click()
    page.get_by_label("A draft").check()
    page.fill("#quote-text textarea", DRAFT)
    page.click("#quote-check")
    expect(page.locator("#verdicts .verdict").first).to_be_visible()


def timeline(page: Page) -> None:
    """A topic over time."""
    page.get_by_role("tab", name="Timeline").click()
    page.get_by_label("Topic").fill("Zelensky")
    page.click("#timeline-show")
    expect(page.locator("#timeline-shown svg").first).to_be_visible()


def main() -> None:
    """Take them all, in one browser over one index."""
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        home, port = str(Path(folder) / "home"), free_port()
        subprocess.run([*ONRECORD, "index", "seeds", "--home", home], cwd=ROOT, check=True)
        with served([*ONRECORD, "chat", "--home", home, "--port", str(port), "--no-browser"], port) as address:
            browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
            for name, shown in (("page", asked), ("quotes", quotes), ("timeline", timeline)):
                page = browser.new_page(viewport=SIZE, reduced_motion="reduce")  # type: ignore[arg-type]
                page.goto(address)
                page.wait_for_selector(".welcome")
                shown(page)
                page.mouse.move(0, 0)
                page.evaluate("document.activeElement?.blur(); scrollTo(0, 0)")
                page.wait_for_timeout(500)
                page.screenshot(path=str(ROOT / "docs" / f"{name}.png"))
                page.close()
            browser.close()


if __name__ == "__main__":
    main()
