"""Signing in with a real browser: without script, in both colours, on a small screen, and into the page."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, FilePayload, expect

from tests.access_server import SECRET
from tests.accessibility import inspect
from tests.browser import Window, free_port, served

pytestmark = pytest.mark.browser
LOOKS: tuple[tuple[Literal["light", "dark"], int], ...] = (("light", 1280), ("dark", 390))


@pytest.fixture(name="address", scope="module")
def address_fixture() -> Iterator[str]:
    port = free_port()
    with served([sys.executable, "-m", "tests.access_server", str(port)], port) as address:
        yield address


def test_a_reader_signs_in_without_script_and_sees_what_was_wrong(chromium: Browser, address: str) -> None:
    for scheme, width in LOOKS:
        context = chromium.new_context(
            java_script_enabled=False, color_scheme=scheme, viewport={"width": width, "height": 844}
        )
        window = Window(context.new_page(), address)
        page = window.page
        page.goto(f"{address}/api/documents")
        assert page.url.startswith(f"{address}/login?next=")
        assert page.get_by_label("Name", exact=True).is_visible()
        page.get_by_label("Name", exact=True).fill("reader")
        page.get_by_label("Password").fill("wrong password")
        page.keyboard.press("Enter")
        page.get_by_role("alert").wait_for()
        assert page.get_by_role("alert").inner_text() == "Name or password is wrong."
        window.picture(f"login-{scheme}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.get_by_label("Password").fill(SECRET)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(f"{address}/api/documents")
        page.goto(f"{address}/account")
        window.picture(f"account-{scheme}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.get_by_role("button", name="Sign out", exact=True).click()
        page.wait_for_url(f"{address}/login")
        assert not window.strangers and not [one for one in window.complaints if "401" not in one]
        context.close()


def _signed_in(chromium: Browser, address: str, name: str) -> Window:
    window = Window(chromium.new_context(reduced_motion="reduce").new_page(), address)
    window.page.goto(f"{address}/login")
    window.page.get_by_label("Name", exact=True).fill(name)
    window.page.get_by_label("Password").fill(SECRET)
    window.page.keyboard.press("Enter")
    window.page.wait_for_selector(".welcome")
    return window


def test_the_address_of_a_conversation_opens_for_its_reader_alone(chromium: Browser, address: str) -> None:
    reader, admin = (_signed_in(chromium, address, name) for name in ("reader", "admin"))
    reader.ask("Who opposed Aldermoor?")
    expect(reader.page.locator("#current .exchange.done")).to_be_visible()
    expect(reader.page).to_have_url(re.compile(r"\?c=[\w-]+$"))
    where = reader.page.url.removeprefix(address)
    admin.page.goto(address + where)
    expect(admin.page.locator(".not-found")).to_be_visible()
    assert "Aldermoor" not in admin.page.content()
    packet = f"/api/conversations/{where.partition('=')[2]}/packet.json"
    assert admin.page.request.get(address + packet).status == 404
    reader.page.reload()
    expect(reader.page.locator("#current .question")).to_contain_text("Who opposed Aldermoor?")
    assert reader.page.request.get(address + packet).status == 200
    for window in (reader, admin):
        assert not window.strangers and not window.complaints
        window.page.context.close()


def test_a_reader_who_sends_the_event_of_an_upload_without_seeing_its_place_is_refused(
    chromium: Browser, address: str
) -> None:
    for name, refused in (("reader", True), ("editor", False)):
        window = _signed_in(chromium, address, name)
        asks, headers, page = window.page.request, {"origin": address}, f"page-of-{name}"
        tool: FilePayload = {"name": "tool.exe", "mimeType": "text/plain", "buffer": b"MZ"}
        (path,) = asks.post(f"{address}/gradio_api/upload", multipart={"files": tool}, headers=headers).json()
        config = asks.get(f"{address}/config").json()
        place = next(one["id"] for one in config["components"] if one["props"].get("elem_id") == "library-add")
        event = next(one["id"] for one in config["dependencies"] if [place, "upload"] in one["targets"])
        file = {"path": path, "orig_name": "tool.exe", "meta": {"_type": "gradio.FileData"}}
        joined = {"data": [[file], "", "Documents"], "fn_index": event, "session_hash": page, "event_data": None}
        assert asks.post(f"{address}/gradio_api/queue/join", data=joined, headers=headers).status == 200
        told = asks.get(f"{address}/gradio_api/queue/data?session_hash={page}").text()
        assert "process_completed" in told and ("this needs the role editor" in told) == refused
        assert not Path(path).exists()  # Gradio's own copy does not stay either
        window.page.context.close()


def test_axe_finds_nothing_where_one_signs_in_nor_where_there_are_no_documents_yet(
    chromium: Browser, address: str
) -> None:
    window = Window(chromium.new_context(reduced_motion="reduce").new_page(), address)
    page = window.page
    page.goto(f"{address}/login")
    inspect(page, "login")
    page.get_by_label("Name", exact=True).fill("admin")
    page.get_by_label("Password").fill("wrong password")
    page.keyboard.press("Enter")
    page.get_by_role("alert").wait_for()
    inspect(page, "login-failed")
    page.get_by_label("Password").fill(SECRET)
    page.keyboard.press("Enter")
    expect(page.locator(".welcome")).to_contain_text("No documents yet")
    inspect(page, "empty")
    window.picture("empty")
    page.get_by_role("tab", name="Library").click()
    expect(page.locator("#library-list")).to_contain_text("The library is empty")
    inspect(page, "empty-library")
    # In a tab of its own: to leave this page cuts off what it still waits for, and it complains of that.
    beside = Window(page.context.new_page(), address)
    for path in ("account", "users", "api/docs"):
        beside.page.goto(f"{address}/{path}")
        inspect(beside.page, path)
    for each in (window, beside):
        assert not each.strangers and not [one for one in each.complaints if "401" not in one]
    page.context.close()


def test_who_is_signed_out_meanwhile_is_told_and_goes_on_with_what_was_typed(chromium: Browser, address: str) -> None:
    window = _signed_in(chromium, address, "reader")
    page = window.page
    window.ask("Who opposed Aldermoor?")
    expect(page.locator("#current .exchange.done")).to_be_visible()
    beside = page.context.new_page()
    beside.goto(f"{address}/account")
    beside.get_by_role("button", name="Sign out", exact=True).click()
    beside.wait_for_url(f"{address}/login")
    window.ask("And who favoured it?")
    expect(page.get_by_role("alert").filter(has_text="You are signed out.")).to_be_visible()
    expect(page.locator("#current .statement").first).to_be_visible()
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("Name", exact=True).fill("reader")
    page.get_by_label("Password").fill(SECRET)
    page.keyboard.press("Enter")
    expect(page.locator("#current .question")).to_contain_text("Who opposed Aldermoor?")
    expect(page.locator("#question textarea")).to_have_value("And who favoured it?")
    window.complained("401")
    assert not window.complaints and not window.strangers
    page.context.close()
