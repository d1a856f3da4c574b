"""The product itself as a server below a prefix behind a real nginx with TLS, in a real browser."""

from __future__ import annotations

import datetime
import ipaddress
import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from playwright.sync_api import Browser

from tests.browser import PATIENT, ROOT, Window, free_port, served
from tests.processes import environment

pytestmark = pytest.mark.browser

SECRET = "correct horse battery"
PREFIX = "/onrecord"
NGINX = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
CONFIGURATION = """
daemon off; pid {folder}/nginx.pid; error_log stderr crit; worker_processes 1;
events {{ worker_connections 256; }}
http {{
  access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s; client_max_body_size 200m;
  server {{
    listen 127.0.0.1:{port} ssl; ssl_certificate {folder}/cert.pem; ssl_certificate_key {folder}/key.pem;
    location {prefix}/ {{
      proxy_pass http://127.0.0.1:{inner}{stripped};
      proxy_http_version 1.1; proxy_buffering off; proxy_read_timeout 1h;
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
    }}
  }}
}}
"""


@dataclass(frozen=True, slots=True)
class Served:
    """`address` is what a browser opens, below the prefix; `inner` is the server behind."""

    address: str
    inner: str
    home: Path


@contextmanager
def nginx(folder: Path, inner: int, stripped: str) -> Iterator[int]:
    """nginx before the server, as docs/server.md sets it up; `stripped` is "/" where it takes the prefix away."""
    port = free_port()
    _certificate(folder)
    made = CONFIGURATION.format(folder=folder, port=port, inner=inner, prefix=PREFIX, stripped=stripped)
    (folder / "nginx.conf").write_text(made)
    assert NGINX is not None
    process = subprocess.Popen([NGINX, "-p", str(folder), "-e", "stderr", "-c", str(folder / "nginx.conf")])
    try:
        _await(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=20)


def _await(port: int, process: subprocess.Popen[bytes]) -> None:
    """Return when somebody listens; nginx takes a moment on a busy machine."""
    until = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
            return
        except OSError:
            assert process.poll() is None and time.monotonic() < until, "nginx does not listen; its words are above"
            time.sleep(0.05)


@pytest.fixture(name="proxied", scope="module")
def proxied_fixture(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    if NGINX is None:
        if os.environ.get("CI") == "true":
            pytest.fail("there is no nginx; tests/install_nginx.sh installs it")
        pytest.skip("there is no nginx")
    folder = tmp_path_factory.mktemp("nginx")
    home, onrecord = folder / "home", [sys.executable, "-m", "app.cli"]
    given = ["--home", str(home)]
    subprocess.run([*onrecord, "index", "seeds", *given], cwd=ROOT, check=True, timeout=120, env=environment())
    for name, role in (("ada", "reader"), ("eve", "editor")):
        line = [*onrecord, "users", *given, "add", name, "--role", role]
        subprocess.run(line, cwd=ROOT, check=True, timeout=60, input=SECRET.encode(), env=environment())
    inner = free_port()
    line = [*onrecord, "serve", *given, "--port", str(inner), "--root-path", PREFIX, "--trusted-proxies", "127.0.0.1"]
    with served(line, inner) as address, nginx(folder, inner, "/") as port:
        yield Served(f"https://127.0.0.1:{port}{PREFIX}", address, home)


def test_one_signs_in_asks_reads_and_sees_the_library_below_a_prefix(chromium: Browser, proxied: Served) -> None:
    context = chromium.new_context(
        viewport={"width": 1280, "height": 800}, reduced_motion="reduce", ignore_https_errors=True
    )
    context.set_default_timeout(PATIENT)
    window = Window(context.new_page(), proxied.address)
    page = window.page
    page.goto(f"{proxied.address}/")
    page.get_by_label("Name", exact=True).fill("ada")
    page.get_by_label("Password").fill(SECRET)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_selector(".welcome")
    (cookie,) = context.cookies()
    assert cookie["name"] == "__Host-onrecord-session" and cookie["secure"] and cookie["httpOnly"]
    window.ask("What share of Ukrainians trust Zelensky?")
    page.wait_for_selector("#current .statement a")
    page.wait_for_selector("#stop", state="hidden")
    page.locator('#current .statement a[href^="#source/"]').first.click()
    page.wait_for_selector("#reader mark")
    page.get_by_role("tab", name="Library").click()
    page.wait_for_selector("#library-list table a")
    assert not page.locator("#library-add").is_visible()
    link = page.locator("#library-list table a").first.get_attribute("href") or ""
    assert link.startswith(f"{PREFIX}/source/")
    page.goto(proxied.address.removesuffix(PREFIX) + link)
    assert page.locator("link[rel=stylesheet]").get_attribute("href") == f"{PREFIX}/page.css"
    page.goto(f"{proxied.address}/account")
    page.get_by_role("button", name="Sign out", exact=True).click()
    page.wait_for_url(f"{proxied.address}/login")
    assert not window.complaints and not window.strangers
    context.close()
    log = subprocess.run(
        [sys.executable, "-m", "app.cli", "audit", "--home", str(proxied.home), "--json"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        env=environment(),
    ).stdout.decode()
    records = [json.loads(line) for line in log.splitlines()]
    assert {"sign in", "ask", "sign out"} <= {one["action"] for one in records if one["account"] == "ada"}
    assert "Ukrainians" not in log


def test_with_or_without_the_prefix_the_server_is_the_same(proxied: Served) -> None:
    """A proxy may take the prefix away or leave it."""
    for path in ("/healthz", f"{PREFIX}/healthz"):
        with urllib.request.urlopen(proxied.inner + path, timeout=10) as answer:
            assert json.load(answer)["status"] == "ok"
    context = ssl._create_unverified_context()
    with urllib.request.urlopen(f"{proxied.address}/healthz", timeout=10, context=context) as answer:
        assert answer.headers["strict-transport-security"]


def _certificate(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    unlocked = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, *unlocked))
