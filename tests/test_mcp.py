"""The MCP server as a real client meets it: a process of its own, over standard input and output."""

from __future__ import annotations

import asyncio
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from mcp import StdioServerParameters, stdio_client
from mcp.client.client import Client

from app.assistant import Assistant
from tests.processes import environment

QUESTION = "How popular is Zelensky at home?"

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")


async def talk(home: Path, *calls: tuple[str, dict[str, Any]]) -> tuple[set[str], list[Any]]:
    """The tools that a server over `home` offers, and what it says to each call."""
    arguments = ["-m", "app.cli", "mcp", "--home", str(home)]
    parameters = StdioServerParameters(command=sys.executable, args=arguments, env=environment())
    async with Client(stdio_client(parameters)) as client:
        tools = {tool.name for tool in (await client.list_tools()).tools}
        return tools, [await client.call_tool(name, given) for name, given in calls]


def talked(home: Path, *calls: tuple[str, dict[str, Any]]) -> tuple[set[str], list[Any]]:
    """The same from a thread of its own, since a browser of other tests may hold this one's event loop."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(talk(home, *calls))).result()


def test_a_client_asks_searches_and_reads(seeds_home: Path, seeds: Assistant) -> None:
    missing = {"file": "none.md"}
    calls: list[tuple[str, dict[str, Any]]] = [
        ("ask", {"question": QUESTION}),
        ("search", {"query": QUESTION, "count": 2}),
        ("quote", {"words": "peace at any price is peace at all"}),
        ("read", missing),
        ("ask", {"question": "What can you do?"}),
    ]
    tools, (asked, searched, checked, lacking, aside) = talked(seeds_home, *calls)
    assert {"ask", "quote", "search", "read"} <= tools
    assert json.loads(checked.content[0].text)["headline"] == "altered"
    assert json.loads(aside.content[0].text)["status"] == "aside"
    answer = json.loads(asked.content[0].text)
    assert answer["status"] == "answered"
    citation = answer["statements"][0]["citations"][0]
    passages = json.loads(searched.content[0].text)["passages"]
    assert [one["file"] for one in passages] == [hit.passage.document.name for hit in seeds.search(QUESTION)[:2]]
    assert lacking.is_error and "there is no document 'none.md'" in lacking.content[0].text
    place = {key: citation[key] for key in ("file", "start", "end")}
    early = {"query": QUESTION, "filters": {"until": "2025-02-14", "sources": ["briefs"]}}
    wrong = {"query": QUESTION, "filters": {"until": "soon"}}
    _, (read, limited, refused) = talked(seeds_home, ("read", place), ("search", early), ("search", wrong))
    found = json.loads(limited.content[0].text)["passages"]
    assert {one["file"] for one in found} == {"february-call-trump-putin.md"}
    assert refused.is_error and "is no date" in refused.content[0].text
    assert json.loads(read.content[0].text)["text"] == citation["quote"]
