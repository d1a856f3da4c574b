"""Where questions and passages go, told from the settings alone: the page and the command line show it."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from app.language_models.local_llm import is_local
from app.settings import Settings

OPENAI_URL = "https://api.openai.com/v1"
NOWHERE = "Nothing leaves this machine"
CLASS_NAME = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+:[A-Z_]\w*")  # unlike the model `llama3:8b`


def destination(settings: Settings) -> str:
    """Where questions and passages go with these settings, in a line for people; nothing is contacted to find out."""
    hosts = dict.fromkeys(host for host in (_llm_host(settings), _embed_host(settings), _rerank_host(settings)) if host)
    vectors = remote_host(settings.chroma_url) if settings.chroma_url else ""
    if hosts and vectors in ("", *hosts):
        return f"Questions and passages are sent to {' and '.join(hosts)}"
    if hosts:
        return f"Questions and passages are sent to {' and '.join(hosts)}, their vectors to {vectors}"
    return f"Vectors of questions and passages, not their text, are sent to {vectors}" if vectors else NOWHERE


def remote_host(url: str) -> str:
    """The host that a URL names, without user, password and port; "" for this machine itself."""
    host = (urlsplit(url if "//" in url else f"//{url}").hostname or url).rstrip(".")
    if host == "localhost" or host.endswith(".localhost"):
        return ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    address = getattr(address, "ipv4_mapped", None) or address
    return "" if address.is_loopback or address.is_unspecified else host


def endpoint_name(settings: Settings) -> str:
    """What messages call the endpoint of the language model: its host and port, or the class that talks to it."""
    if CLASS_NAME.fullmatch(settings.llm) or is_local(settings.llm):
        return settings.llm
    parts = urlsplit(settings.llm_url or OPENAI_URL)
    return parts.netloc.rpartition("@")[2]


def _llm_host(settings: Settings) -> str:
    """The host that the language model is asked at, "" for none and for this machine."""
    if not settings.llm or is_local(settings.llm):
        return ""
    if CLASS_NAME.fullmatch(settings.llm):
        return _class_host(settings.llm, settings.llm_url, settings.llm_options)
    return remote_host(settings.llm_url or OPENAI_URL)


def _embed_host(settings: Settings) -> str:
    if settings.embed == "minilm" or settings.embed.startswith("folder:"):
        return ""
    if settings.embed.startswith("openai:"):
        return remote_host(settings.embed_url or OPENAI_URL)
    return _class_host(settings.embed, settings.embed_url, settings.embed_options)


def _rerank_host(settings: Settings) -> str:
    if settings.rerank in ("", "reader") or settings.rerank.startswith("folder:"):
        return ""
    return _class_host(settings.rerank, "", settings.rerank_options)


def _class_host(name: str, url: str, options: Mapping[str, Any]) -> str:
    """A LlamaIndex class may talk to anyone; unless an address is given, only its name can be told."""
    given = [url, *(options.get(key) for key in ("api_base", "base_url", "endpoint", "host"))]
    urls = [value for value in given if isinstance(value, str) and value]
    return remote_host(urls[-1]) if urls else f"the service behind {name}"
