"""The client of the REST interface. Its twin for asyncio, `bostan.asyncclient`, sends the same requests."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import httpx

from bostan import requests, talks
from bostan.api import (
    Archive,
    Attempt,
    Batch,
    BatchReceipt,
    Cancel,
    Capacity,
    Drain,
    Event,
    Firm,
    Forecast,
    Gpu,
    Job,
    Maintenance,
    NewMaintenance,
    NewPark,
    NewReservation,
    NewToken,
    Node,
    Outputs,
    Page,
    Park,
    ParkToken,
    Phase,
    QuotaDocument,
    QuotaUse,
    Requeue,
    Reservation,
    Token,
    TokenInfo,
    Usage,
    WhoAmI,
    Why,
)
from bostan.channel import Channel
from bostan.checked import checked
from bostan.follow import EventWatch, LogChunk, LogWatch
from bostan.requests import LogRange
from bostan.retry import FOLLOW, ONE_REQUEST, Retry
from bostan.sender import Sender
from bostan.talks import Submission, Trouble, WorkDir, new_key
from bostan.workdir import Progress


class Client(Channel):
    """Talks to a centre. Every method raises what `bostan.errors` draws, and nothing else.

    `url` is the centre's address and `token` the secret made by `bostan token create`. `transport` is an httpx
    transport, for tests and for programs that embed the centre. Requests that may safely be repeated are, within
    `retry`; submissions outlive a restart of the centre, and followed streams are taken up again, within `follow_retry`.
    """

    def __init__(
        self,
        url: str,
        token: str = "",
        *,
        transport: httpx.BaseTransport | None = None,
        retry: Retry = ONE_REQUEST,
        follow_retry: Retry = FOLLOW,
    ) -> None:
        super().__init__(Sender(url, token, retry, transport), follow_retry)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_failure: object) -> None:
        self.close()

    # Who and what there is

    def whoami(self) -> WhoAmI:
        """The holder of the token."""
        return self._send(requests.whoami())

    def firms(self) -> Iterator[Firm]:
        """The firms that the token's holder may see."""
        return self._pages(requests.firms)

    def capacity(self) -> Capacity:
        """How many GPUs of each class each park has, busy or free."""
        return self._send(requests.capacity())

    def tokens(self) -> Iterator[TokenInfo]:
        """The tokens, without their secrets."""
        return self._pages(requests.tokens)

    def new_token(self, token: NewToken) -> Token:
        """Make a token. Its secret is in this answer and nowhere else."""
        return self._send(requests.new_token(token))

    def revoke_token(self, token_id: str) -> None:
        """End a token's validity at once."""
        self._send(requests.revoke_token(token_id))

    # Jobs

    def submit(
        self,
        job: Submission,
        work_dir: WorkDir = None,
        *,
        idempotency_key: str | None = None,
        progress: Progress | None = None,
        on_trouble: Trouble | None = None,
    ) -> Job:
        """Submit a job, sending its work directory first where the centre does not have it yet.

        A `JobSpec`'s own `work_dir` counts from the current folder, a `JobFile`'s from the file's; `work_dir` goes
        before both. With the same `idempotency_key` the same job is answered and none is made twice. A restart of
        the centre is outlived; `on_trouble` is told of each failure after which the same is tried again.
        """
        talk = talks.submit(job, work_dir, idempotency_key or new_key(), progress)
        return self._hold(talks.through_restarts(talk, on_trouble))

    def submit_batch(
        self,
        jobs: Sequence[Submission],
        *,
        idempotency_key: str | None = None,
        progress: Progress | None = None,
        on_trouble: Trouble | None = None,
    ) -> BatchReceipt:
        """Submit several jobs, which are accepted whole or not at all."""
        talk = talks.submit_batch(jobs, idempotency_key or new_key(), progress)
        return self._hold(talks.through_restarts(talk, on_trouble))

    def send_batch(self, batch: Batch, *, idempotency_key: str | None = None) -> BatchReceipt:
        """Submit a batch that is ready to be sent as it is."""
        talk = talks.send_batch(batch, idempotency_key or new_key())
        return self._hold(talks.through_restarts(talk, None))

    def upload_work_dir(self, folder: Path | str, progress: Progress | None = None) -> Archive:
        """Pack a folder and send it; the answer goes into as many jobs' `work_dir` as one likes."""
        return self._hold(talks.through_restarts(talks.upload_work_dir(Path(folder), progress), None))

    def job(self, job_id: str) -> Job:
        """One job; with its main wait while it is queued."""
        return self._send(requests.job(job_id))

    def jobs(
        self,
        *,
        firm: str | None = None,
        project: str | None = None,
        phase: Phase | None = None,
        name: str | None = None,
    ) -> Iterator[Job]:
        """Jobs, newest first, fetched page by page as they are read."""
        return self._pages(
            lambda cursor: requests.jobs(cursor, firm=firm, project=project, phase=phase, name=name)
        )

    def attempts(self, job_id: str) -> Iterator[Attempt]:
        """The tries at a job."""
        return self._pages(lambda cursor: requests.attempts(job_id, cursor))

    def why(self, job_id: str) -> Why:
        """Why a job waits."""
        return self._send(requests.why(job_id))

    def forecast(self, job_id: str) -> Forecast:
        """When a waiting job will probably start; this may take the centre some seconds."""
        return self._send(requests.forecast(job_id))

    def estimate(self, wanted: Submission) -> Forecast:
        """When a job would probably start if it were submitted now. Nothing is sent but what it asks for."""
        return self._hold(talks.estimate(wanted))

    def cancel(self, job_id: str, reason: str = "") -> Job:
        """Stop a job for good."""
        return self._send(requests.cancel(job_id, checked(Cancel, reason=reason)))

    def requeue(self, job_id: str, *, checkpoint: bool = True, avoid_node: bool = False) -> Job:
        """Take a checkpoint, stop the attempt and queue the job again."""
        order = Requeue(checkpoint=checkpoint, avoid_node=avoid_node)
        return self._send(requests.requeue(job_id, order))

    def wait(
        self,
        job_id: str,
        timeout_seconds: float | None = None,
        on_change: Callable[[Job], None] | None = None,
        *,
        until_started: bool = False,
    ) -> Job:
        """Wait until a job is finished, or only until it is no longer queued. Raises TimedOut; the job goes on."""
        return self._hold(talks.wait(job_id, timeout_seconds, on_change, until_started))

    # What jobs leave

    def logs(
        self,
        job_id: str,
        *,
        attempt: int | None = None,
        rank: int = 0,
        offset: int = 0,
        limit: int | None = None,
    ) -> LogRange:
        """Bytes of a rank's log, of the newest attempt unless said otherwise."""
        return self._send(requests.logs(job_id, attempt=attempt, rank=rank, offset=offset, limit=limit))

    def follow_logs(
        self, job_id: str, *, rank: int = 0, attempt: int | None = None, offset: int = 0
    ) -> Iterator[LogChunk]:
        """The log as it grows, through broken lines and newer attempts, until the job ends."""
        return self._follow(LogWatch(job_id, rank, attempt, offset))

    def download(
        self,
        job_id: str,
        folder: Path | str,
        progress: Progress | None = None,
        *,
        timeout_seconds: float = talks.OUTPUTS_SECONDS_MAX,
        on_wait: Callable[[Outputs], None] | None = None,
    ) -> Outputs:
        """Fetch what the job left into a folder that is new or empty; into `rank-N` in it when there are several.

        Outputs that their node has yet to send are waited for. Raises TimedOut; NotFound when there is nothing. What
        of the answer is `lost` will never come.
        """
        return self._hold(talks.download(job_id, Path(folder), progress, timeout_seconds, on_wait))

    # Parks, nodes, GPUs

    def parks(self) -> Iterator[Park]:
        """The parks."""
        return self._pages(requests.parks)

    def park_add(self, park_id: str, name: str = "") -> Park:
        """Make a park known."""
        return self._send(requests.park_add(checked(NewPark, id=park_id, name=name)))

    def park_token(self, park_id: str) -> ParkToken:
        """Make the secret with which a park's agents present themselves; it is in this answer and nowhere else."""
        return self._send(requests.park_token(park_id))

    def nodes(self, *, park: str | None = None) -> Iterator[Node]:
        """The nodes, of one park or of all."""
        return self._pages(lambda cursor: requests.nodes(cursor, park=park))

    def node(self, node_id: str) -> Node:
        """One node, named PARK/NAME."""
        return self._send(requests.node(node_id))

    def gpus(self, *, park: str | None = None, gpu_class: str | None = None) -> Iterator[Gpu]:
        """The GPUs, and what each is doing."""
        return self._pages(lambda cursor: requests.gpus(cursor, park=park, gpu_class=gpu_class))

    def drain(self, node_id: str, reason: str = "", *, requeue: bool = False) -> Node:
        """Start nothing new on a node; with `requeue`, move away what runs on it too."""
        return self._send(requests.drain(node_id, checked(Drain, reason=reason, requeue=requeue)))

    def undrain(self, node_id: str) -> Node:
        """Let a drained node start work again."""
        return self._send(requests.undrain(node_id))

    def confirm_dead(self, node_id: str) -> Node:
        """State that a node's power is off. What it held is free at once; were it running, work would run twice."""
        return self._send(requests.confirm_dead(node_id))

    # Windows

    def maintenance(self, park_id: str) -> Iterator[Maintenance]:
        """A park's maintenance windows that are not over."""
        return self._pages(lambda cursor: requests.maintenance(park_id, cursor))

    def announce_maintenance(
        self, park_id: str, window: NewMaintenance, *, idempotency_key: str | None = None
    ) -> Maintenance:
        """Announce that nodes of a park are away for a time: all of them, unless the window names some."""
        return self._send(requests.announce_maintenance(park_id, window, idempotency_key or new_key()))

    def call_off_maintenance(self, park_id: str, window_id: str) -> None:
        """Call a maintenance window off, begun or not."""
        self._send(requests.call_off_maintenance(park_id, window_id))

    def reservations(self) -> Iterator[Reservation]:
        """The advance reservations that are not over."""
        return self._pages(requests.reservations)

    def reserve(self, reservation: NewReservation, *, idempotency_key: str | None = None) -> Reservation:
        """Keep GPUs of a park for a firm for a time."""
        return self._send(requests.reserve(reservation, idempotency_key or new_key()))

    def give_up_reservation(self, window_id: str) -> None:
        """Give an advance reservation up."""
        self._send(requests.give_up_reservation(window_id))

    # Quotas, usage, events

    def quotas(self) -> Iterator[QuotaUse]:
        """How each node of the quota tree stands."""
        return self._pages(requests.quotas)

    def quota_document(self) -> QuotaDocument:
        """The quotas in force, as they were applied."""
        return self._send(requests.quota_document())

    def apply_quotas(self, document: QuotaDocument) -> Page[QuotaUse]:
        """Put the document in the place of the one in force, whole."""
        return self._send(requests.apply_quotas(document))

    def usage(
        self, *, firm: str | None = None, from_at: int | None = None, until_at: int | None = None
    ) -> Usage:
        """GPU time in `[from_at, until_at)`, UTC instants in milliseconds."""
        return self._send(requests.usage(firm=firm, from_at=from_at, until_at=until_at))

    def events(
        self, *, after: int = 0, job: str | None = None, firm: str | None = None, follow: bool = False
    ) -> Iterator[Event]:
        """What happened after the event with that `seq`; with `follow`, also what happens from now on."""
        if follow:
            return self._follow(EventWatch(after, job, firm))
        return self._pages(lambda cursor: requests.events(cursor, after=after, job=job, firm=firm))
