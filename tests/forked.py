"""Processes for tests that are to be killed: forked from one that has the imports behind it, to start at once."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["chromadb", "chromadb.api.rust", "tests.hashing", "indexing.ingest", "indexing.doctor"])


def start(work: Callable[..., None], *values: object) -> tuple[ForkServerProcess, Connection]:
    """Run `work(pipe, *values)` in a process of its own; what it sends can be received here."""
    ours, theirs = CONTEXT.Pipe(duplex=False)
    process = CONTEXT.Process(target=work, args=(theirs, *values))
    process.start()
    theirs.close()
    return process, ours


def run(work: Callable[..., None], *values: object) -> tuple[int | None, list[str]]:
    """Run it to its end; its exit code, and all that it sent."""
    process, pipe = start(work, *values)
    sent: list[str] = []
    with pipe:
        try:
            while True:
                sent.append(pipe.recv())
        except EOFError:
            process.join(60)
    return process.exitcode, sent
