"""`onrecord config` and the reference page: current, complete, readable back, and without a secret."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.cli import main
from app.commands.reference import MASK, for_terminal, in_force, reference
from app.settings import DEFAULT, Settings, load_settings, traced_settings

PAGE = Path(__file__).parent.parent / "docs" / "configuration.md"
SECRETS = ("embed_key", "llm_key")


def test_the_reference_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == reference(), "write it anew: make docs"


def test_the_reference_has_a_row_for_every_setting_with_its_bounds() -> None:
    rows = {line.split("`")[1]: line for line in reference().splitlines() if line.startswith("| `")}
    assert rows.keys() == Settings.model_fields.keys()
    assert all(field.description for field in Settings.model_fields.values())
    assert "at least 1, at most 65,535" in rows["port"] and "`7860`" in rows["port"]
    assert "`strike` or `drop`" in rows["unsupported"]
    assert "ONRECORD_LLM_OPTIONS" not in rows["llm_options"]


words = st.text("abcdefgh0123456789", min_size=12, max_size=20)


@given(st.dictionaries(st.sampled_from(SECRETS), words), words, words)
def test_no_secret_is_printed(
    tmp_path_factory: pytest.TempPathFactory, keys: dict[str, str], option: str, password: str
) -> None:
    folder = tmp_path_factory.mktemp("folder")
    (folder / "onrecord.toml").write_text(f'[llm_options]\napi_key = "{option}"\n', encoding="utf-8")
    url = f"https://me:{password}@host.example/v1?key={password}"
    environ = {f"ONRECORD_{key.upper()}": value for key, value in keys.items()} | {"ONRECORD_LLM_URL": url}
    printed = for_terminal(in_force(*traced_settings({}, environ=environ, folder=folder)))
    assert not any(secret in printed for secret in (*keys.values(), option, password))
    assert "me:" in printed and "host.example/v1" in printed
    for key in SECRETS:
        assert (f'{key} = "{MASK}"' in printed) == (key in keys)


def test_each_value_is_told_with_the_place_that_won(tmp_path: Path) -> None:
    (tmp_path / "onrecord.toml").write_text("port = 8000\npassages = 11\n", encoding="utf-8")
    environ = {"ONRECORD_PASSAGES": "12", "ONRECORD_HOST": "::1"}
    traced = traced_settings({"host": "localhost"}, environ=environ, folder=tmp_path)
    told = {row["key"]: (row["value"], row["from"]) for row in in_force(*traced)}
    assert told["port"] == (8000, str(tmp_path / "onrecord.toml"))
    assert told["passages"] == (12, "ONRECORD_PASSAGES")
    assert told["host"] == ("localhost", "--host")
    assert told["llm"] == ("", DEFAULT)


def test_what_is_printed_reads_back_as_the_same_settings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["config", "--home", "somewhere else", "--llm", 'a "b"']) == 0
    (tmp_path / "onrecord.toml").write_text(capsys.readouterr().out, encoding="utf-8")
    again = load_settings({}, folder=tmp_path)
    assert (str(again.home), again.llm) == ("somewhere else", 'a "b"')
    table = tomllib.loads((tmp_path / "onrecord.toml").read_text(encoding="utf-8"))
    assert table.keys() == {key for key, value in Settings().model_dump().items() if value is not None}
