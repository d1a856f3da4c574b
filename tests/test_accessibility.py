"""axe-core over every tab and state of the page, light and dark; and a whole piece of work by keyboard alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.accessibility import violations
from tests.browser import Window

pytestmark = pytest.mark.browser
SCHEMES = pytest.mark.parametrize("scheme", ["light", "dark"])


def inspected(window: Window, scheme: str) -> Callable[[str], None]:
    """Opens the page in these colours, and gives what holds a state of it, by its name, to axe-core."""
    window.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    window.open()

    def inspect(state: str) -> None:
        found = violations(window.page)
        assert not found, "\n".join([f"{state}, {scheme}:", *found])

    return inspect


def test_axe_finds_what_is_wrong(staged: Window) -> None:
    page = staged.open()
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<button></button>')")
    assert any(one.startswith("button-name") for one in violations(page))


@SCHEMES
def test_every_state_of_asking(staged: Window, scheme: str) -> None:
    inspect, page = inspected(staged, scheme), staged.page
    inspect("before a question")
    staged.ask("How did they vote? Please linger.")
    expect(page.locator("#current .statement").first).to_be_visible()
    inspect("while an answer is written")
    page.click("#stop")
    expect(page.locator("#current .ended")).to_be_visible()
    inspect("stopped")
    staged.ask("How did they vote? notice")
    expect(page.locator("#current .exchange.done")).to_be_visible()
    inspect("answered")
    page.locator("#current .marker").first.click()
    expect(page.locator("#reader mark").first).to_be_visible()
    inspect("a source opened")
    page.keyboard.press("Escape")
    staged.ask("please refuse")
    expect(page.locator("#current .refusal")).to_be_visible()
    inspect("refused")
    staged.ask("please fail")
    expect(page.locator("#current .error")).to_be_visible()
    page.click("#limits button")
    inspect("failed, the limits opened")
    page.set_viewport_size({"width": 390, "height": 844})
    inspect("in one column")


@SCHEMES
def test_every_other_tab(chat: Window, scheme: str, tmp_path: Path) -> None:
    inspect, page = inspected(chat, scheme), chat.page
    page.get_by_role("tab", name="Check quotes").click()
    inspect("no quote yet")
    page.get_by_label("A draft").check()
    page.fill("#quote-text textarea", "Brink wrote of “peace at any price is peace at all”. “Nobody said so” there.")
    page.click("#quote-check")
    expect(page.locator("#verdicts .draft")).to_be_visible()
    inspect("a draft checked")
    page.get_by_role("tab", name="Timeline").click()
    inspect("no topic yet")
    page.fill("#timeline-topic input, #timeline-topic textarea", "approval rating")
    page.keyboard.press("Enter")
    page.locator("#timeline-shown .bar").first.click()
    expect(page.locator("#entry-0")).to_be_focused()
    expect(page.locator("#entry-0")).to_contain_text("approval rating")
    inspect("a timeline")
    page.fill("#timeline-topic input, #timeline-topic textarea", "submarine")
    page.keyboard.press("Enter")
    expect(page.locator("#timeline-shown")).to_contain_text("Nothing on “submarine”")
    inspect("an empty timeline")
    page.get_by_role("tab", name="Library").click()
    expect(page.locator("#library-list table")).to_be_visible()
    inspect("the library")
    (tmp_path / "tool.exe").write_bytes(b"MZ")
    page.set_input_files("#library-add input[type=file]", [str(tmp_path / "tool.exe")])
    expect(page.locator("#library-list .problems")).to_contain_text("is not a format Onrecord reads; convert it to one")
    inspect("a file that did not go in")
    page.click("#library-chosen input")
    page.get_by_role("option", name="tool.exe").click()
    page.keyboard.press("Escape")
    page.click("#library-remove")
    expect(page.locator("#library-list .problems")).to_have_count(0)
    page.fill("#library-search input, #library-search textarea", "no such thing")
    expect(page.locator("#library-list")).to_contain_text("Nothing matches.")
    inspect("a search that finds nothing")
    page.fill("#library-search input, #library-search textarea", "")
    page.get_by_label("Who is quoted").check()
    expect(page.locator("#library-list .speakers")).to_be_visible()
    inspect("who is quoted")
    page.get_by_role("button", name="Marco Rubio").click()
    expect(page.locator("#timeline-shown h2")).to_contain_text("Marco Rubio")
    expect(page.locator("#timeline-shown .quoted").first).to_contain_text("Rubio")
    page.get_by_role("tab", name="Evaluations").click()
    expect(page.locator("#run-shown .empty-shelf")).to_be_visible()
    inspect("no evaluations yet")
