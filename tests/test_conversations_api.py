"""Kept conversations over HTTP, and that a reader finds there nothing of another's."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.assistant import Assistant
from app.conversations.api import Asked, _walked
from app.conversations.keeper import Keeper
from app.identity import LOCAL, USER
from app.settings import Settings
from app.verify import verify
from app.web.meter import Meter

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of the frameworks, while they are imported
    from starlette.testclient import TestClient
    from starlette.types import ASGIApp, Receive, Scope, Send

    from app.web.server import build_app

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

BASE = "http://127.0.0.1:7860"
QUESTION = "How popular is Zelensky at home?"


class Login:
    """Stands where a server's login stands: it names the user of a request."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.user = LOCAL

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app({**scope, USER: self.user}, receive, send)


@pytest.fixture(scope="module")
def login(seeds: Assistant, tmp_path_factory: pytest.TempPathFactory) -> Login:
    return Login(build_app(seeds, Settings(home=tmp_path_factory.mktemp("kept"))))


@pytest.fixture(scope="module")
def client(login: Login) -> Iterator[TestClient]:
    with TestClient(login, base_url=BASE) as client:
        yield client


@pytest.fixture(autouse=True)
def local(login: Login) -> None:
    login.user = LOCAL


def test_a_conversation_is_begun_followed_edited_renamed_and_deleted(client: TestClient, seeds: Assistant) -> None:
    begun = client.post("/api/conversations", json={"question": QUESTION}).json()
    one = f"/api/conversations/{begun['conversation']}"
    assert {**begun["answer"], "timings_ms": 0} == {**seeds.ask(QUESTION).as_json(), "timings_ms": 0}
    followed = client.post(f"{one}/exchanges", json={"question": "And what did he say about it?"}).json()
    assert (begun["place"], followed["place"]) == (1, 2) and followed["answer"]["rewritten"]
    edited = client.post(f"{one}/exchanges", json={"question": "Who opposed it?", "replacing": 2}).json()
    assert edited["place"] == 3
    found = client.get(one).json()
    assert [each["question"] for each in found["exchanges"]] == [QUESTION, "Who opposed it?"]
    assert found["exchanges"][0]["answer"] == begun["answer"]
    assert client.patch(one, json={"title": "  Polls "}).json()["title"] == "Polls"
    listed = client.get("/api/conversations", params={"search": "poll"}).json()["conversations"]
    assert [(each["id"], each["title"], each["exchanges"]) for each in listed] == [(begun["conversation"], "Polls", 2)]
    assert client.delete(one).status_code == 200
    assert client.get(one).status_code == client.delete(one).status_code == 404


def test_a_conversation_goes_on_event_by_event(client: TestClient) -> None:
    def told(path: str, question: str) -> list[tuple[str, dict[str, Any]]]:
        heard = client.post(path, json={"question": question}, headers={"Accept": "text/event-stream"})
        assert heard.headers["content-type"].startswith("text/event-stream")
        blocks = [block.split("\n") for block in heard.text.strip().split("\n\n")]
        return [(name.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for name, data in blocks]

    (first, place), (second, _), *statements, (last, answer) = told("/api/conversations", QUESTION)
    assert (first, second, last, place["place"]) == ("conversation", "sources", "done", 1)
    assert [one for _, one in statements] == answer["statements"]
    path = f"/api/conversations/{place['conversation']}"
    (_, again), *_, (_, followed) = told(f"{path}/exchanges", "And what did he say about it?")
    assert again == {"conversation": place["conversation"], "place": 2} and followed["rewritten"]
    kept = client.get(path).json()["exchanges"]
    assert [one["answer"] for one in kept] == [answer, followed]
    refused = client.post(path + "/exchanges", json={"question": " "}, headers={"Accept": "text/event-stream"})
    assert refused.status_code == 422 and len(client.get(path).json()["exchanges"]) == 2


def test_what_nobody_listens_to_any_more_is_kept_as_far_as_it_came(seeds: Assistant, tmp_path: Path) -> None:
    keeper = Keeper(seeds, Settings(home=tmp_path))
    walk = _walked(seeds, Meter(), keeper, "ana", "", Asked(question=QUESTION))
    conversation, _, _ = next(walk)
    walk.close()  # type: ignore[attr-defined]
    kept = keeper.store.conversation("ana", conversation)
    assert kept and [(one.question, one.stage) for one in kept.exchanges] == [(QUESTION, "stopped")]


def test_feedback_is_given_over_and_taken_back(client: TestClient) -> None:
    begun = client.post("/api/conversations", json={"question": QUESTION}).json()
    place = f"/api/conversations/{begun['conversation']}/exchanges/1/feedback"
    said = {"verdict": "down", "wrong_citations": [{"statement": 1, "citation": 1}], "note": " not so "}
    given_back = client.put(place, json=said).json()
    assert given_back.pop("given_at")
    assert given_back == {**said, "note": "not so"}
    assert client.put(place, json={"wrong_citations": [{"statement": 9, "citation": 1}]}).status_code == 422
    assert client.put(place, json={"verdict": "sideways"}).status_code == 422
    assert client.put(place.replace("/1/", "/7/"), json={}).status_code == 404
    assert client.put(place, json={}).json()["verdict"] is None


def test_a_packet_comes_as_a_file_that_verifies(client: TestClient, seeds: Assistant, tmp_path: Path) -> None:
    one = client.post("/api/conversations", json={"question": QUESTION}).json()["conversation"]
    packet = client.get(f"/api/conversations/{one}/packet.json")
    assert packet.headers["content-disposition"].startswith("attachment")
    (tmp_path / "p.json").write_bytes(packet.content)
    assert verify(tmp_path / "p.json", seeds.collection.catalogue).holds
    page = client.get(f"/api/conversations/{one}/packet.html")
    assert "Evidence packet" in page.text and page.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"question": "  "}, "the question is empty"),
        ({"question": "x" * 5000}, "the limit is 4,000"),
        ({"question": "x", "filters": {"since": "soon"}}, "soon"),
        ({"question": "x", "replacing": 0}, "replacing"),
    ],
)
def test_what_cannot_be_asked_is_not_kept(client: TestClient, body: dict[str, Any], words: str) -> None:
    before = client.get("/api/conversations").json()
    refused = client.post("/api/conversations", json=body)
    assert refused.status_code == 422 and words in refused.json()["error"]["message"]
    assert client.get("/api/conversations").json() == before


def test_where_nothing_is_kept_nothing_can_be_begun(seeds: Assistant, tmp_path: Path) -> None:
    with TestClient(build_app(seeds, Settings(home=tmp_path, keep_conversations=False)), base_url=BASE) as client:
        assert client.post("/api/conversations", json={"question": QUESTION}).status_code == 422
        assert client.get("/api/conversations").json() == {"conversations": []}
    assert list(tmp_path.iterdir()) == []


PATHS = ["", "/packet.json", "/packet.html", "/exchanges", "/exchanges/1/feedback"]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    method=st.sampled_from(["GET", "POST", "PATCH", "PUT", "DELETE"]),
    path=st.sampled_from(PATHS),
    body=st.sampled_from([{}, {"question": "Who?"}, {"title": "Mine"}, {"verdict": "down", "note": "mine"}]),
    user=st.sampled_from(["eve", "ana ", "Ana", "an", "ana\x00", "%", "a_a"]),
)
def test_nobody_reads_or_changes_what_is_anothers(
    client: TestClient, login: Login, method: str, path: str, body: dict[str, Any], user: str
) -> None:
    login.user = "ana"
    mine = client.get("/api/conversations").json()["conversations"]
    identity = (
        mine[0]["id"] if mine else client.post("/api/conversations", json={"question": QUESTION}).json()["conversation"]
    )
    before = client.get(f"/api/conversations/{identity}").json()
    login.user = user
    tried = client.request(method, f"/api/conversations/{identity}{path}", json=body)
    assert tried.status_code in (404, 405, 422)
    assert QUESTION not in json.dumps(tried.json())
    assert identity not in client.get("/api/conversations", params={"search": "popular"}).text
    login.user = "ana"
    assert client.get(f"/api/conversations/{identity}").json() == before
