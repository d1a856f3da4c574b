"""Settings: three sources merged in order, bounds held, mistakes named, secrets kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.language_models.destination import NOWHERE, destination
from app.settings import Settings, load_settings
from indexing.errors import UsageError

SECRET = "sk-do-not-show-me"
# A setting and three different valid values, as TOML, an environment variable and a flag would give them.
VALUES: dict[str, tuple[str, str, str]] = {
    "home": ("one", "two", "three"),
    "embed": ("minilm", "folder:x", "openai:y"),
    "llm": ("small", "middle", "large"),
    "llm_url": ("http://a/v1", "http://b/v1", "http://c/v1"),
    "host": ("127.0.0.1", "::1", "localhost"),
}


def load(folder: Path, toml: str = "", environ: dict[str, str] | None = None, **flags: Any) -> Settings:
    (folder / "onrecord.toml").write_text(toml, encoding="utf-8")
    return load_settings(flags, environ=environ or {}, folder=folder)


def refusal(folder: Path, toml: str = "", environ: dict[str, str] | None = None, **flags: Any) -> str:
    with pytest.raises(UsageError) as caught:
        load(folder, toml, environ, **flags)
    return str(caught.value)


@given(st.dictionaries(st.sampled_from(sorted(VALUES)), st.sets(st.sampled_from(["toml", "environ", "flag"]))))
def test_flags_outweigh_the_environment_which_outweighs_the_file(
    tmp_path_factory: pytest.TempPathFactory, given_by: dict[str, set[str]]
) -> None:
    toml, environ, flags = "", {}, {}
    expected = {key: str(getattr(Settings(), key)) for key in VALUES}
    for key, sources in given_by.items():
        first, second, third = VALUES[key]
        if "toml" in sources:
            toml += f"{key} = '{first}'\n"
            expected[key] = first
        if "environ" in sources:
            environ[f"ONRECORD_{key.upper()}"] = expected[key] = second
        if "flag" in sources:
            flags[key] = expected[key] = third
    settings = load(tmp_path_factory.mktemp("folder"), toml, environ, **flags)
    assert {key: str(getattr(settings, key)) for key in VALUES} == expected


def test_numbers_and_tables_are_read_from_where_they_can_be_written(tmp_path: Path) -> None:
    settings = load(tmp_path, "port = 8000\n[llm_options]\ntop_p = 0.5\n", {"ONRECORD_PASSAGES": "12"})
    assert (settings.port, settings.passages, settings.llm_options) == (8000, 12, {"top_p": 0.5})


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    assert load_settings({}, environ={}, folder=tmp_path) == Settings()


@pytest.mark.parametrize(
    ("toml", "environ", "words"),
    [
        ("passage = 12", {}, ["'passage'", "onrecord.toml", "'passages'"]),
        ("llm-url = 'x'", {}, ["'llm-url'", "onrecord.toml", "'llm_url'"]),
        ("", {"ONRECORD_HOEM": "x"}, ["'ONRECORD_HOEM'", "environment", "'ONRECORD_HOME'"]),
        ("", {"ONRECORD_MAX_DOCUMENT": "3"}, ["'ONRECORD_MAX_DOCUMENT'", "'ONRECORD_MAX_DOCUMENT_MB'"]),
        ("[section]\nhome = 'x'", {}, ["'section'", "onrecord.toml"]),
    ],
)
def test_an_unknown_key_is_named_with_its_place_and_the_nearest_valid_one(
    tmp_path: Path, toml: str, environ: dict[str, str], words: list[str]
) -> None:
    message = refusal(tmp_path, toml, environ)
    assert "unknown setting" in message
    for word in words:
        assert word in message


def test_other_programs_variables_are_none_of_ours(tmp_path: Path) -> None:
    assert load(tmp_path, "", {"HOME": "x", "MY_ONRECORD_HOME": "y", "PASSAGES": "12"}) == Settings()


@pytest.mark.parametrize("key", ["OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_API_BASE", "ANTHROPIC_API_KEY"])
def test_a_key_in_the_environment_alone_switches_nothing_on(tmp_path: Path, key: str) -> None:
    settings = load(tmp_path, "", {key: SECRET})
    assert settings == Settings()
    assert settings.llm == "" and settings.embed == "minilm"
    assert destination(settings) == NOWHERE


def test_our_own_key_alone_switches_nothing_on(tmp_path: Path) -> None:
    settings = load(tmp_path, "", {"ONRECORD_LLM_KEY": SECRET, "ONRECORD_EMBED_KEY": SECRET})
    assert settings.llm == "" and destination(settings) == NOWHERE


SERVER = "http://user:word@chroma.example:8000"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"chroma_url": "http://127.0.0.1:8000"}, NOWHERE),
        ({"chroma_url": "http://localhost:8000"}, NOWHERE),
        ({"chroma_url": SERVER}, "Vectors of questions and passages, not their text, are sent to chroma.example"),
        (
            {"chroma_url": SERVER, "llm": "large", "llm_url": "https://llm.example/v1"},
            "Questions and passages are sent to llm.example, their vectors to chroma.example",
        ),
        (
            {"chroma_url": SERVER, "llm": "large", "llm_url": "https://chroma.example/v1"},
            "Questions and passages are sent to chroma.example",
        ),
        (
            {"chroma_url": "http://127.0.0.1:8000", "llm": "large", "llm_url": "https://llm.example/v1"},
            "Questions and passages are sent to llm.example",
        ),
    ],
)
def test_a_chroma_server_elsewhere_is_named_among_the_destinations(values: dict[str, Any], words: str) -> None:
    assert destination(Settings(**values)) == words


@pytest.mark.parametrize(
    ("key", "inside", "outside"),
    [
        ("max_document_mb", [0.001, 2000], [0, -1, 2000.1, float("nan"), float("inf")]),
        ("llm_timeout", [0.1, 3600], [0, 3601]),
        ("llm_retries", [0, 10], [-1, 11, 1.5]),
        ("llm_context", [512, 2_000_000], [511, 2_000_001]),
        ("passages", [10, 50], [9, 51]),
        ("max_statements", [1, 4], [0, 5]),
        ("max_question", [1, 100_000], [0, 100_001]),
        ("port", [1, 65535], [0, 65536, "http"]),
    ],
)
def test_every_number_has_bounds_and_an_error_names_the_setting(
    tmp_path: Path, key: str, inside: list[Any], outside: list[Any]
) -> None:
    for value in inside:
        assert getattr(load(tmp_path, **{key: value}), key) == value
    for value in outside:
        assert f"setting '{key}'" in refusal(tmp_path, **{key: value})


def test_every_number_among_the_settings_is_bounded_on_both_sides() -> None:
    for name, field in Settings.model_fields.items():
        if field.annotation in (int, float):
            kinds = {type(limit).__name__ for limit in field.metadata}
            assert kinds & {"Gt", "Ge"} and kinds & {"Lt", "Le"}, name


def test_all_mistakes_are_named_at_once(tmp_path: Path) -> None:
    message = refusal(tmp_path, "passages = 1\nport = 0")
    assert "setting 'passages'" in message and "setting 'port'" in message


@pytest.mark.parametrize("toml", ["home = ", "home = 'x'\nhome = 'y'", "[a", "= 3"])
def test_a_file_that_is_not_toml_is_refused_with_its_place(tmp_path: Path, toml: str) -> None:
    message = refusal(tmp_path, toml)
    assert "not valid TOML" in message and str(tmp_path / "onrecord.toml") in message


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    (tmp_path / "onrecord.toml").write_bytes("home = 'é'".encode("latin-1"))
    with pytest.raises(UsageError, match="not valid TOML"):
        load_settings({}, environ={}, folder=tmp_path)


def test_a_byte_order_mark_before_the_file_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "onrecord.toml").write_bytes(b"\xef\xbb\xbfport = 8000\n")
    assert load_settings({}, environ={}, folder=tmp_path).port == 8000


def test_secrets_never_show(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        f"llm_key = '{SECRET}'\n[llm_options]\napi_key = '{SECRET}'\n[embed_options]\napi_key = '{SECRET}'\n",
        {"ONRECORD_EMBED_KEY": SECRET},
    )
    assert settings.llm_key.get_secret_value() == settings.embed_key.get_secret_value() == SECRET
    for shown in (repr(settings), str(settings), f"{settings}", repr(settings.llm_key), str(settings.embed_key)):
        assert SECRET not in shown


@pytest.mark.parametrize(
    ("toml", "environ"),
    [
        (f"llm_key = ['{SECRET}']", {}),
        (f"llm_key = {{ value = '{SECRET}' }}", {}),
        (f"llm_keys = '{SECRET}'", {}),
        (f"llm_key = '{SECRET}\nport = 1", {}),
        (f"port = '{SECRET}'", {}),
        ("passages = 1", {"ONRECORD_LLM_KEY": SECRET}),
        ("", {"ONRECORD_LLM_KEYS": SECRET}),
        ("", {"ONRECORD_LLM_OPTIONS": SECRET}),
    ],
)
def test_an_error_never_shows_a_secret(tmp_path: Path, toml: str, environ: dict[str, str]) -> None:
    assert SECRET not in refusal(tmp_path, toml, environ)


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Settings().port = 1  # type: ignore[misc]
