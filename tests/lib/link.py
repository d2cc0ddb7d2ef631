"""A centre with its agents' link on loopback, and nodes that say by hand what an agent would."""

import asyncio
import hashlib
import time
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
from bostan_protos.v1 import agent_link_pb2 as wire
from bostan_protos.v1 import device_pb2 as device
from bostan_protos.v1 import rank_pb2 as ranks
from bostan_protos.v1.agent_link_pb2_grpc import AgentLinkStub
from bostan_scheduler.board import Telemetry
from bostan_scheduler.core.job import JobSpec, RankNeeds
from bostan_scheduler.core.reports import JobsSubmitted, QuotasApplied
from bostan_scheduler.core.snapshot import Park, Settings
from bostan_scheduler.files import Files
from bostan_scheduler.rpc.limits import LinkLimits
from bostan_scheduler.rpc.server import GatewayParts, RunningGateway, start_gateway
from bostan_scheduler.service.clock import wall_ms
from bostan_scheduler.service.local import LocalLeader, Pace
from bostan_scheduler.service.messages import Done, Tell
from bostan_scheduler.service.ports import TokenRow
from bostan_scheduler.service.writer import Service
from bostan_scheduler.store import Store, open_store
from worlds import world

H100 = ("NVIDIA H100 80GB HBM3", 85_520_809_984, "9.0", "h100-80g-sxm")
QUICK = Settings(
    silence_seconds=1,
    lease_seconds=2,
    start_within_seconds=3,
    release_margin_seconds=1,
    lease_margin_seconds=1,
)
LIMITS = LinkLimits(
    heartbeat_seconds=0.2, heard_seconds=0.1, silence_seconds=5, hello_seconds=1, resubscribe_seconds_max=0.2
)
DEADLINE_SECONDS = 10.0


async def until(holds: Callable[[], Any], seconds: float = DEADLINE_SECONDS) -> Any:
    """Wait for a condition."""
    deadline = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < deadline, "it did not come about in time"
        await asyncio.sleep(0.005)
    return found


def boottime_ns() -> int:
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


def stamp(seconds_ago: float = 0.0) -> ranks.Stamp:
    ago = round(seconds_ago * 1e9)
    return ranks.Stamp(boottime_ns=boottime_ns() - ago, unix_ns=time.time_ns() - ago)


@dataclass
class Centre:
    """The parts of a centre in this process, over a store in memory."""

    store: Store
    files: Files
    board: Telemetry
    settings: Settings = field(default_factory=Settings)
    limits: LinkLimits = LIMITS
    leader: LocalLeader = field(init=False)
    gateway: RunningGateway = field(init=False)
    leading: "asyncio.Task[None]" = field(init=False)
    parts: GatewayParts = field(init=False)

    @classmethod
    def at(cls, folder: Path, **words: Any) -> "Centre":
        return cls(open_store("memory:"), Files.open(folder), Telemetry(), **words)

    async def start(self) -> None:
        self.lead()
        self.parts = GatewayParts(
            self.store,
            self.leader,
            self.files.blobs,
            self.files.logs,
            self.board,
            "127.0.0.1:0",
            limits=self.limits,
        )
        self.gateway = await start_gateway(self.parts)
        await until(lambda: self.gateway.sessions.listening)

    def lead(self) -> None:
        """Let a new leader load what is committed."""
        service = Service.start(self.store, self.settings, wall_ms(), "test")
        if hasattr(self, "leader"):  # the front goes on with whoever leads
            self.leader.service = service
        else:
            self.leader = LocalLeader(service, pace=Pace(tick_seconds=0.05, plan_gap_seconds_max=0.01))
        self.leading = asyncio.ensure_future(self.leader.run())

    async def stop_leading(self) -> None:
        self.leading.cancel()
        await asyncio.gather(self.leading, return_exceptions=True)

    async def stop(self) -> None:
        await self.gateway.stop(0)
        await self.stop_leading()

    async def allow(
        self, gpus: int = 8, parks: tuple[str, ...] = ("p", "q"), gpu_class: str = H100[3]
    ) -> None:
        """Firm x may use so many GPUs, in these parks."""
        made = world(f"quota x {gpus} class={gpu_class} from=-400000000")
        report = QuotasApplied(made.quota, made.firms, {one: Park(one) for one in parks}, {}, "admin")
        assert await self.leader.ask(Tell(report)) == Done()

    def token(self, park: str | None = "p", role: str = "park", **words: Any) -> str:
        """A token in force."""
        secret = uuid.uuid4().hex
        row = TokenRow(
            id=secret[:8], sha256=hashlib.sha256(secret.encode()).hexdigest(), name="agents", role=role, firm=None,
            project=None, park=park, created_at=0, expires_at=words.get("expires_at"),
        )  # fmt: skip
        self.store.add_token(row)
        return secret

    async def submit(self, job_id: str, gpus: int = 1, replicas: int = 1, **words: Any) -> None:
        """A job of firm x."""
        spec = JobSpec(
            **{"name": "train", "firm": "x", "project": None, "command": ("true",), "replicas": replicas, "rank": RankNeeds(gpus)}
            | words
        )  # fmt: skip
        assert await self.leader.ask(Tell(JobsSubmitted((job_id,), (spec,), "ada"))) == Done((job_id,))

    def phase(self, job_id: str) -> str:
        """Where a job stands, by the name of its phase or of its outcome."""
        job = self.store.job(job_id)
        assert job is not None
        outcome = getattr(job.phase, "outcome", None)
        return type(outcome or job.phase).__name__

    def attempt(self, job_id: str) -> str:
        """Where a job's newest attempt stands."""
        attempt = self.store.newest_attempts([job_id]).get(job_id)
        return type(attempt.phase).__name__ if attempt else "None"

    def channel(self, **options: int) -> grpc.aio.Channel:
        chosen = [("grpc.use_local_subchannel_pool", 1), *options.items()]
        return grpc.aio.insecure_channel(f"127.0.0.1:{self.gateway.port}", options=chosen)

    @asynccontextmanager
    async def node(
        self, name: str = "n1", park: str = "p", gpus: int = 2, **words: Any
    ) -> AsyncIterator["Node"]:
        """A node that is ready to dial."""
        async with self.channel() as channel:
            node = Node(
                self, channel, name, park, [gpu_uuid(park, name, index) for index in range(gpus)], **words
            )
            yield node


def gpu_uuid(park: str, node: str, index: int) -> str:
    return f"GPU-{uuid.uuid5(uuid.NAMESPACE_DNS, f'{park}/{node}/{index}')}"


@dataclass
class Node:
    """A node's side of the link, and its journal."""

    centre: Centre
    channel: grpc.aio.Channel
    name: str
    park: str
    uuids: list[str]
    token: str = ""
    boot_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    journal_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    journal: list[wire.JournalRecord] = field(default_factory=list)
    held: dict[tuple[str, int], ranks.ActualRank] = field(default_factory=dict)
    heard: list[wire.CentreMessage] = field(default_factory=list)
    unread: list[wire.CentreMessage] = field(default_factory=list)
    acked: int = 0

    def __post_init__(self) -> None:
        self.token = self.token or self.centre.token(self.park)
        self.stub: Any = AgentLinkStub(self.channel)

    @property
    def metadata(self) -> tuple[tuple[str, str], ...]:
        return (("authorization", f"Bearer {self.token}"), ("bostan-node", self.name))

    @property
    def id(self) -> str:
        return f"{self.park}/{self.name}"

    def hello(self) -> wire.Hello:
        name, memory_bytes, capability, _ = H100
        gpus = [
            device.Gpu(uuid=one, name=name, memory_bytes=memory_bytes, compute_capability=capability)
            for one in self.uuids
        ]
        verdicts = [device.GpuVerdict(uuid=one, verdict=device.VERDICT_HEALTHY) for one in self.uuids]
        return wire.Hello(
            protocol_major=1, node_name=self.name, boot_id=self.boot_id, journal_id=self.journal_id,
            journal_last_seq=len(self.journal), boottime_ns=boottime_ns(), agent_version="1.0", address="127.0.0.1",
            inventory=device.Inventory(driver_version="550", gpus=gpus, cpus=16, memory_bytes=2**36, isolation="env"),
            health=device.Health(verdicts=verdicts),
        )  # fmt: skip

    def dial(self) -> Any:
        """A call, with nothing said yet."""
        self.heard, self.unread = [], []
        return self.stub.Session(metadata=self.metadata)

    async def connect(self) -> Any:
        """Dial, present itself, and hear the welcome; the call goes on."""
        call = self.dial()
        await call.write(wire.AgentMessage(hello=self.hello()))
        await call.write(wire.AgentMessage(actual=wire.ActualSet(ranks=list(self.held.values()))))
        message = await self.next(call, "welcome")
        self.acked = message.journal_acked_seq
        return call

    async def next(self, call: Any, kind: str) -> Any:
        """The next message of a kind; others are kept for whoever asks for them."""
        for message in self.unread:
            if message.WhichOneof("body") == kind:
                self.unread.remove(message)
                return getattr(message, kind)
        async with asyncio.timeout(DEADLINE_SECONDS):
            while True:
                message = await call.read()
                assert message is not grpc.aio.EOF, f"the session ended: {await call.code()}"
                self.heard.append(message)
                if message.WhichOneof("body") == kind:
                    return getattr(message, kind)
                self.unread.append(message)

    async def want(self, call: Any, kind: str, job_id: str = "") -> ranks.DesiredRank:
        """The next thing of a kind that is wanted of a rank here."""
        while True:
            desired = await self.next(call, "desired")
            for entry in desired.ranks:
                if entry.WhichOneof("want") == kind and entry.id.attempt_id.startswith(job_id):
                    return entry

    def note(self, entry: ranks.DesiredRank | None = None, **body: Any) -> wire.JournalRecord:
        """Write a record into the journal."""
        record = wire.JournalRecord(seq=len(self.journal) + 1, at=stamp(), **body)
        if entry is not None:
            record.rank.CopyFrom(entry.id)
            record.fencing.CopyFrom(entry.fencing)
        self.journal.append(record)
        return record

    async def send_journal(self, call: Any) -> int:
        """Send what is not acknowledged; the sequence number that is then."""
        records = self.journal[self.acked :]
        await call.write(
            wire.AgentMessage(journal=wire.JournalRecords(journal_id=self.journal_id, records=records))
        )
        self.acked = (await self.next(call, "journal_ack")).acked_seq
        return self.acked

    async def say(self, call: Any, entry: ranks.DesiredRank | None, **body: Any) -> None:
        """Note something and wait until the centre has it."""
        self.note(entry, **body)
        await self.send_journal(call)

    async def beat(self, call: Any, gpus: tuple[device.GpuTelemetry, ...] = ()) -> int:
        """A heartbeat; the stamp that comes back."""
        await call.write(wire.AgentMessage(heartbeat=wire.Heartbeat(boottime_ns=boottime_ns(), gpus=gpus)))
        return (await self.next(call, "heartbeat_reply")).echoed_boottime_ns

    async def accept(self, call: Any, job_id: str = "") -> ranks.DesiredRank:
        """Accept the next offer."""
        entry = await self.want(call, "offer", job_id)
        self.hold(entry, ranks.RANK_STATE_ACCEPTED)
        await self.say(call, entry, accepted=ranks.Accepted(address="127.0.0.1", port=4000))
        return entry

    def hold(self, entry: ranks.DesiredRank, state: ranks.RankState) -> None:
        key = (entry.id.attempt_id, entry.id.rank)
        self.held[key] = ranks.ActualRank(id=entry.id, fencing=entry.fencing, state=state)

    async def run(self, call: Any, job_id: str = "") -> ranks.DesiredRank:
        """Accept the next offer, and start when told to."""
        await self.accept(call, job_id)
        entry = await self.want(call, "start", job_id)
        self.hold(entry, ranks.RANK_STATE_RUNNING)
        await self.say(call, entry, started=ranks.Started(pid=1))
        return entry

    async def exit(self, call: Any, entry: ranks.DesiredRank, code: int = 0, cause: str = "exited") -> None:
        """The rank's command ends and its GPUs are free."""
        self.held.pop((entry.id.attempt_id, entry.id.rank), None)
        self.note(entry, exited=exited(code, cause))
        await self.say(call, entry, released=ranks.Released())


def exited(code: int = 0, cause: str = "exited", **words: Any) -> ranks.Exited:
    return ranks.Exited(exit_code=code, cause=cause, started=stamp(2), ended=stamp(), **words)


async def refusal(call: Any) -> tuple[grpc.StatusCode, str]:
    """How a call ended, once it has; what came before is passed over."""
    async with asyncio.timeout(DEADLINE_SECONDS):
        try:
            while await call.read() is not grpc.aio.EOF:
                pass
        except grpc.aio.AioRpcError:
            pass
        return await call.code(), await call.details()
