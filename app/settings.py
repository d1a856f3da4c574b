"""One frozen settings object, read at the edge and passed down: `onrecord.toml`, then `ONRECORD_*`, then flags."""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError

from indexing.errors import UsageError

CONFIG_FILE = "onrecord.toml"
PREFIX = "ONRECORD_"
DEFAULT = "default"

Names = Annotated[
    tuple[str, ...],
    BeforeValidator(lambda given: tuple(given.replace(",", " ").split()) if isinstance(given, str) else given),
]  # a list, or words with commas between them


class Settings(BaseModel):
    """Every setting, with its bounds. Secrets are `SecretStr`: they never show in a repr, a log or a record."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    home: Path = Field(Path(".onrecord"), description="folder that holds the index")
    chroma_url: str = Field("", description="a Chroma server for the vectors; empty: they are kept in the home")
    max_document_mb: float = Field(20, gt=0, le=2000, description="a file larger than this is skipped")

    embed: str = Field(
        "minilm",
        description="`minilm` (packaged, offline), `folder:PATH` (model.onnx and tokenizer.json), "
        "`openai:MODEL` (an OpenAI-compatible endpoint), or `MODULE:CLASS` (any LlamaIndex embedding)",
    )
    embed_url: str = Field("", description="base URL of the embedding endpoint")
    embed_key: SecretStr = Field(SecretStr(""), description="key of the embedding endpoint")
    embed_options: dict[str, Any] = Field(
        default_factory=dict, repr=False, description="arguments of a LlamaIndex embedding class; may hold secrets"
    )

    llm: str = Field(
        "",
        description="model that writes answers: a name at an OpenAI-compatible endpoint, `gguf:PATH` (a file, run "
        "on this machine), or `MODULE:CLASS` (any LlamaIndex LLM); empty: answers are sentences of the documents",
    )
    llm_url: str = Field("", description="base URL of an OpenAI-compatible endpoint; empty: OpenAI's own")
    llm_key: SecretStr = Field(SecretStr(""), description="its key; without it OPENAI_API_KEY is used")
    llm_options: dict[str, Any] = Field(
        default_factory=dict, repr=False, description="arguments of a LlamaIndex LLM class; may hold secrets"
    )
    llm_timeout: float = Field(
        60,
        gt=0,
        le=3600,
        description="seconds to wait for the endpoint's next bytes; a whole answer may take 20 times that",
    )
    llm_retries: int = Field(2, ge=0, le=10, description="further tries after a failure that may pass")
    llm_context: int = Field(4096, ge=512, le=2_000_000, description="tokens that passages, history and answer share")

    llm_references: Literal["auto", "schema", "grammar", "text"] = Field(
        "auto",
        description="how a reply is held to the sentences that were offered: by a JSON `schema`, by a "
        "`grammar` (llama.cpp), or only asked to in `text`; auto: a grammar for `gguf:` models, a schema at endpoints, "
        "text where that is refused and for classes",
    )
    llm_prompt: Literal["auto", "full", "short"] = Field(
        "auto",
        description="what a model is shown: passages in `full`, or for small models, `short`: a worked example and the "
        "sentences that fit the question best; auto: short for `gguf:` models",
    )
    llm_prices: tuple[float, float] | None = Field(
        None, description="dollars per million tokens in and out, e.g. [0.15, 0.6]; without it a cost is not told"
    )
    unsupported: Literal["strike", "drop"] = Field(
        "strike", description="what becomes of a model's statement that no source supports: shown struck, or left out"
    )
    second_opinion: bool = Field(
        False, description="let the language model judge every statement of its answers, too; labelled as such"
    )

    rerank: str = Field(
        "",
        description="orders the passages anew: `reader` (our own, by their sentences), `folder:PATH` (a cross-encoder, "
        "model.onnx and tokenizer.json) or `MODULE:CLASS` (any LlamaIndex node postprocessor)",
    )
    rerank_options: dict[str, Any] = Field(
        default_factory=dict, repr=False, description="arguments of a LlamaIndex postprocessor; may hold secrets"
    )

    reader: str = Field(
        "shipped",
        description="a small model that says which of the best sentences answer: `shipped` (packaged), or a folder of "
        "`reader.onnx` and `reader.json` as `python -m eval train reader` makes it; empty: without",
    )
    gate_reader: bool = Field(
        False,
        description="let the reader judge every statement, too, beside the gate's own measures (docs/grounding.md)",
    )
    passages: int = Field(10, ge=10, le=50, description="passages considered for an answer")
    max_statements: int = Field(
        3, ge=1, le=4, description="sentences in an extractive answer, at most (a list may be longer)"
    )
    max_question: int = Field(4000, ge=1, le=100_000, description="characters a question may have")

    aliases: Path | None = Field(
        None, description="who is also called what: a text file with a line `Full Name = other name, another` for each"
    )

    keep_conversations: bool = Field(
        True, description="keep the conversations of the page in the home; off: they end with the page"
    )

    host: str = Field(
        "127.0.0.1", description="address to serve on; `onrecord chat`, which has no login, takes loopback only"
    )
    port: int = Field(7860, ge=1, le=65535, description="port to serve on")

    # Of `onrecord serve` alone:
    hosts: Names = Field((), description="names that people call the server by, as `news.example`; others are refused")
    root_path: str = Field(
        "", pattern=r"^(/[\w.~-]+)*$", description="prefix that a reverse proxy serves it below, as `/onrecord`"
    )
    trusted_proxies: Names = Field(
        (), description="addresses or networks whose X-Forwarded-For, -Proto and -Host are believed"
    )
    session_idle_hours: float = Field(12, gt=0, le=720, description="hours unused after which a session ends")
    session_hours: float = Field(168, gt=0, le=8760, description="hours after which a session ends in any case")
    requests_per_minute: int = Field(
        1200, ge=10, le=1_000_000, description="requests of one user, or one address without login"
    )
    asks_per_minute: int = Field(60, ge=1, le=1_000_000, description="questions, quotes and drafts of one user")
    oidc_issuer: str = Field("", description="an OpenID Connect provider to sign in at, as `https://login.example`")
    oidc_client_id: str = Field("", description="what this server is called there")
    oidc_client_secret: SecretStr = Field(SecretStr(""), description="its secret there; empty: a public client")
    oidc_scopes: str = Field("openid profile email", description="what is asked of the provider")
    oidc_name_claim: str = Field("preferred_username", description="the claim that an account is called by")
    oidc_groups_claim: str = Field("groups", description="the claim that lists a person's groups")
    oidc_roles: Names = Field(
        (), description="which group gives which role, as `editors=editor,*=reader`; who has none is not let in"
    )
    audit_days: float = Field(365, gt=0, le=36_500, description="days that the audit log is kept")

    log_format: Literal["text", "json"] = Field("text", description="how a server logs, on standard error")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "warning", description="what a server logs; from `info` on a line for every request, answer and job"
    )
    log_content: bool = Field(
        False, description="let messages of libraries and of defects into the log; they may hold what was asked"
    )
    otlp_url: str = Field(
        "",
        description="an OpenTelemetry collector (OTLP over gRPC, such as http://127.0.0.1:4317) that is sent the time "
        "of each stage, never content; needs `onrecord[otel]`",
    )
    shutdown_seconds: float = Field(
        8, ge=0, le=600, description="seconds that answers have to end once a server is told to stop"
    )


def load_settings(
    flags: Mapping[str, Any],
    *,
    environ: Mapping[str, str] = os.environ,
    folder: Path | None = None,
) -> Settings:
    """Merge the three sources, later ones winning; `flags` holds only what was given.

    Raises UsageError that names the place, the key and, for an unknown key, the nearest valid one.
    """
    return traced_settings(flags, environ=environ, folder=folder)[0]


def traced_settings(
    flags: Mapping[str, Any],
    *,
    environ: Mapping[str, str] = os.environ,
    folder: Path | None = None,
) -> tuple[Settings, dict[str, str]]:
    """The same, and `{key: where its value comes from}` of what is not left at its default."""
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    path = (folder or Path.cwd()) / CONFIG_FILE
    if path.is_file():
        try:
            table = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise UsageError(f"{path} is not valid TOML: {error}") from error
        for key, value in table.items():
            _known(key, key, str(path))
            values[key], origins[key] = value, str(path)
    for name, text in environ.items():
        if name.startswith(PREFIX):
            key = name[len(PREFIX) :].lower()
            _known(key, name, "the environment", prefix=PREFIX)
            values[key], origins[key] = text, name
    for key, value in flags.items():
        values[key], origins[key] = value, f"--{key.replace('_', '-')}"
    try:
        return Settings(**values), origins
    except ValidationError as error:
        raise UsageError("; ".join(_complaint(problem["loc"], problem["msg"]) for problem in error.errors())) from None


def _known(key: str, written: str, where: str, prefix: str = "") -> None:
    if key in Settings.model_fields:
        return
    near = difflib.get_close_matches(key, Settings.model_fields, n=1, cutoff=0.0)[0]
    shown = f"{prefix}{near.upper()}" if prefix else near
    raise UsageError(f"unknown setting {written!r} in {where}; the nearest valid one is {shown!r}")


def _complaint(location: tuple[int | str, ...], message: str) -> str:
    return f"setting {'.'.join(map(str, location))!r}: {message}"
