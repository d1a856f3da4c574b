"""The commands of the documentation are run, or parsed where they need what a test has not; so are container files."""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.cli import main
from app.commands.arguments import parser
from eval.__main__ import _parser as eval_parser
from tests.processes import PATIENCE, ROOT, environment

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LANGUAGES = ("sh", "console", "toml", "python", "json", "nginx", "")


def blocks(page: Path, language: str) -> list[str]:
    return [text for kind, text in BLOCK.findall(page.read_text(encoding="utf-8")) if kind == language]


RUN = [page for page in PAGES if blocks(page, "sh")]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as a reader has it who cloned the repository, with the two programs on its path."""
    made = tmp_path_factory.mktemp("docs")
    programs = made / "bin"
    programs.mkdir()
    for name, line in (("onrecord", '-m app.cli "$@"'), ("python", '"$@"')):
        (programs / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {line}\n', encoding="utf-8")
        (programs / name).chmod(0o755)
    (made / "work").mkdir()
    for name in ("seeds", "eval"):
        (made / "work" / name).symlink_to(ROOT / name)
    return made


def run(place: Path, page: Path, home: str) -> str:
    """What goes wrong where a page's commands are run in their order; empty when nothing does."""
    given = {**environment(), "ONRECORD_HOME": home, "PATH": f"{place / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    for block in blocks(page, "sh"):
        ran = subprocess.run(
            ["sh", "-e", "-c", block],
            cwd=place / "work",
            env=given,
            capture_output=True,
            encoding="utf-8",
            timeout=PATIENCE,
            check=False,
        )
        if ran.returncode or "Traceback" in ran.stderr:
            return f"{page.name}:\n{block}\nended with {ran.returncode}\n{ran.stdout}\n{ran.stderr}"
    return ""


def test_the_commands_of_every_page_do_what_they_say(place: Path) -> None:
    """Each page has a home of its own, so the pages can run beside one another."""
    assert len(RUN) >= 6
    with ThreadPoolExecutor(2) as pool:
        wrong = list(pool.map(lambda page: run(place, page, f".home-{page.stem}"), RUN))
    assert not any(wrong), "\n\n".join(filter(None, wrong))


def test_what_the_readme_shows_is_what_is_printed(seeds_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """But for where lines end."""

    def printed(*line: str) -> str:
        main([*line, "--home", str(seeds_home)])
        return " ".join(capsys.readouterr().out.split())

    text = (ROOT / "README.md").read_text(encoding="utf-8")
    answer, verdict = (" ".join(block.split()) for block in blocks(ROOT / "README.md", ""))
    question = re.search(r'`onrecord ask "(.+?)"` finds', text)
    quote, speaker = shlex.split(blocks(ROOT / "README.md", "sh")[0].splitlines()[1])[2:5:2]
    refused = re.search(r"Asked \*(.+?)\*, it refuses: \*(.+?)\*", text)
    assert question and answer in printed("ask", question[1])
    assert verdict in printed("quote", quote, "--speaker", speaker)
    assert refused and refused[2] in printed("ask", refused[1])


def commands() -> Iterator[tuple[str, list[str]]]:
    """`(page, words)` of every command of ours, also of those that cannot be run here."""
    for page in PAGES:
        for text in (*blocks(page, "sh"), *blocks(page, "console")):
            for line in text.splitlines():
                lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;<>")
                lexer.whitespace_split, lexer.commenters = True, "#"
                part: list[str] = []
                for word in [*lexer, ";"]:
                    if set(word) <= set("|&;<>"):
                        yield page.name, part
                        part = []
                    else:
                        part.append(word)


OURS = [(page, words) for page, words in commands() if {"onrecord", "eval"} & {Path(one).name for one in words[:5]}]


@pytest.mark.parametrize(("page", "words"), OURS, ids=[f"{page}: {' '.join(words)[:60]}" for page, words in OURS])
def test_every_command_is_one_that_there_is(page: str, words: list[str]) -> None:
    if words[:3] == ["python", "-m", "eval"]:
        _parses(eval_parser(), words[3:])
    elif Path(words[0]).name == "onrecord":
        _parses(parser(), words[1:])
    else:
        assert words[:4] == ["docker", "compose", "run", "--rm"], words
        _parses(parser(), words[5:])


def test_what_is_named_within_a_line_is_there_too() -> None:
    """Commands with their flags, files of ours, modules that are run."""
    seen = 0
    for page in (*PAGES, ROOT / "CONTRIBUTING.md"):
        text = BLOCK.sub("", page.read_text(encoding="utf-8"))
        for span in re.findall(r"`([^`\n]+)`", text):
            words = span.split()
            for prefix, made in ((["onrecord"], parser()), (["python", "-m", "eval"], eval_parser())):
                if words[: len(prefix)] == prefix and words[len(prefix) :] not in ([], ["..."], ["COMMAND", "--help"]):
                    _is_known(made, words[len(prefix) :], f"{page.name}: {span}")
                    seen += 1
            if re.fullmatch(r"(app|eval|indexing|tests|prompts|docs|seeds)/[\w./-]+", span):
                assert (ROOT / span).exists(), f"{page.name}: {span}"
        for module in re.findall(r"python -m ((?:app|eval|tests)\.[\w.]+)", text):
            assert (ROOT / module.replace(".", "/")).with_suffix(".py").exists(), f"{page.name}: {module}"
    assert seen > 40


def _is_known(made: argparse.ArgumentParser, words: list[str], where: str) -> None:
    """The first word is a command, the words after it are actions of its or stand for something, and flags are its."""
    for word in words:
        choices = next((one.choices for one in made._actions if isinstance(one, argparse._SubParsersAction)), {})
        if word in choices:
            made = choices[word]
        elif word.startswith("--"):
            assert word.partition("=")[0].rstrip(",.") in made._option_string_actions, where
        else:
            assert word is not words[0], where


def _parses(made: Any, words: list[str]) -> None:
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            made.parse_args(words)
    except SystemExit:
        pytest.fail(f"{' '.join(words)}: {said.getvalue()}")


def test_every_block_says_what_it_is_and_every_link_leads_somewhere() -> None:
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        assert {kind for kind, _ in BLOCK.findall(text)} <= set(LANGUAGES), page
        for link in re.findall(r"\]\(([^)#\s]+)\)", text):
            assert link.startswith("http") or (page.parent / link).exists(), f"{page.name}: {link}"


def test_the_containers_run_without_rights_and_fetch_nothing() -> None:
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    for name, service in compose["services"].items():
        assert service["read_only"] and service["cap_drop"] == ["ALL"], name
        assert "no-new-privileges:true" in service["security_opt"], name
    assert compose["services"]["onrecord"]["ports"] == ["127.0.0.1:7860:7860"]
    assert "ports" not in compose["services"]["chroma"]
    constraints = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    version = compose["services"]["chroma"]["image"].partition(":")[2]
    assert f"chromadb=={version}" in constraints
    docker = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert "USER onrecord" in docker and "/healthz" in docker and "-c constraints.txt" in docker
    assert not re.search(r"--(extra-)?index-url|https://", docker)
    words = re.findall(r"ONRECORD_[A-Z_]+", docker + (ROOT / "compose.yaml").read_text(encoding="utf-8"))
    from app.settings import PREFIX, Settings

    assert {word.removeprefix(PREFIX).lower() for word in words} <= Settings.model_fields.keys()
    for source in re.findall(r"^COPY (?!--from)(.+) \S+$", docker, re.MULTILINE):
        assert all((ROOT / one).exists() for one in source.split()), source


def test_compose_file_and_image_agree_with_the_product() -> None:
    from app.settings import PREFIX, Settings

    compose = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    docker = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    ours, chroma = compose["services"]["onrecord"], compose["services"]["chroma"]
    known = (
        "build image command restart read_only tmpfs cap_drop security_opt stop_grace_period environment ports volumes"
    )
    for name, service in compose["services"].items():
        assert service.keys() <= {*known.split(), "volumes", "depends_on", "healthcheck"}, name
    assert set(compose) == {"services", "volumes"}

    (command,) = re.findall(r"^CMD (.+)$", docker, re.MULTILINE)
    assert ours["command"] == json.loads(command) and re.search(r'^ENTRYPOINT \["onrecord"\]$', docker, re.MULTILINE)
    _parses(parser(), ours["command"])

    home = re.search(r"ONRECORD_HOME=(\S+)", docker)
    (volume,) = re.findall(r"^VOLUME (\S+)$", docker, re.MULTILINE)
    targets = [one.rsplit(":", 2 if one.endswith(":ro") else 1)[1] for one in ours["volumes"]]
    assert home and Path(home[1]).is_relative_to(volume) and targets == [volume, "/documents"]
    named = [one.split(":")[0] for service in (ours, chroma) for one in service["volumes"]]
    assert set(compose["volumes"]) == {one for one in named if one.isalpha()}

    port = str(Settings.model_fields["port"].default)
    assert re.findall(r"^EXPOSE (\d+)$", docker, re.MULTILINE) == re.findall(r":(\d+)/healthz", docker) == [port]
    assert ours["ports"][0].endswith(f":{port}")

    given = ours["environment"]
    Settings(**{name.removeprefix(PREFIX).lower(): value for name, value in given.items() if "$" not in str(value)})
    assert int(ours["stop_grace_period"].rstrip("s")) > int(given["ONRECORD_SHUTDOWN_SECONDS"])
    assert given["ONRECORD_CHROMA_URL"] == "http://chroma:8000" and "/8000" in chroma["healthcheck"]["test"][-1]
    assert ours["depends_on"] == {"chroma": {"condition": "service_healthy"}}
