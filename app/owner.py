"""One process owns a home: others hand it their work, and ask it for neighbours, over a socket of this user's."""

from __future__ import annotations

import json
import os
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self

from indexing.collection import Collection
from indexing.embed import Vectors
from indexing.errors import HomeError, OnrecordError, UsageError
from indexing.filters import Filter

SOCKET = "owner.socket"
LONGEST_PATH = 100  # bytes; the system refuses longer socket paths
LONGEST_REQUEST = 1_000_000  # bytes
PATIENCE = 60.0  # seconds to wait for neighbours, which take milliseconds unless the owner is suspended

Note = Callable[[dict[str, Any]], None]
Work = Callable[[Collection, dict[str, Any], Note], dict[str, Any]]
"""Does what a request asks; the callback sends one note of progress. Returns the report."""


def _request(line: bytes) -> dict[str, Any]:
    """What is asked for; UsageError for anything that is no request."""
    try:
        request = json.loads(line)
    except ValueError as error:
        raise UsageError(f"the request is not understood ({error})") from None
    if not (isinstance(request, dict) and isinstance(request.get("work"), str)):
        raise UsageError("the request is not understood (it names no work)")
    return request


class OwnerEndedError(OnrecordError):
    """The owner ended before the work did."""

    def __init__(self) -> None:
        super().__init__(
            "the process that owns the index ended before the work did; "
            "run the same command again, it goes on where it stopped"
        )


def ask_owner(home: Path, request: dict[str, Any], timeout: float | None = None) -> Iterator[dict[str, Any]] | None:
    """The owner's replies, `{"progress": ...}` and last `{"report": ...}`; None when nobody owns the home.

    Raises OnrecordError with what the owner found wrong, or when it ends before the work does.
    """
    try:
        place = json.loads((home / "owner.json").read_text(encoding="utf-8"))["socket"]
        line = socket.socket(socket.AF_UNIX)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    try:
        line.settimeout(timeout)
        line.connect(place)
    except OSError:
        line.close()
        return None
    return _replies(line, request, home)


def _replies(line: socket.socket, request: dict[str, Any], home: Path) -> Iterator[dict[str, Any]]:
    try:
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
    except TimeoutError:
        raise HomeError(f"the process that owns {home} does not answer; see whether it is suspended") from None
    except (ConnectionError, json.JSONDecodeError):  # it was killed, perhaps in the middle of a line
        raise OwnerEndedError from None
    raise OwnerEndedError


class Beside(Collection):
    """A collection whose home another process owns. Chroma's files are for one process, so neighbours are asked for."""

    def by_meaning(self, vector: Vectors, count: int, filter: Filter | None = None) -> list[tuple[int, float]]:
        request = {
            "work": "nearest",
            "embedder": self.embedder.name,
            "vector": vector.tolist(),
            "count": count,
            "filter": asdict(filter) if filter else None,
        }
        replies = ask_owner(self.home, request, PATIENCE)
        if replies is not None:
            with suppress(OwnerEndedError):
                for reply in replies:
                    return [(int(chunk_id), float(cosine)) for chunk_id, cosine in reply["report"]["nearest"]]
        return super().by_meaning(vector, count, filter)  # the owner is gone


def is_owned(home: Path) -> bool:
    """Whether a process that answers owns the home."""
    replies = ask_owner(home, {"work": "greet"}, PATIENCE)
    with suppress(OwnerEndedError):
        return replies is not None and bool(list(replies))
    return False


class Owner:
    """Holds a home, and does for other processes what only its owner may do."""

    def __init__(self, collection: Collection, work: Work | None = None) -> None:
        """Without `work` others are only told neighbours, and otherwise that the home is in use."""
        self._collection = collection
        self._work = work
        self._busy = threading.Lock()
        self._searching = threading.Lock()
        self._ending = threading.Event()
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
        self._ending.set()
        if self._listener is not None:
            with suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits in accept
            self._listener.close()
            self._place.unlink(missing_ok=True)
            if self._place.parent != self._collection.home.absolute():
                self._place.parent.rmdir()
        self._searching.acquire()  # kept: whoever comes late gets no answer from what is being closed
        with self._busy:  # work that has begun stops at the next file
            self._collection.lock.release()

    def _listen(self, listener: socket.socket) -> None:
        while True:
            try:
                line, _ = listener.accept()
            except OSError:
                return  # closed: the owner ends
            threading.Thread(target=self._serve, args=(line,), daemon=True).start()

    def _serve(self, line: socket.socket) -> None:
        # Whoever asked may go away at any time; the batches that were committed stay.
        with suppress(ConnectionError), line, line.makefile("rwb") as stream:

            def send(reply: dict[str, Any]) -> None:
                stream.write(json.dumps(reply).encode() + b"\n")
                stream.flush()

            def note(progress: dict[str, Any]) -> None:
                if self._ending.is_set():
                    raise OwnerEndedError
                send({"progress": progress})

            reply: dict[str, Any] = {"error": "the open chat failed at this; what went wrong stands in its terminal"}
            try:
                reply = {"report": self._answer(_request(stream.readline(LONGEST_REQUEST)), note)}
            except OnrecordError as error:
                reply = {"error": str(error)}
            finally:  # a defect shows as a traceback here, and is not silence there
                send(reply)

    def _answer(self, request: dict[str, Any], note: Note) -> dict[str, Any]:
        if request["work"] == "greet":
            return {"pid": os.getpid()}
        if request["work"] == "nearest":
            return self._nearest(request)
        if self._work is None:
            raise HomeError(
                f"{self._collection.home} is in use by {self._collection.lock.owner()}; "
                "stop that first, or try again when it has finished"
            )
        with self._busy:
            if self._ending.is_set():
                raise OwnerEndedError
            return self._work(self._collection, request, note)

    def _nearest(self, request: dict[str, Any]) -> dict[str, Any]:
        import numpy as np

        with self._searching:
            name = self._collection.embedder.name
            if request["embedder"] != name:
                raise HomeError(f"the index has moved over to the embedder {name}; start again with that")
            vector, limits = np.asarray(request["vector"], dtype=np.float32), request["filter"] or {}
            given: dict[str, Any] = {
                key: tuple(value) if isinstance(value, list) else value for key, value in limits.items()
            }
            return {"nearest": self._collection.by_meaning(vector, int(request["count"]), Filter(**given))}
