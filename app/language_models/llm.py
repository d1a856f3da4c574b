"""The language model that writes answers, through LlamaIndex's interface.

Importing this file is cheap; the frameworks are imported where a model is built, as LlamaIndex takes two seconds.
"""

from __future__ import annotations

import functools
import importlib.util
import inspect
import math
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from app.answers import Turn
from app.language_models.constraints import Form, Holding
from app.language_models.destination import CLASS_NAME, OPENAI_URL, destination, endpoint_name, remote_host
from app.language_models.failures import explain, retry_after, status_of
from app.language_models.local_llm import is_local, serve
from app.settings import Settings
from indexing.errors import ModelError, UsageError

PATIENCE = 600.0  # seconds to wait for a model on this machine, which reads a long prompt before it says a word
REFUSALS = (400, 404, 415, 422, 501)  # statuses of endpoints that do not take a field of a request
WHOLE = 20  # times the patience for the next bytes: what a whole answer may take
LONGEST_WAIT = 30.0  # seconds; an endpoint that asks for more is given up at once


class AnswerCutError(ModelError):
    """The model stopped at its length limit: what it said so far is good, its last sentence may not be whole."""


class ConstraintRefusedError(ModelError):
    """The endpoint does not take the constraint that came with a request; without it, it may answer."""


class LanguageModel(Protocol):
    """`destination` is a line for people: where questions and passages go."""

    @property
    def name(self) -> str: ...

    @property
    def destination(self) -> str: ...

    def stream(self, system: str, user: str, history: Sequence[Turn]) -> Iterator[str]:
        """The answer's deltas; ModelError (AnswerCutError after a usable beginning) for whatever goes wrong."""
        ...


@runtime_checkable
class Constrainable(Protocol):
    """A model whose endpoint can be asked to hold replies to the references that were offered.

    `form` is how it is asked; its user sets it to `text` once the endpoint has refused that.
    """

    form: Form

    def stream_held(self, system: str, user: str, history: Sequence[Turn], to: Holding) -> Iterator[str]:
        """As `stream`, with the constraint in the model's form; ConstraintRefusedError before any delta."""
        ...


def language_model(settings: Settings, *, pause: float = 1.0) -> LanguageModel:
    """The model that `settings.llm` names; `pause` is the first wait in seconds before a retry, doubled for each more.

    UsageError when it cannot be built as configured: a package or class that is not there, options it does not take.
    """
    if not settings.llm:
        raise UsageError("no language model is configured; name one with --llm, ONRECORD_LLM or llm in onrecord.toml")
    local = is_local(settings.llm)
    if local:
        served = serve(settings.llm, settings.llm_context)
        patience = max(settings.llm_timeout, PATIENCE)
        settings = settings.model_copy(update={"llm": served.name, "llm_url": served.url, "llm_timeout": patience})
    opened = _Opened()
    plugged = bool(CLASS_NAME.fullmatch(settings.llm))
    model = _plugged_in(settings) if plugged else _openai_like(settings, opened)
    able: Form = "grammar" if local else "text" if plugged else "schema"
    form = able if settings.llm_references == "auto" else settings.llm_references
    return _LlamaIndexModel(model, settings, opened, pause, form)


def plain_llm(settings: Settings) -> Any:
    """The LlamaIndex LLM that `settings.llm` names, as it is, for pipelines that are compared with ours."""
    return _plugged_in(settings) if CLASS_NAME.fullmatch(settings.llm) else _openai_like(settings, _Opened())


def answer_tokens(context: int) -> int:
    """The tokens of a context that are kept free for the answer."""
    return min(context // 4, 4096)  # several endpoints refuse to promise more than 4096


def count_tokens(text: str) -> int:
    """How many tokens of cl100k_base `text` has, without a network; other models count some ten percent differently."""
    encoding = _encoding()
    if encoding is None:
        return math.ceil(len(text.encode("utf-8", "replace")) / 3)  # more than English needs
    # In parts, because the time that tiktoken takes for a long run without blanks grows with its square.
    parts = (text[start : start + 2000] for start in range(0, len(text), 2000))
    return sum(len(encoding.encode(part, disallowed_special=())) for part in parts)


@functools.cache
def _encoding() -> Any:
    """The tokenizer that llama-index-core brings along, found without importing it; None where it is not there."""
    spec = importlib.util.find_spec("llama_index")
    for place in (spec.submodule_search_locations or ()) if spec else ():
        folder = Path(place, "core", "_static", "tiktoken_cache")
        if folder.is_dir():
            import tiktoken

            before = os.environ.get("TIKTOKEN_CACHE_DIR")
            os.environ["TIKTOKEN_CACHE_DIR"] = str(folder)
            try:
                return tiktoken.get_encoding("cl100k_base")
            finally:
                if before is None:
                    del os.environ["TIKTOKEN_CACHE_DIR"]
                else:
                    os.environ["TIKTOKEN_CACHE_DIR"] = before
    return None


class _Opened(threading.local):
    """The HTTP responses that this thread has begun to read: LlamaIndex gives no way to end one early."""

    def __init__(self) -> None:
        self.responses: list[Any] = []

    def add(self, response: Any) -> None:
        self.responses.append(response)


def _bounding(seconds: float) -> Callable[[Any], None]:
    """Bounds a response that is about to be read: the client's own timeout begins anew with each byte, and a server
    that only ever says that it is still there would hold a reader for ever."""
    import httpx

    class Bounded(httpx.SyncByteStream):
        def __init__(self, stream: Any) -> None:
            self._stream, self._until = stream, time.monotonic() + seconds

        def __iter__(self) -> Iterator[bytes]:
            for part in self._stream:
                if time.monotonic() > self._until:
                    raise httpx.ReadTimeout("the answer does not end")
                yield part

        def close(self) -> None:
            self._stream.close()

    def bound(response: Any) -> None:
        response.stream = Bounded(response.stream)

    return bound


def _openai_like(settings: Settings, opened: _Opened) -> Any:
    llm_class = _imported("llama_index.llms.openai_like:OpenAILike")
    import httpx
    import openai

    url = settings.llm_url or OPENAI_URL
    if not url.startswith(("http://", "https://")):
        raise UsageError(f"llm_url {url!r} does not begin with http:// or https://")
    key = settings.llm_key.get_secret_value() or os.environ.get("OPENAI_API_KEY", "")
    if not key and url == OPENAI_URL:
        raise UsageError("OpenAI needs a key: set ONRECORD_LLM_KEY or OPENAI_API_KEY, or llm_url to another endpoint")
    client = openai.DefaultHttpxClient(
        follow_redirects=False,  # passages go to the host that the page names and to no other
        trust_env=bool(remote_host(url)),  # a proxy would take them off this machine
        timeout=settings.llm_timeout,
        limits=httpx.Limits(max_keepalive_connections=0),
        event_hooks={"response": [_bounding(settings.llm_timeout * WHOLE), opened.add]},
    )
    options: dict[str, Any] = {
        "temperature": 0.0,
        "max_tokens": answer_tokens(settings.llm_context),
        "context_window": settings.llm_context,
        "timeout": settings.llm_timeout,
        **settings.llm_options,
        "model": settings.llm,
        "api_base": url,
        "api_key": key or "none",
        "is_chat_model": True,
        "max_retries": 0,  # of the client and of LlamaIndex, which would multiply; `stream` retries
        "http_client": client,
    }
    return _built(llm_class, options, settings.llm)


def _plugged_in(settings: Settings) -> Any:
    """Any LlamaIndex LLM; what the settings say beside `llm_options` is passed on where the class has such a field."""
    from llama_index.core.llms import LLM

    llm_class = _imported(settings.llm)
    if not (isinstance(llm_class, type) and issubclass(llm_class, LLM)):
        raise UsageError(f"{settings.llm} is not a LlamaIndex LLM class")
    fields = _arguments(llm_class)
    extra: dict[str, Any] = {"max_retries": 0, "context_window": settings.llm_context, "timeout": settings.llm_timeout}
    extra |= {"max_tokens": answer_tokens(settings.llm_context), "temperature": 0.0}
    if key := settings.llm_key.get_secret_value():
        extra["api_key"] = key
    if settings.llm_url:
        extra["api_base" if "api_base" in fields else "base_url"] = settings.llm_url
    taken = {name: value for name, value in extra.items() if name in fields}
    return _built(llm_class, taken | settings.llm_options, settings.llm)


def _arguments(llm_class: Any) -> set[str]:
    """What a class takes: pydantic's fields, unless its constructor lists its own arguments."""
    parameters = inspect.signature(llm_class.__init__).parameters
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()):
        return set(llm_class.model_fields)
    return set(parameters)


def _imported(name: str) -> Any:
    """`package.module:Class`; UsageError tells a package that is missing from one that does not import."""
    module_name, class_name = name.split(":")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if f"{module_name}.".startswith(f"{missing}."):
            parts = module_name.split(".")
            package = "-".join(parts[:3] if parts[0] == "llama_index" else parts[:1]).replace("_", "-")
            raise UsageError(f"{module_name} is not installed; run: pip install {package}") from error
        raise UsageError(f"{module_name} is installed but broken: it needs the missing module {missing}") from error
    except ImportError as error:
        raise UsageError(f"{module_name} is installed but does not import: {error}") from error
    if not hasattr(module, class_name):
        raise UsageError(f"{module_name} has no class {class_name}")
    return getattr(module, class_name)


def _built(llm_class: Any, options: dict[str, Any], name: str) -> Any:
    from pydantic import ValidationError

    try:
        return llm_class(**options)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}" for problem in error.errors(include_input=False)
        )
        raise UsageError(f"llm_options do not fit {name}: {problems}") from None
    except (TypeError, ValueError, ImportError) as error:
        # Its message may hold the options, and so a key.
        raise UsageError(f"{name} cannot be built from llm_options ({type(error).__name__})") from None


class _LlamaIndexModel:
    """Streams from a LlamaIndex LLM, tries again what may pass, and turns whatever fails into ModelError."""

    def __init__(self, llm: Any, settings: Settings, opened: _Opened, pause: float, form: Form) -> None:
        self.form = form
        self.name = settings.llm
        self.destination = destination(settings)
        self._llm, self._opened, self._pause = llm, opened, pause
        self._host, self._retries = endpoint_name(settings), settings.llm_retries

    def stream(self, system: str, user: str, history: Sequence[Turn]) -> Iterator[str]:
        return self._tried(system, user, history, {})

    def stream_held(self, system: str, user: str, history: Sequence[Turn], to: Holding) -> Iterator[str]:
        return self._tried(system, user, history, to.request(self.form))

    def _tried(self, system: str, user: str, history: Sequence[Turn], extra: dict[str, Any]) -> Iterator[str]:
        for attempt in range(self._retries + 1):
            started = False
            try:
                for delta in self._once(system, user, history, extra):
                    started = True
                    yield delta
                return
            except ModelError:
                raise
            except Exception as error:  # noqa: BLE001 - any integration, each with exceptions of its own
                if extra and not started and _may_refuse(error):
                    raise ConstraintRefusedError(explain(error, self._host, self.name)) from None
                wait = None if started or attempt == self._retries else self._wait(error, attempt)
                if wait is None:
                    raise ModelError(explain(error, self._host, self.name)) from None
            time.sleep(wait)

    def _once(self, system: str, user: str, history: Sequence[Turn], extra: dict[str, Any]) -> Iterator[str]:
        from llama_index.core.llms import ChatMessage

        messages = [ChatMessage(role="system", content=system)]
        messages += [ChatMessage(role=turn.role, content=turn.content) for turn in (*history, Turn("user", user))]
        heard, said, ending = False, False, None
        opened: list[Any] = []
        self._opened.responses = opened
        responses = self._llm.stream_chat(messages, **extra)
        try:
            for response in responses:
                heard = True
                ending = _later(ending, _ending(response.raw))
                if delta := response.delta or "":
                    said = said or not delta.isspace()
                    yield delta
        finally:
            for connection in (*opened, responses):  # so that the request ends when its reader walks away
                getattr(connection, "close", lambda: None)()
        self._check_ending(heard, said, ending)

    def _check_ending(self, heard: bool, said: bool, ending: str | None) -> None:
        if not heard:
            raise ModelError(f"{self._host} sent nothing of the chat protocol; check llm_url")
        if ending == "length":
            if said:
                raise AnswerCutError(f"{self.name} stopped at its length limit")
            raise ModelError(f"{self.name} reached its length limit before it wrote a word; raise llm_context")
        if ending == "content_filter":
            raise ModelError(f"{self._host} withheld the answer (content filter)")
        if ending == "none":
            raise ModelError(f"{self._host} broke off in the middle of the answer")
        if not said:
            raise ModelError(f"{self.name} gave an empty answer")

    def _wait(self, error: Exception, attempt: int) -> float | None:
        """Seconds to wait before another try, None when it would not help."""
        if (status := status_of(error)) is None or (status not in (408, 429) and status < 500):
            return None
        asked = retry_after(error)
        wait = self._pause * 2**attempt if asked is None else asked
        return wait if wait <= LONGEST_WAIT else None


def _may_refuse(error: Exception) -> bool:
    """Whether an endpoint, or a class, may have failed for a constraint that it does not know."""
    return isinstance(error, (TypeError, NotImplementedError)) or status_of(error) in REFUSALS


def _ending(raw: Any) -> str | None:
    """Why the model stopped, as the chat protocol says it; "none" while it has not said so, None outside that protocol.

    A connection that is closed too early looks like an end to the client: only the missing reason gives it away. An
    event without choices (usage, a filter's verdict on the prompt) says nothing of the kind, whenever it comes.
    """
    choices = getattr(raw, "choices", None)
    if not choices:
        return None
    reason = getattr(choices[0], "finish_reason", None)
    return str(reason) if reason else "none"


def _later(before: str | None, now: str | None) -> str | None:
    """What is known of the ending after one more event: a reason once given stands."""
    return before if now is None or (now == "none" and before is not None) else now
