"""One process owns a home: while a chat is open, others hand it their work over a socket of this user's."""

from __future__ import annotations

import json
import os
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from indexing.collection import Collection
from indexing.errors import OnrecordError

SOCKET = "owner.socket"
LONGEST_PATH = 100  # bytes; the system refuses longer socket paths
LONGEST_REQUEST = 1_000_000  # bytes

Work = Callable[[Collection, dict[str, Any], Callable[[dict[str, Any]], None]], dict[str, Any]]
"""Does what a request asks; the callback sends one note of progress. Returns the report."""


def ask_owner(home: Path, request: dict[str, Any]) -> Iterator[dict[str, Any]] | None:
    """The owner's replies, `{"progress": ...}` and last `{"report": ...}`; None when nobody owns the home.

    Raises OnrecordError with what the owner found wrong, or when it ends before the work does.
    """
    try:
        place = json.loads((home / "owner.json").read_text(encoding="utf-8"))["socket"]
        line = socket.socket(socket.AF_UNIX)
    except (OSError, ValueError, KeyError, AttributeError):
        return None
    try:
        line.connect(place)
    except OSError:
        line.close()
        return None
    return _replies(line, request)


def _replies(line: socket.socket, request: dict[str, Any]) -> Iterator[dict[str, Any]]:
    with line, line.makefile("rwb") as stream:
        stream.write(json.dumps(request).encode() + b"\n")
        stream.flush()
        for reply in stream:
            said = json.loads(reply)
            if "error" in said:
                raise OnrecordError(str(said["error"]))
            yield said
            if "report" in said:
                return
    raise OnrecordError(
        "the open chat ended before the work did; run the same command again, it goes on where it stopped"
    )


class Owner:
    """Holds a home for as long as a chat is open, and does for other processes what only the owner may do."""

    def __init__(self, collection: Collection, work: Work) -> None:
        self._collection = collection
        self._work = work
        self._busy = threading.Lock()
        self._listener: socket.socket | None = None
        self._place = collection.home.absolute() / SOCKET

    def __enter__(self) -> Self:
        self._collection.lock.__enter__()
        if hasattr(socket, "AF_UNIX"):
            if len(os.fsencode(self._place)) > LONGEST_PATH:
                self._place = Path(tempfile.mkdtemp(prefix="onrecord-")) / SOCKET
            self._place.unlink(missing_ok=True)
            self._listener = socket.socket(socket.AF_UNIX)
            before = os.umask(0o177)
            try:
                self._listener.bind(str(self._place))
            finally:
                os.umask(before)
            self._listener.listen()
            self._collection.lock.announce(socket=str(self._place))
            threading.Thread(target=self._listen, args=(self._listener,), name="owner", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._listener is not None:
            with suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits in accept
            self._listener.close()
            self._place.unlink(missing_ok=True)
            if self._place.parent != self._collection.home.absolute():
                self._place.parent.rmdir()
        with self._busy:  # work that has begun is finished
            self._collection.lock.release()

    def _listen(self, listener: socket.socket) -> None:
        while True:
            try:
                line, _ = listener.accept()
            except OSError:
                return  # closed: the chat is over
            threading.Thread(target=self._serve, args=(line,), daemon=True).start()

    def _serve(self, line: socket.socket) -> None:
        with line, line.makefile("rwb") as stream:

            def send(reply: dict[str, Any]) -> None:
                stream.write(json.dumps(reply).encode() + b"\n")
                stream.flush()

            try:
                request = json.loads(stream.readline(LONGEST_REQUEST))
                with self._busy:
                    send({"report": self._work(self._collection, request, lambda note: send({"progress": note}))})
            except OnrecordError as error:
                send({"error": str(error)})
            except (BrokenPipeError, ConnectionResetError):
                return  # whoever asked went away; the batches that were committed stay
