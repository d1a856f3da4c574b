"""Long work on an index as jobs: who owns the home records each in the home, tells how far it is, and can stop it.

Jobs are recorded around the owner's work, so those that a command or the page started are listed too. One runs at a
time. What a process that ended left running is shown as interrupted, with the remedy: to start it again.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from app import logs
from app.owner import Note, OwnerEndedError, Work, ask_owner
from indexing.collection import Collection, now
from indexing.errors import HomeError, OnrecordError

State = Literal["queued", "running", "done", "failed", "cancelled", "interrupted"]
ENDED: tuple[State, ...] = ("done", "failed", "cancelled", "interrupted")
FILE = "jobs.sqlite"
KEPT = 200  # jobs that have ended
AGAIN = "start it again: what was done is kept, and it goes on where it stopped"
SCHEMA = "CREATE TABLE IF NOT EXISTS jobs (id TEXT PRIMARY KEY, at REAL NOT NULL, job TEXT NOT NULL) WITHOUT ROWID"


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of work. `done` of `total` are bytes of files, or passages; `report` is what `--json` prints."""

    id: str
    work: str  # index, rebuild or doctor
    paths: tuple[str, ...] = ()
    state: State = "queued"
    done: int = 0
    total: int = 0
    at: str = ""  # the file that was reached
    report: dict[str, Any] | None = None
    error: str = ""
    remedy: str = ""
    created: str = ""
    finished: str = ""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


class CancelledError(OnrecordError):
    """Somebody asked that the job be stopped."""

    def __init__(self) -> None:
        super().__init__(f"the job was cancelled; {AGAIN}")


class Jobs:
    """The jobs of one home; safe to use from several threads."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._lock = threading.RLock()
        self._known: dict[str, Job] | None = None  # read when first asked for
        self._unwanted: set[str] = set()

    @property
    def _jobs(self) -> dict[str, Job]:
        """All jobs, oldest first. What was not finished when they are first read, nobody is working on any more."""
        if self._known is None:
            with self._opened() as db:
                rows = db.execute("SELECT job FROM jobs ORDER BY at").fetchall()
            found = [json.loads(text) for (text,) in rows]
            self._known = {one["id"]: Job(**{**one, "paths": tuple(one["paths"])}) for one in found}
            for job in [one for one in self._known.values() if one.state not in ENDED]:
                self._keep(replace(job, state="interrupted", error="its process ended", remedy=AGAIN, finished=now()))
        return self._known

    def _opened(self) -> closing[sqlite3.Connection]:
        try:
            db = sqlite3.connect(self._home / FILE, timeout=30, isolation_level=None)
            db.execute(SCHEMA)
        except sqlite3.Error as error:
            raise HomeError(f"{self._home / FILE} cannot be used ({error}); see to the disk, or remove it") from error
        return closing(db)

    def _keep(self, job: Job) -> None:
        """Record a job's new state; the oldest that have ended are forgotten."""
        with self._lock:
            jobs = self._jobs
            jobs[job.id] = job
            ended = [one.id for one in jobs.values() if one.state in ENDED]
            gone = ended[: max(0, len(ended) - KEPT)]
            for name in gone:
                del jobs[name]
            with self._opened() as db:
                db.execute(
                    "INSERT INTO jobs VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET job = excluded.job",
                    [job.id, time.time(), json.dumps(job.as_json(), ensure_ascii=False)],
                )
                db.executemany("DELETE FROM jobs WHERE id = ?", [[name] for name in gone])

    def all(self) -> list[Job]:
        """Newest first."""
        with self._lock:
            return [*self._jobs.values()][::-1]

    def get(self, name: str) -> Job | None:
        with self._lock:
            return self._jobs.get(name)

    def cancel(self, name: str) -> Job | None:
        """Ask that a job be stopped: at once where it waits, and otherwise at the next file or batch."""
        job = self.get(name)
        if job is not None and job.state not in ENDED:
            self._unwanted.add(name)
            if job.state == "queued":
                self._keep(replace(job, state="cancelled", error=str(CancelledError()), remedy=AGAIN, finished=now()))
        return self.get(name)

    def start(self, request: dict[str, Any]) -> Job:
        """Have the owner of the home, which this process is, do what a request asks; the job at once."""
        job = _new(request)
        self._keep(job)
        threading.Thread(target=self._run, args=(job.id, request), name="job", daemon=True).start()
        return job

    def _run(self, name: str, request: dict[str, Any]) -> None:
        error = "nobody owns the index"
        try:
            replies = ask_owner(self._home, {**request, "job": name})
            for _ in replies or ():
                pass
        except OnrecordError as problem:
            error = str(problem)
        job = self.get(name)
        if job is not None and job.state not in ENDED:
            self._keep(replace(job, state="failed", error=error, finished=now()))

    def recorded(self, work: Work) -> Work:
        """The owner's work, recorded."""

        def doing(collection: Collection, request: dict[str, Any], note: Note) -> dict[str, Any]:
            job = self.get(str(request.get("job", ""))) or _new(request)
            if job.state in ENDED:  # cancelled while it waited
                raise CancelledError
            job = replace(job, state="running")
            self._keep(job)
            told = _Telling(self, job.id, note)
            began = time.perf_counter()
            ended = replace(job, state="interrupted", error="its process ended", remedy=AGAIN)
            try:
                report = work(collection, request, told)
                ended = replace(job, state="done", report=report)
                return report
            except CancelledError as error:
                ended = replace(job, state="cancelled", error=str(error), remedy=AGAIN)
                raise
            except (OwnerEndedError, ConnectionError):
                ended = replace(job, state="interrupted", error="whoever asked for it went away", remedy=AGAIN)
                raise
            except OnrecordError as error:
                ended = replace(job, state="failed", error=str(error))
                raise
            except Exception:
                ended = replace(job, state="failed", error="it went wrong inside Onrecord; the log says where")
                raise
            finally:
                with suppress(HomeError):  # a disk that is full: the job's own error says so
                    now_at = self.get(job.id) or job
                    self._keep(replace(ended, done=now_at.done, total=now_at.total, at=now_at.at, finished=now()))
                self._unwanted.discard(job.id)
                spent = round((time.perf_counter() - began) * 1000, 1)
                logs.event("job", work=job.work, state=ended.state, ms=spent)

        return doing

    def _reach(self, name: str, progress: dict[str, Any]) -> None:
        """Not written down: a process that ends has nobody to tell."""
        if name in self._unwanted:
            raise CancelledError
        with self._lock:
            job = self._jobs[name]
            self._jobs[name] = replace(job, done=progress["done"], total=progress["total"], at=progress["name"])


class _Telling:
    """Notes of progress: recorded, then passed on."""

    def __init__(self, jobs: Jobs, name: str, note: Callable[[dict[str, Any]], None]) -> None:
        self._jobs = jobs
        self._name = name
        self._note = note

    def __call__(self, progress: dict[str, Any]) -> None:
        self._jobs._reach(self._name, progress)
        self._note(progress)


def _new(request: dict[str, Any]) -> Job:
    return Job(uuid.uuid4().hex, str(request["work"]), tuple(request.get("paths", ())), created=now())
