"""Any command that speaks our JSON: a line {"id", "question", "history"} in, a line with the answer out, one by one."""

from __future__ import annotations

import json
import shlex
import subprocess
import threading
from contextlib import ExitStack, suppress
from pathlib import PurePath
from typing import Any

from eval.suite import Item
from eval.targets.target import TargetError
from indexing.errors import UsageError


class ProcessTarget:
    """Each thread has a process of its own, which is started again after it ended."""

    def __init__(self, command: str, stack: ExitStack) -> None:
        try:
            self._words = shlex.split(command)
        except ValueError as error:
            raise UsageError(f"cmd:{command} cannot be read as a command ({error})") from None
        if not self._words:
            raise UsageError("cmd: needs a command, e.g. cmd:'python answer.py'")
        self._local = threading.local()
        self._started: list[subprocess.Popen[str]] = []
        stack.callback(self._stop)

    def describe(self) -> dict[str, Any]:
        return {"kind": "command", "command": " ".join(PurePath(word).name or word for word in self._words)}

    def ask(self, item: Item) -> dict[str, Any]:
        process = self._process()
        assert process.stdin is not None and process.stdout is not None
        history = [turn.model_dump() for turn in item.history]
        try:
            process.stdin.write(json.dumps({"id": item.id, "question": item.question, "history": history}) + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except OSError as error:
            raise TargetError(f"the command does not read ({error.strerror})", passing=True) from None
        if not line:
            raise TargetError(f"the command ended with code {process.wait()} and no answer", passing=True)
        try:
            answer = json.loads(line)
        except ValueError:
            raise TargetError(f"the command's line is not JSON: {line[:200]!r}") from None
        if not isinstance(answer, dict):
            raise TargetError("the command's line is not a JSON object")
        return answer

    def _process(self) -> subprocess.Popen[str]:
        process: subprocess.Popen[str] | None = getattr(self._local, "process", None)
        if process is None or process.poll() is not None:
            try:
                process = subprocess.Popen(
                    self._words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
                )
            except OSError as error:
                raise UsageError(f"{self._words[0]!r} cannot be started ({error.strerror})") from None
            self._local.process = process
            self._started.append(process)
        return process

    def _stop(self) -> None:
        for process in self._started:
            if process.poll() is None:
                process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                with suppress(OSError):  # what it did not read is still in the pipe's buffer, and goes nowhere
                    if stream is not None:
                        stream.close()
