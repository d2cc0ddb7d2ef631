"""A centre on loopback that keeps its promises until a test tells it to break them."""

import base64
import hashlib
import json
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, fields
from typing import Any

import pytest
import uvicorn
from bostan.retry import Retry
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

QUICK = Retry(tries_max=4, total_seconds_max=5.0, first_seconds=0.001, longest_seconds=0.01)


def job_json(job_id: str = "job-1", **changes: Any) -> dict[str, Any]:
    spec = {"name": "train", "firm": "acme", "command": ["python", "train.py"]}
    job = {
        "id": job_id,
        "name": "train",
        "firm": "acme",
        "project": None,
        "submitted_at": 1_000,
        "submitted_by": "ada",
    }
    return {**job, "phase": "queued", "state": "queued", "spec": spec, **changes}


def sse(name: str, **data: Any) -> bytes:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()


def log_data(attempt: int, offset: int, text: bytes) -> bytes:
    return sse("data", attempt=attempt, rank=0, offset=offset, text64=base64.b64encode(text).decode())


# A centre that no node has told of a GPU yet: nothing can be called impossible.
NOTHING_KNOWN = {"GET /v1/capacity": {"classes": []}, "GET /v1/parks": {"items": []}}


@dataclass
class LoopbackCentre:
    """What it was asked, what it holds, and the faults it is to show next."""

    url: str = ""
    asked: list[tuple[str, str]] = field(default_factory=list)
    keys: dict[str, str] = field(default_factory=dict)
    submitted: list[dict[str, Any]] = field(default_factory=list)
    blobs: dict[str, bytes] = field(default_factory=dict)
    archives: dict[int, bytes] = field(default_factory=dict)
    outputs_news: list[dict[str, Any]] = field(default_factory=list)
    streams: list[Iterable[bytes]] = field(default_factory=list)
    states: list[dict[str, Any]] = field(default_factory=list)
    faults: list[Callable[[], Response | None]] = field(default_factory=list)
    log: bytes = b"step 1\nstep 2\n"
    answers: dict[str, Any] = field(default_factory=lambda: dict(NOTHING_KNOWN))
    bodies: list[Any] = field(default_factory=list)

    def count(self, method: str) -> int:
        return sum(1 for asked, _ in self.asked if asked == method)

    def fault(self) -> Response | None:
        return self.faults.pop(0)() if self.faults else None


def application(centre: LoopbackCentre) -> FastAPI:
    app = FastAPI()

    @app.middleware("http")
    async def note(request: Request, go_on: Any) -> Response:
        query = f"?{request.url.query}" if request.url.query else ""
        centre.asked.append((request.method, request.url.path + query))
        return centre.fault() or await go_on(request)

    _answer_about_jobs(app, centre)
    _answer_about_streams(app, centre)
    _keep_blobs(app, centre)
    _give_outputs(app, centre)
    _answer_as_told(app, centre)
    return app


def _answer_about_jobs(app: FastAPI, centre: LoopbackCentre) -> None:
    @app.get("/v1/whoami")
    def whoami() -> dict[str, str]:
        return {"name": "ada", "role": "member", "firm": "acme", "shoe_size": "of a newer centre"}

    @app.post("/v1/jobs", status_code=201)
    async def submit(request: Request) -> dict[str, Any]:
        key = request.headers["Idempotency-Key"]
        if key not in centre.keys:
            centre.keys[key] = f"job-{len(centre.keys) + 1}"
            centre.submitted.append(await request.json())
        answer = job_json(centre.keys[key])
        lost = centre.faults.pop(0)() if centre.faults else None
        return lost or answer

    @app.post("/v1/job-batches", status_code=201)
    async def submit_batch(request: Request) -> dict[str, Any]:
        jobs = (await request.json())["jobs"]
        centre.submitted.extend(jobs)
        return {"ids": [f"job-{n}" for n, _ in enumerate(jobs, 1)]}

    @app.get("/v1/jobs")
    def jobs(limit: int, cursor: str = "0") -> dict[str, Any]:
        if "GET /v1/jobs" in centre.answers:
            return centre.answers["GET /v1/jobs"]
        first = int(cursor)
        return {
            "items": [job_json(f"job-{first + n}") for n in range(2)],
            "next_cursor": str(first + 2) if first < 4 else None,
        }

    @app.get("/v1/jobs/{job_id}")
    def job(job_id: str) -> Any:
        if not centre.states:
            return JSONResponse(
                {"title": "Not found", "detail": f"no job {job_id}", "remedy": "bostan jobs"}, 404
            )
        return centre.states.pop(0) if len(centre.states) > 1 else centre.states[0]


def _answer_about_streams(app: FastAPI, centre: LoopbackCentre) -> None:
    @app.get("/v1/jobs/{job_id}/logs")
    def logs(offset: int = 0, limit: int = 3, follow: bool = False) -> Response:
        if follow:
            return StreamingResponse(iter(centre.streams.pop(0)), media_type="text/event-stream")
        data = centre.log[offset:][:limit]
        headers = {"Log-Offset": str(offset), "Log-Next-Offset": str(offset + len(data))}
        return Response(data, headers={**headers, "Log-Complete": "true", "Log-Attempt": "2"})

    @app.get("/v1/events")
    def events() -> Response:
        return StreamingResponse(iter(centre.streams.pop(0)), media_type="text/event-stream")


def _keep_blobs(app: FastAPI, centre: LoopbackCentre) -> None:
    @app.head("/v1/blobs/{sha256}")
    def blob(sha256: str) -> Response:
        have = centre.blobs.get(sha256, b"")
        if have and hashlib.sha256(have).hexdigest() == sha256:
            return Response(status_code=200)
        return Response(status_code=206 if have else 404, headers={"Upload-Offset": str(len(have))})

    @app.patch("/v1/blobs/{sha256}")
    async def blob_part(sha256: str, request: Request) -> Response:
        have = centre.blobs.get(sha256, b"")
        if int(request.headers["Upload-Offset"]) != len(have):
            return Response(status_code=409, headers={"Upload-Offset": str(len(have))})
        centre.blobs[sha256] = have + await request.body()
        return Response(status_code=204, headers={"Upload-Offset": str(len(centre.blobs[sha256]))})


def _give_outputs(app: FastAPI, centre: LoopbackCentre) -> None:
    @app.get("/v1/jobs/{job_id}/outputs")
    def outputs(job_id: str) -> dict[str, Any]:
        told = {
            rank: {"sha256": hashlib.sha256(data).hexdigest(), "size_bytes": len(data)}
            for rank, data in centre.archives.items()
        }
        news = centre.outputs_news.pop(0) if centre.outputs_news else {}
        return {"job_id": job_id, "archives": told, **news}

    @app.get("/v1/jobs/{job_id}/outputs/{rank}")
    def output(rank: int, request: Request) -> Response:
        first, last = map(int, request.headers["Range"].removeprefix("bytes=").split("-"))
        data = centre.archives[rank]
        headers = {"Content-Range": f"bytes {first}-{last}/{len(data)}"}
        return Response(data[first : last + 1], status_code=206, headers=headers)


def _answer_as_told(app: FastAPI, centre: LoopbackCentre) -> None:
    """Every other path: the answer that the test laid down for it, else an honest 404."""

    @app.api_route("/{path:path}", methods=["GET", "POST", "PUT", "DELETE"])
    async def told(path: str, request: Request) -> Response:
        body = await request.body()
        centre.bodies.append(json.loads(body) if body else None)
        answer = centre.answers.get(f"{request.method} /{path}")
        if answer is None:
            return JSONResponse({"title": "Not found", "detail": f"no {path}", "remedy": "look again"}, 404)
        return JSONResponse(answer)


@pytest.fixture(scope="session")
def loopback() -> Iterator[LoopbackCentre]:
    """A real HTTP server on a port of its own, for all tests of this process."""
    told = LoopbackCentre()
    listener = socket.create_server(("127.0.0.1", 0))
    told.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    config = uvicorn.Config(application(told), log_level="error", lifespan="off", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    yield told
    server.should_exit = True
    server.force_exit = True
    thread.join(10)
    listener.close()
    assert not thread.is_alive()


@pytest.fixture
def centre(loopback: LoopbackCentre) -> LoopbackCentre:
    """The server as if it had just been started."""
    fresh = LoopbackCentre(url=loopback.url)
    for each in fields(fresh):
        setattr(loopback, each.name, getattr(fresh, each.name))
    return loopback


@pytest.fixture
def quick() -> Retry:
    """Limits small enough for a test to reach them."""
    return QUICK


@pytest.fixture
def make_job() -> Callable[..., dict[str, Any]]:
    return job_json


@pytest.fixture
def make_sse() -> Callable[..., bytes]:
    return sse


@pytest.fixture
def make_log() -> Callable[..., bytes]:
    return log_data
