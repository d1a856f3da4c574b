"""Kept conversations on the page, in a real browser: found again, renamed, judged, edited, deleted; by keyboard too."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Locator, Page, expect
from playwright.sync_api import TimeoutError as TooLate

from tests.accessibility import inspect
from tests.browser import PATIENT, Window

pytestmark = pytest.mark.browser


def asked(window: Window, question: str, kind: str = "done") -> None:
    window.ask(question)
    expect(window.page.locator("#current .question")).to_contain_text(question)
    expect(window.page.locator(f"#current .exchange.{kind}")).to_be_visible()


def entry(page: Page, title: str) -> Locator:
    """The line of a conversation in the list."""
    return page.locator("#shelf .talks li").filter(has_text=title)


def menu(page: Page, title: str, act: str) -> None:
    """What is in the menu of a conversation, which is opened again should the list be drawn anew meanwhile."""
    button = entry(page, title).locator(f"[data-act={act}]")
    for patience in (2_000, 5_000, PATIENT):
        entry(page, title).locator("details:not([open]) summary").click()
        try:
            button.click(timeout=patience)
        except TooLate:
            continue
        return


def test_a_conversation_is_found_renamed_judged_edited_and_deleted(staged: Window) -> None:
    page = staged.open()
    asked(staged, "Who opposed Aldermoor?")
    asked(staged, "And please refuse Brindle")
    expect(page).to_have_url(re.compile(r"\?c=[0-9a-f]{24}$"))
    address = page.url.removeprefix(staged.address)
    expect(entry(page, "Aldermoor").locator(".when")).to_have_text("Today · 2 questions")

    page.locator("#current").get_by_role("button", name="Bad answer").click()
    expect(page.locator("#current [data-act=down]")).to_have_attribute("aria-pressed", "true")
    page.locator("#past [data-act=remark]").click()
    page.get_by_role("checkbox", name="[2] The vote at the United Nations").check()
    page.get_by_label("Note (what is wrong").fill("It was France. <b>${x}</b>")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(page.locator("#past .remarked")).to_have_text(
        "You marked as wrong: [2]. Your note: It was France. <b>${x}</b>"
    )

    menu(page, "Aldermoor", "rename")
    expect(page.get_by_label("Title of the conversation")).to_have_value("Who opposed Aldermoor?")
    page.keyboard.type("Cranwich affair")
    page.keyboard.press("Enter")
    expect(entry(page, "Cranwich affair")).to_be_visible()

    page.click("#clear")
    expect(page.locator(".welcome")).to_be_visible()
    expect(page).to_have_url(f"{staged.address}/")
    expect(page.locator(".last-time")).to_contain_text("Cranwich affair")
    asked(staged, "Something about Dunlow")
    search = page.get_by_label("Search conversations")
    search.fill("brindle")
    expect(entry(page, "Dunlow")).to_have_count(0)
    expect(entry(page, "Cranwich affair").locator(".found")).to_have_text("And please refuse Brindle")
    search.fill("no such words")
    expect(page.locator("#shelf")).to_contain_text("No conversation has the words “no such words”.")
    search.fill("")
    entry(page, "Cranwich").get_by_role("link").first.click()
    expect(page).to_have_url(staged.address + address)
    expect(page.locator("#past .question")).to_contain_text("Who opposed Aldermoor?")
    page.go_back()
    expect(page.locator("#current .question")).to_contain_text("Something about Dunlow")

    page.goto(staged.address + address)
    expect(page.locator("#past .statement")).to_have_count(5)
    expect(page.locator("#past .remarked")).to_contain_text("It was France.")
    expect(page.locator("#current [data-act=down]")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#sources h2")).to_contain_text("not an answer")
    page.locator("#past .marker").first.click()
    expect(page.locator("#reader mark.current")).to_be_visible()
    page.keyboard.press("Escape")

    page.get_by_role("button", name=re.compile("Edit question.*opposed Aldermoor")).click()
    expect(page.locator("#question textarea")).to_have_value("Who opposed Aldermoor?")
    expect(page.locator(".turn.leaving")).to_have_count(2)
    page.get_by_role("button", name="Leave it as it is").click()
    expect(page.locator(".turn.leaving")).to_have_count(0)
    page.get_by_role("button", name=re.compile("Edit question.*opposed Aldermoor")).click()
    expect(page.locator(".turn.leaving")).to_have_count(2)
    asked(staged, "Who favoured Aldermoor?")
    expect(page.locator("#past .turn")).to_have_count(0)
    expect(entry(page, "Cranwich").locator(".when")).to_have_text("Today · 1 question")

    menu(page, "Cranwich", "delete")
    expect(page.locator("#delete-what")).to_have_text("“Cranwich affair”")
    page.get_by_role("button", name="Keep it").click()
    menu(page, "Cranwich", "delete")
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(entry(page, "Cranwich")).to_have_count(0)
    expect(page.locator(".welcome")).to_be_visible()
    page.goto(staged.address + address)
    expect(page.locator(".not-found")).to_contain_text("This conversation is not here")
    expect(page).to_have_url(staged.address + address)
    asked(staged, "A new one about Elmhurst")
    expect(entry(page, "Elmhurst")).to_be_visible()
    menu(page, "Dunlow", "delete")
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(entry(page, "Dunlow")).to_have_count(0)
    expect(page.locator("#current .question")).to_contain_text("Elmhurst")


def test_it_is_all_done_by_keyboard_and_the_panel_folds(staged: Window) -> None:
    page = staged.open()
    asked(staged, "Keys of Farndale")
    summary = page.get_by_label("What to do with “Keys of Farndale”")
    summary.focus()
    page.keyboard.press("Enter")
    with page.expect_download() as download:
        page.get_by_role("link", name="Evidence packet (JSON)").press("Enter")
    packet = json.loads(download.value.path().read_text(encoding="utf-8"))
    assert [one["question"] for one in packet["answers"]] == ["Keys of Farndale"]
    menu_of = entry(page, "Farndale").locator("details")
    expect(menu_of).not_to_have_attribute("open", "")
    expect(summary).to_be_focused()
    page.keyboard.press("Enter")
    expect(menu_of).to_have_attribute("open", "")
    page.keyboard.press("Escape")
    expect(menu_of).not_to_have_attribute("open", "")
    expect(summary).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Title of the conversation")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("dialog[open]")).to_have_count(0)
    toggle = page.get_by_role("button", name="Conversations", exact=True)
    toggle.press("Enter")
    expect(toggle).to_have_attribute("aria-expanded", "false")
    expect(page.locator("#shelf-body")).to_be_hidden()
    page.reload()
    expect(page.locator("#current .question")).to_contain_text("Keys of Farndale")
    expect(page.locator("#shelf-body")).to_be_hidden()
    toggle.press("Enter")
    expect(page.locator("#shelf-body")).to_be_visible()


def test_an_answer_that_is_left_is_kept_as_far_as_it_came(staged: Window) -> None:
    page = staged.open()
    staged.ask("Please linger at Garsdale")
    expect(page.locator("#current .statement").first).to_be_visible()
    with page.expect_response("**/cancel"):  # Gradio trips over a second one while the first waits
        page.click("#clear")
    expect(page.locator(".welcome")).to_be_visible()
    page.locator(".last-time a").click()
    expect(page.locator("#current .question")).to_contain_text("Please linger at Garsdale")
    expect(page.locator("#current .ended")).to_be_visible()
    assert page.locator("#current .statement").count() in range(1, 5)


def test_the_browsers_way_back_and_forward_goes_from_one_conversation_to_the_other(staged: Window) -> None:
    page = staged.open()
    asked(staged, "Back to Ingleby")
    expect(page).to_have_url(re.compile(r"\?c=[0-9a-f]{24}$"))
    first = page.url
    page.click("#clear")
    expect(page.locator(".welcome")).to_be_visible()
    asked(staged, "On to Jarrow")
    expect(page).not_to_have_url(re.compile(rf"{re.escape(first)}|/$"))
    second = page.url
    for _ in range(2):
        page.go_back()
        expect(page.locator("#current .question")).to_contain_text("Back to Ingleby")
        expect(page).to_have_url(first)
        page.go_forward()
        expect(page.locator("#current .question")).to_contain_text("On to Jarrow")
        expect(page).to_have_url(second)


def test_axe_finds_nothing_in_any_state_of_it(staged: Window) -> None:
    page = staged.open()
    asked(staged, "Axe of Hawes")
    page.set_viewport_size({"width": 1280, "height": 500})
    up = page.locator("#current [data-act=up]")
    up.scroll_into_view_if_needed()
    up.click()
    expect(up).to_have_attribute("aria-pressed", "true")
    expect(up).to_be_in_viewport()  # the answer does not jump back to its beginning
    page.set_viewport_size({"width": 1280, "height": 800})
    entry(page, "Axe of Hawes").locator("summary").click()
    inspect(page, "menu")
    page.keyboard.press("Escape")
    for act in ("rename", "delete"):
        menu(page, "Axe of Hawes", act)
        inspect(page, act)
        page.keyboard.press("Escape")
    page.locator("#current [data-act=remark]").click()
    page.get_by_role("checkbox").first.check()
    inspect(page, "remark")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(page.locator("#current .remarked")).to_be_visible()
    inspect(page, "remarked")
    page.locator("#current [data-act=edit]").click()
    expect(page.locator(".turn.leaving")).to_be_visible()
    inspect(page, "editing")
    page.set_viewport_size({"width": 390, "height": 844})
    page.reload()
    expect(page.locator("#current .question")).to_be_visible()
    page.get_by_role("button", name="Conversations", exact=True).click()
    entry(page, "Axe of Hawes").locator("summary").click()
    inspect(page, "narrow")
    page.goto(f"{staged.address}/?c=nobodys")
    expect(page.locator(".not-found")).to_be_visible()
    inspect(page, "not-found")
