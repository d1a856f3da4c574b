"""What readers do beside asking: keys, copying, citing, turning pages, asking again; and the server going away."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.accessibility import violations
from tests.browser import Window, free_port, served

pytestmark = pytest.mark.browser
FOCUSED = "document.activeElement.closest('a, button, textarea, input, [tabindex]')?.textContent"


def answered(window: Window, question: str = "How did they vote?") -> Page:
    page = window.open()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    window.ask(question)
    expect(page.locator("#current .exchange.done")).to_be_visible()
    return page


def clipboard(page: Page) -> str:
    return str(page.evaluate("navigator.clipboard.readText()"))


def test_a_question_mark_lists_the_keys_and_escape_gives_the_focus_back(staged: Window) -> None:
    page = answered(staged)
    page.keyboard.press("Tab")
    page.keyboard.press("c")
    marker = page.locator("#current .marker").first
    expect(marker).to_be_focused()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    assert not violations(page)
    staged.picture("keys")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(marker).to_be_focused()
    page.keyboard.press("/")
    page.keyboard.type("what/how?")
    expect(page.locator("#question textarea")).to_have_value("what/how?")
    page.keyboard.press("Tab")
    page.keyboard.press("3")
    expect(page.locator("#timeline-shown")).to_be_visible()
    page.get_by_role("button", name="Keys").click()
    page.get_by_label("Single letters and digits are keys").uncheck()
    page.get_by_role("button", name="Close").click()
    page.keyboard.press("1")
    expect(page.locator("#timeline-shown")).to_be_visible()


def test_digits_reach_tabs_that_have_no_room_in_the_line(staged: Window) -> None:
    page = staged.open()
    page.set_viewport_size({"width": 390, "height": 844})
    expect(page.get_by_role("tab", name="Evaluations")).to_have_count(0)
    page.locator("#current").click()
    for key, shown in (("4", "#library-list"), ("3", "#timeline-shown"), ("5", "#evaluations"), ("1", "#question")):
        page.keyboard.press(key)
        expect(page.locator(shown)).to_be_visible()
        expect(page.locator("#tabs > .tab-wrapper .selected")).to_be_focused()


def test_an_answer_and_a_source_are_copied_with_their_citations(staged: Window) -> None:
    page = answered(staged)
    page.get_by_role("button", name="Copy with citations").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert clipboard(page).startswith("How did they vote?\n\nThe United States voted against a resolution")
    assert "[2] “The vote at the United Nations”, Onrecord brief, 24 February 2025 (vote.md:" in clipboard(page)
    page.locator("#current .marker").first.click()
    page.get_by_role("button", name="Cite this").click()
    page.get_by_role("button", name="Copy Footnote").click()
    expect(page.locator("#reader .copy", has_text="Copied")).to_be_visible()
    assert clipboard(page).startswith("[^1]: The vote at the United Nations, Onrecord brief, 24 February 2025: “The Un")
    assert not violations(page)
    page.get_by_role("button", name="Copy address here").click()
    expect(page.locator("#reader .copy", has_text="Copied")).to_have_count(2)
    page.goto(clipboard(page))
    expect(page.locator("mark.current")).to_have_text(
        "The United States voted against a resolution that Ukraine had brought."
    )
    assert not violations(page)


def test_one_turns_from_each_place_an_answer_cites_to_the_next(staged: Window) -> None:
    page = answered(staged)
    page.get_by_role("link", name="Source 2").first.click()
    expect(page.locator("#reader .places")).to_contain_text("Highlight 2 of 2")
    expect(page.locator("#reader mark.current")).to_contain_text("The Kremlin called it")
    page.keyboard.press("n")
    expect(page.locator("#reader .places")).to_contain_text("Highlight 1 of 2")
    expect(page.locator("#reader mark.current")).to_contain_text("The United States voted")
    page.get_by_role("button", name="Previous highlight").click()
    expect(page.locator("#reader mark.current")).to_contain_text("The Kremlin called it")
    page.get_by_role("button", name="Cite this").click()
    expect(page.locator("#reader .cite:visible")).to_have_count(1)
    expect(page.locator("#reader .cite:visible")).to_contain_text("The Kremlin called it")


def test_a_question_is_asked_again_in_its_own_place_and_what_it_cost_is_told(staged: Window) -> None:
    page = answered(staged, "How did they vote? slowly, with tokens")
    expect(page.locator("#current")).to_contain_text("The model read 1,234 tokens and wrote 56, $0.0042.")
    staged.observe()
    page.get_by_role("button", name="Ask again").click()
    expect(page.locator("body")).to_have_attribute("data-stages", re.compile("found done$"))
    expect(page.locator("#past .exchange")).to_have_count(0)
    staged.ask("please refuse")
    expect(page.locator("#current .refusal")).to_be_visible()
    expect(page.locator("#past .exchange")).to_have_count(1)
    expect(page.locator("#past .again:visible")).to_have_count(0)


def test_a_whole_piece_of_work_by_keyboard_alone(chat: Window) -> None:
    page = chat.open()
    expect(page.locator("#question textarea")).to_be_focused()
    page.keyboard.type("How did the United States vote on the resolution at the United Nations?")
    page.keyboard.press("Enter")
    expect(page.locator("#current .exchange.done")).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("c")
    page.keyboard.press("Enter")
    expect(page.locator("#reader h3")).to_be_focused()
    quoted = page.locator("#reader mark.current").inner_text()
    for _ in range(20):
        page.keyboard.press("Tab")
        if "Cite this" in str(page.evaluate(FOCUSED)):
            break
    page.keyboard.press("Enter")
    expect(page.locator("#reader .cite[open]")).to_contain_text(quoted[:40])
    page.keyboard.press("Escape")
    expect(page.locator("#current .marker").first).to_be_focused()
    page.keyboard.press("2")
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('#quote-text textarea')"):
            break
    page.keyboard.type(quoted)
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id === 'quote-check'"):
            break
    page.keyboard.press("Enter")
    expect(page.locator("#verdicts .verdict")).to_be_visible()


def test_the_page_says_that_the_server_went_away_and_recovers(chromium: Browser, tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "-m", "tests.fake_assistant", str(port)]
    window = Window(chromium.new_page(viewport={"width": 1280, "height": 800}), f"http://127.0.0.1:{port}")
    page = window.page
    with served(command, port):
        answered(window)
        page.evaluate("onrecord.look()")
    page.fill("#question textarea", "And what did the Kremlin say?")
    page.press("#question textarea", "Enter")
    banner = page.get_by_role("alert").filter(has_text="Onrecord does not answer.")
    expect(page.locator(".toast-body")).to_have_count(1)  # Gradio's, which says the same
    expect(banner).to_be_visible()
    expect(page.locator("#question textarea")).to_have_value("And what did the Kremlin say?")
    expect(page.locator(".toast-body")).to_be_hidden()
    assert not violations(page)
    window.picture("offline")
    expect(page.locator("#current .statement").first).to_be_visible()
    with served(command, port):
        expect(page.get_by_role("alert").filter(has_text="Onrecord was started again.")).to_be_visible()
        page.get_by_role("button", name="Load anew").click()
        page.wait_for_selector(".welcome")
        expect(page.locator("#presence")).to_have_count(0)
        window.ask("How did they vote?")
        expect(page.locator("#current .exchange.done")).to_be_visible()
    page.close()


def test_after_a_connection_that_was_lost_the_page_says_how_to_go_on_and_keeps_what_was_typed(staged: Window) -> None:
    """Gradio sends nothing more once an event did not get through, though the server is there all the time."""
    page = answered(staged)
    page.context.set_offline(True)
    try:
        with page.expect_event("requestfailed", lambda request: "/queue/join" in request.url):
            staged.ask("And what did the Kremlin say?")
        expect(page.get_by_role("alert").filter(has_text="Onrecord does not answer.")).to_be_visible()
    finally:
        page.context.set_offline(False)
    expect(page.get_by_role("alert").filter(has_text="The connection was lost, and is back.")).to_be_visible()
    expect(page.locator("#current .statement").first).to_be_visible()
    expect(page.locator(".toast-body")).to_be_hidden()
    page.get_by_role("button", name="Load anew").click()
    expect(page.locator("#presence")).to_have_count(0)
    expect(page.locator("#current .question")).to_contain_text("How did they vote?")
    expect(page.locator("#question textarea")).to_have_value("And what did the Kremlin say?")
    page.press("#question textarea", "Enter")
    expect(page.locator("#current .question")).to_contain_text("the Kremlin")
    expect(page.locator("#current .exchange.done")).to_be_visible()
    staged.complaints[:] = [one for one in staged.complaints if "ERR_INTERNET_DISCONNECTED" not in one]


def test_a_page_that_is_left_in_the_middle_of_an_answer_complains_of_nothing(staged: Window) -> None:
    page = staged.open()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    staged.ask("How did they vote? Please linger.")
    expect(page.locator("#current .statement").first).to_be_visible()
    page.reload()
    expect(page.locator("#current .question")).to_contain_text("Please linger.")
    expect(page.locator("#current .statement").first).to_be_visible()
    assert not said
