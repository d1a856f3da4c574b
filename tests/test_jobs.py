"""Jobs: listed with their progress, stopped when wanted, and what a process left undone is said with its remedy."""

from __future__ import annotations

import json
import sqlite3
import threading
import warnings
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from app.assistant import Assistant
from app.indexer import index_request, worker
from app.jobs import AGAIN, FILE, Job, Jobs
from app.owner import Owner, OwnerEndedError, ask_owner
from app.settings import Settings
from indexing.collection import Collection
from indexing.errors import OnrecordError
from indexing.ingest import Options, index
from tests.fake_assistant import FakeAssistant
from tests.folders import write
from tests.hashing import HashingEmbedder
from tests.processes import until
from tests.samples import zipped

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of the frameworks, while they are imported
    from starlette.testclient import TestClient

    from app.web.server import build_app

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[Collection]:
    with Collection(tmp_path / "home", HashingEmbedder(), create=True) as opened:
        index(opened, [write(tmp_path / "docs", {f"{n}.md": f"Number {n} tells of the bridge." for n in range(8)})])
        yield opened


@pytest.fixture
def client(collection: Collection) -> Iterator[TestClient]:
    """A server whose process owns the home, as that of `onrecord chat` does."""
    settings, jobs = Settings(home=collection.home, max_document_mb=2), Jobs(collection.home)
    assistant = FakeAssistant()
    assistant.collection = collection  # type: ignore[assignment]
    app = build_app(cast(Assistant, assistant), settings, jobs=jobs)
    with Owner(collection, jobs.recorded(worker(settings))), TestClient(app, base_url="http://127.0.0.1") as opened:
        yield opened


def ended(client: TestClient, job: dict[str, Any]) -> dict[str, Any]:
    def found() -> dict[str, Any] | None:
        now: dict[str, Any] = client.get(f"/api/jobs/{job['id']}").json()
        return now if now["finished"] else None

    return cast(dict[str, Any], until(found, "the job ends"))


def test_a_folder_is_indexed_again_and_the_job_tells_what_the_command_would(client: TestClient, tmp_path: Path) -> None:
    write(tmp_path / "docs", {"new.md": "The mill is new."})
    started = client.post("/api/jobs", json={"work": "index"})
    assert started.status_code == 202
    job = ended(client, started.json())
    assert (job["state"], job["report"]["added"], job["report"]["unchanged"]) == ("done", 1, 8)
    assert job["done"] == job["total"] > 0
    listed = client.get("/api/jobs").json()
    assert [one["id"] for one in listed["jobs"]] == [job["id"]]
    assert listed["folders"] == [str(tmp_path / "docs")]


def test_files_are_sent_in_asked_about_replaced_and_taken_away(client: TestClient, collection: Collection) -> None:
    def sent(*files: tuple[str, bytes]) -> Any:
        return client.post("/api/documents", files=[("files", one) for one in files])

    def listed() -> dict[str, dict[str, Any]]:
        return {one["file"]: one for one in client.get("/api/documents").json()["documents"]}

    answer = sent(
        ("../../mill.md", b"The mill burned down."), ("pages.zip", zipped({"a.txt": "One.", "b.txt": "Two."}))
    )
    assert answer.status_code == 202 and answer.json()["files"] == ["mill.md", "pages.zip"]
    assert ended(client, answer.json()["job"])["report"]["added"] == 3
    mill = listed()["mill.md"]
    assert ended(client, sent(("mill.md", b"The mill stands.")).json()["job"])["report"]["changed"] == 1
    assert listed()["mill.md"]["version"] != mill["version"]
    assert client.get(f"/api/documents/{mill['document']}?version={mill['version']}").json()["standing"] == "superseded"
    page = next(one for name, one in listed().items() if name.endswith("a.txt"))
    place = f"/api/documents/{page['document']}"
    refused = client.delete(place)
    assert refused.status_code == 422 and "holds 2 documents" in refused.json()["error"]["message"]
    assert ended(client, client.delete(f"{place}?whole=true").json()["job"])["report"]["removed"] == 2
    ended(client, client.delete(f"/api/documents/{mill['document']}").json()["job"])
    assert len(listed()) == 8 and list((collection.home / "uploads").iterdir()) == []


def test_files_that_cannot_be_kept_are_refused_and_leave_nothing(client: TestClient, collection: Collection) -> None:
    large = b"x" * 2_100_000
    for files, status, words in (
        ([("a.md", b"A."), ("x/a.md", b"B.")], 422, "two of these files are called a.md"),
        ([("a.md", b"A."), ("large.txt", large)], 413, "large.txt is larger than 2 MB"),
        ([], 422, "files"),
    ):
        refused = client.post("/api/documents", files=[("files", one) for one in files])
        assert refused.status_code == status and words in refused.json()["error"]["message"]
    announced = client.post("/api/documents", content=b"", headers={"content-length": "999999999999"})
    assert announced.status_code == 413
    assert not list(collection.home.glob("uploads/*")) and client.get("/api/jobs").json()["jobs"] == []
    theirs = client.get("/api/documents").json()["documents"][0]["document"]
    refused = client.delete(f"/api/documents/{theirs}")
    assert refused.status_code == 422 and "was not sent in" in refused.json()["error"]["message"]
    assert client.delete("/api/documents/none").status_code == 404


def test_events_end_with_the_state(client: TestClient) -> None:
    job = client.post("/api/jobs", json={"work": "doctor"}).json()
    text = client.get(f"/api/jobs/{job['id']}/events").text
    *before, (last, told) = [block.split("\n") for block in text.strip().split("\n\n")]
    assert {name for name, _ in before} <= {"event: progress"}
    assert last == "event: done"
    assert json.loads(told.removeprefix("data: "))["report"]["healthy"]


def test_only_what_is_indexed_already_can_be_indexed_from_here(client: TestClient) -> None:
    for body, words in (
        ({"work": "index", "paths": ["/etc"]}, "is not indexed yet"),
        ({"work": "index", "paths": ["../docs"]}, "is not indexed yet"),
        ({"work": "format"}, "work"),
        ({"work": "index", "command": "x"}, "command"),
    ):
        refused = client.post("/api/jobs", json=body)
        assert refused.status_code == 422 and words in refused.json()["error"]["message"]
    assert client.get("/api/jobs").json()["jobs"] == []
    for answer in (client.get("/api/jobs/x"), client.post("/api/jobs/x/cancel"), client.get("/api/jobs/x/events")):
        assert answer.status_code == 404


def test_a_job_that_runs_and_one_that_waits_are_cancelled(collection: Collection, tmp_path: Path) -> None:
    jobs, reached, go_on = Jobs(collection.home), threading.Event(), threading.Event()

    def work(opened: Collection, request: dict[str, Any], note: Any) -> dict[str, Any]:
        for number in range(3):
            note({"done": number, "total": 3, "name": "a", "outcome": "added"})
            reached.set()
            assert go_on.wait(60)
        return {}

    with Owner(collection, jobs.recorded(work)):
        first, second = (jobs.start({"work": "index", "paths": ["p"]}) for _ in range(2))
        assert reached.wait(60)
        running, waiting = sorted((jobs.get(one.id) for one in (first, second)), key=lambda one: one.state != "running")  # type: ignore[union-attr]
        assert running and waiting
        assert (running.state, waiting.state, running.total) == ("running", "queued", 3)
        assert jobs.cancel(waiting.id).state == "cancelled"  # type: ignore[union-attr]
        jobs.cancel(running.id)
        go_on.set()
        until(lambda: all(jobs.get(one.id).finished for one in (first, second)), "both end")  # type: ignore[union-attr]
        for one in (first, second):
            job = jobs.get(one.id)
            assert job is not None and (job.state, job.remedy) == ("cancelled", AGAIN)


def test_work_that_a_command_started_is_listed_and_its_failure_too(collection: Collection, tmp_path: Path) -> None:
    settings, jobs = Settings(home=collection.home, max_document_mb=2), Jobs(collection.home)
    with Owner(collection, jobs.recorded(worker(settings))):
        replies = ask_owner(collection.home, index_request(settings, [tmp_path / "docs"], Options()))
        assert replies is not None and list(replies)
        missing = ask_owner(collection.home, index_request(settings, [tmp_path / "none"], Options()))
        with pytest.raises(OnrecordError):
            list(missing or ())
    assert [(one.work, one.state) for one in jobs.all()] == [("index", "failed"), ("index", "done")]
    assert "none" in jobs.all()[0].error


def test_what_a_process_left_undone_is_interrupted_with_the_remedy(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path)
    for state in ("queued", "running", "done"):
        jobs._keep(Job(state, "index", ("docs",), state))
    again = {one.id: one for one in Jobs(tmp_path).all()}
    assert {name: one.state for name, one in again.items()} == {
        "queued": "interrupted",
        "running": "interrupted",
        "done": "done",
    }
    assert again["running"].remedy == AGAIN
    assert {one.id: one.state for one in Jobs(tmp_path).all()}["running"] == "interrupted"


def test_an_owner_that_ends_interrupts_its_job(collection: Collection) -> None:
    jobs = Jobs(collection.home)

    def ends(*_: Any) -> dict[str, Any]:
        raise OwnerEndedError

    with pytest.raises(OwnerEndedError):
        jobs.recorded(ends)(collection, {"work": "index"}, lambda _: None)
    assert jobs.all()[0].state == "interrupted"


def test_jobs_that_ended_long_ago_are_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.jobs.KEPT", 5)
    jobs = Jobs(tmp_path)
    first = Job("first", "index", (), "done")
    for number in range(8):
        jobs._keep(replace(first, id=str(number)))
    assert [one.id for one in jobs.all()] == ["7", "6", "5", "4", "3"]
    with closing(sqlite3.connect(tmp_path / FILE)) as db:
        assert db.execute("SELECT count(*) FROM jobs").fetchone() == (5,)
