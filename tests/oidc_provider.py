"""A small OpenID Connect provider on loopback, which can be told to lie."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey

CLIENT, SECRET = "onrecord", "a secret of the client"


class Provider:
    """`claims` go into the next ID tokens on top of what is right; `key` signs them."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.known = ECKey.generate_key("P-256", {"kid": "one"})
        self.key: Any = self.known
        self.algorithm = "ES256"
        self.claims: dict[str, Any] = {}
        self.described: dict[str, Any] = {}
        self.now = time.time
        self.codes: dict[str, dict[str, str]] = {}
        self.asked: list[str] = []

    def authorize(
        self, url: str, name: str = "Greta", subject: str = "7", groups: Any = ("editors",)
    ) -> dict[str, str]:
        """What a browser that is sent here comes back with, once its person has signed in."""
        asked = {key: value[0] for key, value in parse_qs(urlsplit(url).query).items()}
        assert asked["response_type"] == "code" and asked["client_id"] == CLIENT
        assert asked["code_challenge_method"] == "S256" and "openid" in asked["scope"].split()
        code = f"code-{len(self.codes)}"
        who = {"name": name, "subject": subject, "groups": json.dumps(groups)}
        self.codes[code] = {**asked, **who}
        return {"state": asked["state"], "code": code, "iss": self.url}

    def description(self) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            **self.described,
        }

    def token(self, form: dict[str, str], authorization: str) -> dict[str, Any] | None:
        code = self.codes.pop(form.get("code", ""), None)
        proof = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        basic = base64.b64encode(f"{CLIENT}:{SECRET}".replace(" ", "+").encode()).decode()
        plain = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        if (
            code is None
            or base64.urlsafe_b64encode(proof).decode().rstrip("=") != code["code_challenge"]
            or form.get("redirect_uri") != code["redirect_uri"]
            or authorization not in (f"Basic {basic}", f"Basic {plain}")
        ):
            return None
        now = int(self.now())
        claims = {
            "iss": self.url,
            "sub": code["subject"],
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "nonce": code["nonce"],
            "preferred_username": code["name"],
            "groups": json.loads(code["groups"]),
            **self.claims,
        }
        claims = {name: value for name, value in claims.items() if value is not None}
        header = {"alg": self.algorithm, "kid": "one"}
        signed = jwt.encode(header, claims, self.key, algorithms=[self.algorithm])
        return {"access_token": "at", "token_type": "Bearer", "expires_in": 300, "id_token": signed}


@contextmanager
def provider() -> Iterator[Provider]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.asked.append(self.path)
            keys = {"keys": [made.known.as_dict(private=False)]}
            self._send(made.description() if "well-known" in self.path else keys)

        def do_POST(self) -> None:
            made.asked.append(self.path)
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            form = {key: value[0] for key, value in parse_qs(body).items()}
            given = made.token(form, self.headers.get("authorization", ""))
            self._send(given or {"error": "invalid_grant"}, 200 if given else 400)

        def _send(self, value: dict[str, Any], status: int = 200) -> None:
            body = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as line:
        made = Provider(f"http://127.0.0.1:{line.server_address[1]}")
        thread = threading.Thread(target=line.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield made
        finally:
            line.shutdown()
            thread.join()
