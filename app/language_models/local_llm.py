"""A model in a GGUF file, served on this machine by a process of its own. Alone imports xllamacpp.

The process ends when its standard input does: so it never outlives the one that started it, however that ends.
"""

from __future__ import annotations

import atexit
import functools
import importlib.util
import os
import select
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from indexing.errors import ModelError, UsageError

SCHEME = "gguf:"
MAGIC = b"GGUF"
STARTING = 300.0  # seconds that loading a model may take
TOLD = 300  # characters of what the program says of its failure
# Of memory for prompts that were answered before the last one. They begin alike, so a few are worth keeping (an answer,
# a rewriting and an opinion take turns); by default llama.cpp would keep 8,192, and a laptop would swap after an hour.
KEPT_PROMPTS = 128  # MiB


@dataclass(frozen=True, slots=True)
class Served:
    """Where a model answers (the base URL of an OpenAI-compatible endpoint) and what it is called."""

    name: str
    url: str


def is_local(llm: str) -> bool:
    return llm.startswith(SCHEME)


def serve(llm: str, context: int) -> Served:
    """The model of `gguf:PATH`, started if it is not running; UsageError where it cannot be, and what to do."""
    path = Path(llm.removeprefix(SCHEME)).expanduser()
    try:
        with path.open("rb") as stream:
            magic = stream.read(len(MAGIC))
    except OSError as error:
        raise UsageError(
            f"the model {path} cannot be read ({error.strerror}); give gguf:PATH of a GGUF file"
        ) from error
    if magic != MAGIC:
        raise UsageError(f"{path} is not a GGUF file; give gguf:PATH of one")
    if importlib.util.find_spec("xllamacpp") is None:
        raise UsageError(
            "local models need the package xllamacpp; run: pip install 'onrecord[gguf]' (or pip install xllamacpp)"
        )
    return _started(path.resolve(), context)


@functools.cache
def _started(path: Path, context: int) -> Served:
    found = (_home(), os.environ.get("PYTHONPATH", ""))
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "app.language_models.local_llm", str(path), str(context), str(KEPT_PROMPTS)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, found))},
        )
        atexit.register(_stop, process)
        assert process.stdout is not None
        url = _first_line(process.stdout, STARTING)
        if not url.startswith("http://127.0.0.1:"):
            _stop(process)
            errors.seek(0)
            told = " ".join(errors.read().decode("utf-8", "replace").split())[-TOLD:]
            raise ModelError(
                f"the model {path.name} does not start; try another file, or a smaller llm_context ({told})"
            )
    return Served(path.stem, url)


def _home() -> str:
    """Where this package lies, for a process that is started elsewhere."""
    return str(Path(__file__).resolve().parents[2])


def _first_line(stream: IO[bytes], seconds: float) -> str:
    if sys.platform != "win32":
        ready, _, _ = select.select([stream], [], [], seconds)
        if not ready:
            return ""
    return stream.readline().decode("utf-8", "replace").strip()


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.kill()
        process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            stream.close()


def _threads() -> int:
    """As many as there are cores for this process: more would wait for one another at every token."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def main(path: str, context: int, kept: int) -> None:
    """Serve until standard input closes; `context` in tokens, `kept` in MiB."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = path
    params.n_ctx = context
    params.n_parallel = 1
    params.cache_ram_mib = kept
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = _threads()
    params.sampling.seed = 1
    params.sampling.temp = 0.0
    server = xllamacpp.Server(params)
    print(f"{server.listening_address}/v1", flush=True)
    sys.stdin.read()
    os._exit(0)  # without waiting for a request in progress


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
