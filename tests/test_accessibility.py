"""axe-core over every tab and state of the page, light and dark; and a whole piece of work by keyboard alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.accessibility import inspect, violations
from tests.browser import Window

pytestmark = pytest.mark.browser


def test_axe_finds_what_is_wrong(staged: Window) -> None:
    page = staged.open()
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<button></button>')")
    assert any(one.startswith("button-name") for one in violations(page))


def test_every_state_of_asking(staged: Window) -> None:
    page = staged.open()
    inspect(page, "before a question")
    staged.ask("How did they vote? Please linger.")
    expect(page.locator("#current .statement").first).to_be_visible()
    inspect(page, "while an answer is written")
    page.click("#stop")
    expect(page.locator("#current .ended")).to_be_visible()
    inspect(page, "stopped")
    staged.ask("How did they vote? notice")
    expect(page.locator("#current .exchange.done")).to_be_visible()
    inspect(page, "answered")
    page.locator("#current .marker").first.click()
    expect(page.locator("#reader mark").first).to_be_visible()
    inspect(page, "a source opened")
    page.keyboard.press("Escape")
    staged.ask("please refuse")
    expect(page.locator("#current .refusal")).to_be_visible()
    inspect(page, "refused")
    staged.ask("please fail")
    expect(page.locator("#current .error")).to_be_visible()
    page.click("#limits button")
    inspect(page, "failed, the limits opened")
    page.set_viewport_size({"width": 390, "height": 844})
    inspect(page, "in one column")


def test_every_other_tab(chat: Window, tmp_path: Path) -> None:
    page = chat.open()
    page.get_by_role("tab", name="Check quotes").click()
    inspect(page, "no quote yet")
    page.get_by_label("A draft").check()
    page.fill("#quote-text textarea", "Brink wrote of “peace at any price is peace at all”. “Nobody said so” there.")
    page.click("#quote-check")
    expect(page.locator("#verdicts .draft")).to_be_visible()
    inspect(page, "a draft checked")
    page.get_by_role("tab", name="Timeline").click()
    inspect(page, "no topic yet")
    page.fill("#timeline-topic input, #timeline-topic textarea", "approval rating")
    page.keyboard.press("Enter")
    page.locator("#timeline-shown .bar").first.click()
    expect(page.locator("#entry-0")).to_be_focused()
    expect(page.locator("#entry-0")).to_contain_text("approval rating")
    inspect(page, "a timeline")
    page.fill("#timeline-topic input, #timeline-topic textarea", "submarine")
    page.keyboard.press("Enter")
    expect(page.locator("#timeline-shown")).to_contain_text("Nothing on “submarine”")
    inspect(page, "an empty timeline")
    page.get_by_role("tab", name="Library").click()
    expect(page.locator("#library-list table")).to_be_visible()
    inspect(page, "the library")
    (tmp_path / "tool.exe").write_bytes(b"MZ")
    page.set_input_files("#library-add input[type=file]", [str(tmp_path / "tool.exe")])
    expect(page.locator("#library-list .problems")).to_contain_text("is not a format Onrecord reads; convert it to one")
    inspect(page, "a file that did not go in")
    page.click("#library-chosen input")
    page.get_by_role("option", name="tool.exe").click()
    page.keyboard.press("Escape")
    page.click("#library-remove")
    expect(page.locator("#library-list .problems")).to_have_count(0)
    page.fill("#library-search input, #library-search textarea", "no such thing")
    expect(page.locator("#library-list")).to_contain_text("Nothing matches.")
    inspect(page, "a search that finds nothing")
    page.fill("#library-search input, #library-search textarea", "")
    page.get_by_label("Who is quoted").check()
    expect(page.locator("#library-list .speakers")).to_be_visible()
    inspect(page, "who is quoted")
    page.get_by_role("button", name="Marco Rubio").click()
    expect(page.locator("#timeline-shown h2")).to_contain_text("Marco Rubio")
    expect(page.locator("#timeline-shown .quoted").first).to_contain_text("Rubio")
    page.get_by_role("tab", name="Evaluations").click()
    expect(page.locator("#run-shown .empty-shelf")).to_be_visible()
    inspect(page, "no evaluations yet")
