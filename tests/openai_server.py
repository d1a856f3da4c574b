"""A real HTTP server on loopback that speaks the OpenAI protocol and misbehaves as a script tells it to.

    with OpenAIServer(Status(429, retry_after="0"), Says("Yes [1.1].")) as server:
        ...ask server.url...
        assert server.requests[0].key == "secret"

Successive requests get successive replies; the last one is repeated. A reply may also be a function of the request.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import struct
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

DIMENSION = 32


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it arrived; header names in lower case."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def key(self) -> str:
        return self.headers.get("authorization", "").removeprefix("Bearer ")

    @property
    def messages(self) -> list[tuple[str, str]]:
        """Role and text of each message."""
        return [(message["role"], message["content"]) for message in self.body["messages"]]

    @property
    def prompt(self) -> str:
        return self.messages[-1][1]

    @property
    def question(self) -> str:
        """The question in the prompt, as a server that copies it would find it."""
        found = re.search(r"^Question: (.*)$", self.prompt, re.MULTILINE)
        return found[1] if found else self.prompt


@dataclass(frozen=True, slots=True)
class Says:
    """Answers `text` in pieces of `piece` characters with `delay` seconds before each; to other paths, as it should."""

    text: str = "Yes [1.1]."
    piece: int = 3
    delay: float = 0.0
    finish: str | None = "stop"


@dataclass(frozen=True, slots=True)
class Status:
    """Refuses with an HTTP status; `message` stands in the body as OpenAI would put it."""

    code: int
    message: str = "refused"
    retry_after: str | None = None
    location: str | None = None


@dataclass(frozen=True, slots=True)
class Cut:
    """Begins with `text` and breaks the connection; `politely`: as if the answer were over."""

    text: str = "Yes [1.1]. And mo"
    politely: bool = False


@dataclass(frozen=True, slots=True)
class Raw:
    """Sends these bytes with status 200."""

    body: bytes
    content_type: str = "text/event-stream"


@dataclass(frozen=True, slots=True)
class Silence:
    """Accepts the request and never answers, until the server is closed."""


@dataclass(frozen=True, slots=True)
class Drips:
    """Sends these bytes again and again, and never ends."""

    body: bytes = b": still here\n\n"
    delay: float = 0.01


Reply = Says | Status | Cut | Raw | Silence | Drips
Behaviour = Reply | Callable[[Request], Reply]

BAD_JSON = Raw(b'data: {"choices": [{"delta": {"content": "Ye\n\ndata: [DONE]\n\n')
NOT_THE_PROTOCOL = Raw(b"<html><body>Welcome to nginx!</body></html>", "text/html")
STRANGE_JSON = Raw(b'data: {"choices": "none"}\n\ndata: [DONE]\n\n')
ERROR_IN_STREAM = Raw(b'data: {"error": {"message": "secret-key is overloaded", "code": 500}}\n\n')
UNKNOWN_SOURCES = Says("It is so [7.1]. It is not so [1.99][1.1].")
IMAGES = Says(
    "Look ![x](http://evil.example/?q=1) here [1.1]. "
    '<img src="http://evil.example/2"> Read [more](http://evil.example/3) of it [1.1].'
)


def copies_the_question(request: Request) -> Reply:
    return Says(request.question)


class OpenAIServer:
    """`url` is the base URL, up to and with `/v1`; `requests` what came in, in order."""

    def __init__(self, *behaviours: Behaviour) -> None:
        self.behaviours = behaviours or (Says(),)
        self.requests: list[Request] = []
        self.closing = threading.Event()
        self.hung_up = threading.Event()  # set when a client ended a request before its answer was complete
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        self._server = _QuietServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def reply_to(self, request: Request) -> Reply:
        with self._lock:
            behaviour = self.behaviours[min(len(self.requests), len(self.behaviours) - 1)]
            self.requests.append(request)
        return behaviour(request) if callable(behaviour) else behaviour


class _QuietServer(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is no error of ours; anything else is."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def _handler(owner: OpenAIServer) -> type[BaseHTTPRequestHandler]:
    class Handler(_Handler):
        server_script = owner

    return Handler


class _Handler(BaseHTTPRequestHandler):
    server_script: OpenAIServer
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        """Tests print nothing."""

    def do_GET(self) -> None:
        if self.path == "/v1/models":
            self._send(200, {"object": "list", "data": [{"id": "small", "object": "model", "owned_by": "tests"}]})
        else:
            self._send(404, {"error": {"message": "no such path"}})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.path, headers, body)
        try:
            self._reply(request, self.server_script.reply_to(request))
        except (BrokenPipeError, ConnectionResetError):
            self.server_script.hung_up.set()
            self.close_connection = True

    def _reply(self, request: Request, reply: Reply) -> None:
        match reply:
            case Status():
                self._send_status(reply)
            case Raw():
                self._send_bytes(200, reply.body, reply.content_type)
            case Drips():
                self._stream(iter(()), 0)
                while not self.server_script.closing.wait(reply.delay):
                    self._send_chunk(reply.body)
                self.close_connection = True
            case Silence():
                self.server_script.closing.wait(60)
                self.close_connection = True
            case Says() if request.path == "/v1/embeddings":
                self._send(200, _embeddings(request.body))
            case Says() if request.path != "/v1/chat/completions":
                self._send(404, {"error": {"message": "no such path"}})
            case Says() if not request.body.get("stream"):
                choice = {
                    "index": 0,
                    "message": {"role": "assistant", "content": reply.text},
                    "finish_reason": reply.finish,
                }
                self._send(
                    200, {"id": "1", "object": "chat.completion", "created": 0, "model": "small", "choices": [choice]}
                )
            case Says():
                self._stream(_chunks(reply), reply.delay)
                self._end_stream()
            case Cut():
                self._stream(_chunks(Says(reply.text, finish=None)), 0)
                if reply.politely:
                    self._end_stream()
                self.close_connection = True

    def _stream(self, events: Iterator[str], delay: float) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for event in events:
            if delay and self.server_script.closing.wait(delay):
                return
            self._send_chunk(f"data: {event}\n\n".encode())

    def _end_stream(self) -> None:
        self._send_chunk(b"data: [DONE]\n\n")
        self._send_chunk(b"")

    def _send_chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def _send_status(self, reply: Status) -> None:
        extra = {"retry-after": reply.retry_after, "location": reply.location}
        body = {"error": {"message": reply.message, "type": "test", "code": None}}
        self._send(reply.code, body, {name: value for name, value in extra.items() if value is not None})

    def _send(self, code: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        self._send_bytes(code, json.dumps(body).encode(), "application/json", headers)

    def _send_bytes(self, code: int, body: bytes, content_type: str, headers: dict[str, str] | None = None) -> None:
        self.send_response(code)
        for name, value in {"content-type": content_type, "content-length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def _chunks(reply: Says) -> Iterator[str]:
    """The events of a streamed answer: the role, the pieces, the reason why it ends."""
    pieces = [reply.text[start : start + reply.piece] for start in range(0, len(reply.text), reply.piece)]
    deltas: list[dict[str, str]] = [{"role": "assistant", "content": ""}, *({"content": piece} for piece in pieces)]
    for delta in deltas:
        yield _event(delta, None)
    if reply.finish is not None:
        yield _event({}, reply.finish)


def _event(delta: dict[str, str], finish: str | None) -> str:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return json.dumps(
        {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "small", "choices": [choice]}
    )


def _embeddings(body: dict[str, Any]) -> dict[str, Any]:
    texts = [body["input"]] if isinstance(body["input"], str) else body["input"]
    vectors = [word_vector(text, body.get("dimensions") or DIMENSION) for text in texts]
    packed = body.get("encoding_format") == "base64"
    data = [
        {
            "object": "embedding",
            "index": index,
            "embedding": base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode() if packed else vector,
        }
        for index, vector in enumerate(vectors)
    ]
    return {"object": "list", "model": body["model"], "data": data, "usage": {"prompt_tokens": 0, "total_tokens": 0}}


def word_vector(text: str, dimension: int = DIMENSION) -> list[float]:
    """A vector of unit length that counts hashed words: texts that share words are near each other."""
    counts = [0.0] * dimension
    for word in re.findall(r"\w+", text.casefold()):
        counts[int.from_bytes(hashlib.sha256(word.encode()).digest()[:4], "big") % dimension] += 1.0
    length = sum(count * count for count in counts) ** 0.5 or 1.0
    return [count / length for count in counts]
