"""Untrusted files are read in a process of their own: what hangs, crashes or eats memory is killed, and named."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import sys
import tempfile
from collections.abc import Generator, Iterator
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType

from indexing.errors import LoadError
from indexing.extraction import Extraction, Read, ReadOptions, Unread, Working
from indexing.readers import read

MEGABYTE = 1_000_000
PATIENCE = 5  # members of one archive that may hang or crash before the rest of it is given up
KILLED_AFTER = 10.0  # seconds to wait for a process that was told to end

Message = Extraction | Unread | Working | tuple[str, Unread | None]  # the last: ("failed", why) or ("done", None)


class Sandbox:
    """Reads files one after another in a worker process, which is started with the first and replaced when it fails.

    One at a time; use one sandbox per thread. Where the system knows no limit on memory (Windows, macOS), time alone
    is bounded.
    """

    def __init__(self, seconds: float = 60, memory: int = 2_000 * MEGABYTE) -> None:
        """`seconds` for each document, so for each member of an archive; `memory`: bytes of address space."""
        self._seconds = seconds
        self._memory = memory
        self._worker: _Worker | None = None

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the worker, if there is one."""
        if self._worker is not None:
            self._worker.kill()
            self._worker = None

    def read(self, path: Path, options: ReadOptions) -> Generator[Read, None, None]:
        """The documents of a file as `indexing.readers.read` gives them; raises LoadError for the file as a whole.

        Of the signs of life those are passed on that tell how far the reader is.
        """
        working = Working()
        for _ in range(PATIENCE):
            if self._worker is None:
                self._worker = _Worker(self._seconds, self._memory)
            finished = False
            try:
                for value in self._worker.read(path, options):
                    if isinstance(value, Working):
                        working = value
                    if not isinstance(value, Working) or value.share:
                        yield value
                finished = True
                return
            except _BrokenError as broken:
                if not working.member:
                    raise broken.reason from None
                yield Unread(working.member, broken.reason)
                options = replace(options, first=working.number + 1)
            except LoadError:
                finished = True
                raise
            finally:
                if not finished:  # also where the caller stops listening half-way
                    self.close()
        raise LoadError(f"{PATIENCE} of its members could not be read in time", "unpack it and look for damaged files")


class _BrokenError(Exception):
    """The worker is of no more use."""

    def __init__(self, reason: LoadError) -> None:
        super().__init__(str(reason))
        self.reason = reason


class _Worker:
    """One process, its pipe, and a folder for its temporary files that goes with it."""

    def __init__(self, seconds: float, memory: int) -> None:
        # A forked copy would inherit the threads' locks and the open stores of this process.
        context = multiprocessing.get_context("spawn")
        self._seconds = seconds
        self._memory = memory
        self._folder = tempfile.TemporaryDirectory(prefix="onrecord-", ignore_cleanup_errors=True)
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(
            target=_serve, args=(theirs, seconds, memory, self._folder.name), name="onrecord-reader", daemon=True
        )
        self._process.start()
        theirs.close()
        try:
            if not self._pipe.poll(max(30.0, seconds)):  # it says hello once it is up; loading is not reading
                raise EOFError
            self._pipe.recv()
        except (EOFError, OSError) as error:
            self.kill()
            raise LoadError("the process that reads files does not start", "look above for its error") from error

    def read(self, path: Path, options: ReadOptions) -> Iterator[Extraction | Unread | Working]:
        """What the worker sends; raises LoadError as it reports it, and _BrokenError where it hangs or dies."""
        try:
            self._pipe.send((path, options))
            while True:
                if not self._pipe.poll(self._seconds):
                    raise _BrokenError(
                        LoadError(
                            f"it took longer than {self._seconds:g} s to read",
                            "split it, or convert it to plain text; it may be damaged",
                        )
                    )
                message: Message = self._pipe.recv()
                if not isinstance(message, tuple):
                    yield message
                elif message[1] is None:
                    return
                else:
                    raise message[1].error
        except (EOFError, OSError) as error:
            self._process.join(KILLED_AFTER)
            raise _BrokenError(self._death(self._process.exitcode)) from error

    def _death(self, code: int | None) -> LoadError:
        how = f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
        return LoadError(
            f"the program that reads this format crashed on it ({how})",
            "open it in the program that made it and save it again, or convert it to plain text",
        )

    def kill(self) -> None:
        """End the process and all that it started (tesseract), and remove its files."""
        self._pipe.close()
        pid = self._process.pid
        if pid is not None and self._process.is_alive():
            if sys.platform == "win32":
                self._process.kill()
            else:
                try:
                    os.killpg(pid, signal.SIGKILL)  # it leads a group of its own
                except (ProcessLookupError, PermissionError):
                    self._process.kill()
        self._process.join(KILLED_AFTER)
        self._folder.cleanup()


def _serve(pipe: Connection, seconds: float, memory: int, folder: str) -> None:
    """The worker: takes `(path, options)`, sends what it reads, until the pipe is closed."""
    tempfile.tempdir = folder
    logging.disable(logging.CRITICAL)  # libraries log over damaged files what the caller is told in words
    if sys.platform != "win32":
        import resource

        os.setsid()  # Ctrl-C is for the caller, who ends this process
        if sys.platform == "linux":
            resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    pipe.send(Working())
    while True:
        try:
            path, options = pipe.recv()
        except EOFError:
            return
        _alarm(seconds)
        try:
            for value in read(path, options):
                _alarm(0)  # waiting for the caller to take it is not working
                pipe.send(value)
                _alarm(seconds)
            end: tuple[str, Unread | None] = ("done", None)
        except LoadError as error:
            end = ("failed", Unread("", error))
        _alarm(0)
        pipe.send(end)


def _alarm(seconds: float) -> None:
    """Die of it even if the caller is gone and nobody else is left to end this process."""
    if sys.platform != "win32":
        signal.setitimer(signal.ITIMER_REAL, seconds * 1.5 + 1 if seconds else 0)
