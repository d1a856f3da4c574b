"""No address that a document, its metadata or a model names is ever fetched: not by the server, not by the page."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, expect

from tests import samples
from tests.browser import Window, free_port, served
from tests.openai_server import OpenAIServer, Says
from tests.processes import environment

pytestmark = pytest.mark.browser
ONRECORD = [sys.executable, "-m", "app.cli"]
COST = "The repair of the bridge will cost 40 million crowns, said Mayor Jan Dvorak."
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


class Bait:
    """A web server that notes every path it is asked for; documents name addresses of it."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        asked = self.asked

        class Noting(BaseHTTPRequestHandler):
            def parse_request(self) -> bool:
                """Notes a request of any method, and answers it at once."""
                asked.append(self.path if super().parse_request() else self.requestline)
                self.send_response(204)
                self.end_headers()
                return False

            def log_message(self, format: str, *args: Any) -> None:
                """Not on the terminal."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Noting)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def bait() -> Iterator[Bait]:
    made = Bait()
    thread = threading.Thread(target=made.server.serve_forever, daemon=True)
    thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()
    thread.join()


def markup(url: str) -> str:
    """Everything of HTML that a browser, a mail program or a crawler would ask `url` for."""
    return f"""<base href="{url}/base/"><link rel="stylesheet" href="{url}/style.css"><link rel="preload" as="image"
href="{url}/preload"><link rel="next" href="{url}/next"><meta http-equiv="refresh" content="0;url={url}/refresh">
<script src="{url}/script.js"></script><img src="{url}/image.png" srcset="{url}/large.png 2x"><iframe src="{url}/frame">
</iframe><object data="{url}/object"></object><embed src="{url}/embed"><video poster="{url}/poster"><source
src="{url}/video"></video><svg><image href="{url}/svg"/></svg><div style="background:url({url}/background)">x</div>
<a href="{url}/link" ping="{url}/ping">the full text</a><style>@import "{url}/import.css";</style>"""


def changed(archive: bytes, name: str, change: Callable[[str], str]) -> bytes:
    """An archive with one of its members changed."""
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        members: dict[str, bytes | str] = {one: opened.read(one) for one in opened.namelist()}
    return samples.zipped({**members, name: change(bytes(members[name]).decode())})  # type: ignore[arg-type]


def word(url: str) -> bytes:
    """A Word document with a picture, a template, a frame and a link that lie elsewhere."""
    outside = "".join(
        f'<Relationship Id="x{number}" Type="{OFFICE}/{kind}" Target="{url}/word-{kind}" TargetMode="External"/>'
        for number, kind in enumerate(("image", "attachedTemplate", "frame", "hyperlink", "oleObject", "subDocument"))
    )
    body = f"""<w:p><w:r><w:t>{COST}</w:t></w:r></w:p><w:p><w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r>
<w:instrText> INCLUDEPICTURE "{url}/word-field" </w:instrText></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r></w:p>
<w:subDoc xmlns:r="{OFFICE}" r:id="x5"/>"""
    return changed(
        samples.docx(body + samples.WORD_BODY),
        "word/_rels/document.xml.rels",
        lambda text: text.replace("</Relationships>", f"{outside}</Relationships>"),
    )


def documents(url: str) -> dict[str, bytes]:
    """A file of each format that names addresses below `url`, in text, in markup and in what describes it."""
    entity = f'<!DOCTYPE x [<!ENTITY % d SYSTEM "{url}/dtd"> %d; <!ENTITY e SYSTEM "{url}/entity">]>'
    head = f"""<link rel="canonical" href="{url}/canonical"><meta property="og:url" content="{url}/og">
<meta property="og:image" content="{url}/og.png"><meta name="author" content="{url}/author">"""
    table = io.StringIO()
    rows = csv.writer(table)
    rows.writerow(["title", "text", "url", "image", "source"])
    rows.writerow([f'=IMPORTDATA("{url}/cell")', f"{COST} {url}/row", f"{url}/url", f"{url}/image", f"{url}/source"])
    row = {"title": f"{url}/title", "text": f"<p>{COST}</p>{markup(url)}", "url": f"{url}/json", "source": f"{url}/s"}
    told = f"""---
title: "![t]({url}/title)"
source: {url}/source
author: <img src={url}/author>
image: {url}/image
---

# The bridge

{COST} ![picture]({url}/picture) [link]({url}/link) <{url}/auto> <img src="{url}/raw">

![by name][one]

[one]: {url}/reference
"""
    linked = f"/OpenAction << /S /URI /URI ({url}/pdf-open) >> /URI << /Base ({url}/pdf-base) >>"
    mail = samples.eml().decode("latin-1")
    names = 'xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0" xmlns:xlink="http://www.w3.org/1999/xlink"'
    letter = samples.odt(
        f'<text:p {names}>{COST} <text:a xlink:href="{url}/odt-link">x</text:a><draw:frame><draw:image '
        f'xlink:href="{url}/odt-image"/></draw:frame></text:p><text:section {names}><text:section-source '
        f'xlink:href="{url}/odt-section"/><text:p>It ends.</text:p></text:section>'
    )
    book = samples.epub({"OPS/a.xhtml": f"<html><body><h1>One</h1><p>{COST}</p>{markup(url)}</body></html>"})
    files = {
        "page.html": samples.web_page(f"<p>{COST}</p>{markup(url)}", head),
        "note.md": told.encode(),
        "note.txt": f"{COST} See {url}/text for more.".encode(),
        "letter.docx": word(url),
        "entity.docx": samples.docx(f"<w:p><w:r><w:t>{COST} &e;</w:t></w:r></w:p>", entity),
        "letter.odt": letter,
        "entity.odt": changed(samples.odt(), "content.xml", lambda text: entity + text),
        "book.epub": book,
        "entity.epub": changed(samples.epub(), "OPS/a.xhtml", lambda text: text.replace("<html", f"{entity}<html", 1)),
        "mail.eml": mail.replace("<p>The HTML part.</p>", f"<p>{COST}</p>{markup(url)}").encode("latin-1"),
        "body.eml": f"Subject: Bridge\r\nMIME-Version: 1.0\r\nContent-Type: text/html\r\nList-Unsubscribe: <{url}/list>"
        f"\r\n\r\n<p>{COST}</p>{markup(url)}".encode(),
        "outside.eml": b"Subject: Bridge\r\nContent-Type: message/external-body; access-type=URL; "
        b'URL="' + url.encode() + b'/external-body"\r\n\r\nContent-Type: text/plain\r\n\r\n' + COST.encode(),
        "paper.pdf": samples.pdf([samples.shown([COST, f"See {url}/pdf-text"])], f"/Title ({url}/pdf)", linked),
        "rows.csv": table.getvalue().encode(),
        "rows.jsonl": json.dumps(row).encode(),
        "letter.rtf": samples.rtf().replace(
            b"It ends here.",
            b'{\\field{\\*\\fldinst INCLUDEPICTURE "' + url.encode() + b'/rtf"}{\\fldrslt x}} ' + COST.encode(),
        ),
    }
    return {**files, "all.zip": samples.zipped({f"in-{name}": data for name, data in files.items()})}


def run(*arguments: str | Path) -> str:
    done = subprocess.run(
        [*ONRECORD, *map(str, arguments)], check=False, timeout=120, capture_output=True, text=True, env=environment()
    )
    assert done.returncode in (0, 3), done.stderr  # 3: some files did not go in, and which is printed
    return done.stdout


def test_a_browser_that_shows_such_a_document_itself_does_ask(chromium: Browser, bait: Bait, tmp_path: Path) -> None:
    """Else the next test could not fail."""
    (tmp_path / "page.html").write_bytes(documents(bait.url)["page.html"].replace(b"http-equiv", b"data-x"))
    page = chromium.new_page()
    page.goto(f"file://{tmp_path}/page.html")
    page.close()
    assert {"/image.png", "/script.js", "/style.css", "/frame"} <= {path.partition("?")[0] for path in bait.asked}


def test_nothing_that_a_document_or_a_model_names_is_fetched(
    chromium: Browser, bait: Bait, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, home, port = tmp_path / "docs", tmp_path / "home", free_port()
    folder.mkdir()
    for name, data in documents(bait.url).items():
        (folder / name).write_bytes(data)
    run("index", folder, "--home", home)
    status = json.loads(run("status", "--home", home, "--json"))
    read = {Path(one["path"]).name for one in status["files"]}
    assert read >= {"page.html", "note.md", "letter.docx", "letter.odt", "book.epub", "mail.eml", "body.eml"}, status
    assert read >= {"paper.pdf", "rows.csv", "rows.jsonl", "letter.rtf", "all.zip", "note.txt"}, status["problems"]
    said = f"The repair will cost 40 million crowns ({bait.url}/said) ![x]({bait.url}/model.png) [1.1]. "
    said += f'The mayor is Jan Dvorak <img src="{bait.url}/model.gif"> [see]({bait.url}/model) [1.1].'
    with OpenAIServer(Says(said)) as model:
        for name, value in {"ONRECORD_LLM": "small", "ONRECORD_LLM_URL": model.url, "ONRECORD_LLM_KEY": "x"}.items():
            monkeypatch.setitem(os.environ, name, value)
        with served([*ONRECORD, "chat", "--home", str(home), "--port", str(port), "--no-browser"], port) as address:
            _look_at_everything(Window(chromium.new_page(viewport={"width": 1280, "height": 800}), address), tmp_path)
        assert model.requests
    assert bait.asked == []


def _look_at_everything(window: Window, folder: Path) -> None:
    """Ask, and open every source, list, report and packet that shows what documents or the model say."""
    page = window.open()
    window.ask("What does the repair of the bridge cost?")
    expect(page.locator("#current .exchange.done")).to_be_visible()
    expect(page.locator("#current .statement").first).to_contain_text("40 million")
    page.locator("#current .marker").first.click()
    expect(page.locator("#reader mark.current")).to_be_visible()
    page.get_by_role("tab", name="Check quotes").click()
    page.fill("#quote-text textarea", COST)
    page.click("#quote-check")
    expect(page.locator("#verdicts .verdict").first).to_be_visible()
    page.get_by_role("tab", name="Library").click()
    expect(page.locator("#library-list table")).to_be_visible()
    listed = page.request.get(f"{window.address}/api/documents").json()["documents"]
    for one in listed:
        place = f"/source/{quote(one['document'], safe='')}/{one['version']}?start=0&end=5"
        page.goto(window.address + place)
        expect(page.locator("main")).to_contain_text(re.compile("bridge|Bridge"))
    kept = page.request.get(f"{window.address}/api/conversations").json()["conversations"][0]["id"]
    packet = page.request.get(f"{window.address}/api/conversations/{kept}/packet.html")
    assert "40 million" in packet.text()
    (folder / "packet.html").write_bytes(packet.body())
    page.goto(f"file://{folder}/packet.html")
    page.close()
    assert not [one for one in window.strangers if not one.startswith("file:")]
