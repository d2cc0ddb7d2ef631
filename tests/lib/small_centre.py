"""A small real centre for agents: the servicer's side of the protocol, with levers, over real gRPC."""

import asyncio
import contextlib
import gzip
import hashlib
import io
import tarfile
import time
from collections import defaultdict

import grpc
import grpc.aio
from bostan_protos.v1 import agent_link_pb2 as link
from bostan_protos.v1 import agent_link_pb2_grpc as services
from bostan_protos.v1 import rank_pb2 as ranks

TOKEN = "park-token"
WAIT_SECONDS = 20.0


async def until(condition, what="it", seconds=WAIT_SECONDS):
    """Poll `condition` until it is true; its value is the answer."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come within {seconds} s")
        await asyncio.sleep(0.005)
    return value


def rank_id(attempt, rank=0):
    return ranks.RankId(attempt_id=attempt, rank=rank)


def tar_gz(**files):
    """A work directory as the client packs it."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name.replace("__", "/"))
            info.size, info.mode = len(content), 0o755
            tar.addfile(info, io.BytesIO(content))
    return gzip.compress(raw.getvalue())


class Centre(services.AgentLinkServicer):
    """What agents dial. It acknowledges the journal unless told not to, and keeps whatever it is sent."""

    def __init__(self):
        self.port = 0
        self.token = TOKEN
        self.major = 1
        self.refuse_with = None
        self.acknowledging = True
        self.answering_heartbeats = True
        self.acked = {}
        self.records = {}
        self.received = []
        self.hellos = []
        self.actuals = []
        self.heartbeats = []
        self.blobs = {}
        self.partial = defaultdict(bytearray)
        self.pushes = []
        self.refuse_blobs = None
        self.push_gate = asyncio.Event()
        self.push_gate.set()
        self.pushing = self.pushing_most = 0
        self.answering_logs = True
        self.cut_push_after = None
        self.logs = defaultdict(bytearray)
        self.log_ended = set()
        self.stream = self.newest = None
        self.boottime_ns = 0
        self._server = None
        self._one_at_a_time = asyncio.Lock()

    # Life ----------------------------------------------------------------------------------------

    async def start(self, port=0):
        self._server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
        services.add_AgentLinkServicer_to_server(self, self._server)
        self.port = self._server.add_insecure_port(f"127.0.0.1:{port}")
        await self._server.start()

    async def stop(self):
        if self._server is not None:
            self.stream = None
            await self._server.stop(None)
            self._server = None

    # The protocol --------------------------------------------------------------------------------

    async def Session(self, requests, context):  # noqa: N802
        await self._admit(context)
        async for message in requests:
            body = message.WhichOneof("body")
            if body == "hello":
                await self._hello(message.hello, context)
            elif body == "actual":
                self.actuals.append(message.actual)
                if context is self.newest:
                    self.stream = context
            elif body == "heartbeat":
                await self._heartbeat(message.heartbeat, context)
            elif body == "journal":
                await self._journal(message.journal, context)

    async def _admit(self, context):
        words = dict(context.invocation_metadata())
        if self.refuse_with is not None:
            await context.abort(*self.refuse_with)
        if words.get("authorization") != f"Bearer {self.token}" or words.get("bostan-park") != "tehran":
            await context.abort(grpc.StatusCode.UNAUTHENTICATED, "no such token")

    async def _hello(self, hello, context):
        assert dict(context.invocation_metadata())["bostan-node"] == hello.node_name
        self.hellos.append(hello)
        # Of two sessions only the newer is spoken to, however late the older one's messages are read.
        self.newest, self.stream = context, None
        self.boottime_ns = hello.boottime_ns
        welcome = link.Welcome(
            protocol_major=self.major,
            node_id=f"tehran/{hello.node_name}",
            journal_acked_seq=self.acked.get(hello.journal_id, 0),
            heartbeat_interval_ms=200,
            message_bytes_max=1 << 20,
        )
        await self._write(context, link.CentreMessage(welcome=welcome))

    async def _heartbeat(self, heartbeat, context):
        self.heartbeats.append(heartbeat)
        self.boottime_ns = heartbeat.boottime_ns
        if self.answering_heartbeats:
            reply = link.HeartbeatReply(echoed_boottime_ns=heartbeat.boottime_ns)
            await self._write(context, link.CentreMessage(heartbeat_reply=reply))

    async def _journal(self, journal, context):
        self.received.extend((journal.journal_id, record.seq) for record in journal.records)
        if not self.acknowledging:
            return
        acked = self.acked.get(journal.journal_id, 0)
        for record in journal.records:
            if record.seq == acked + 1:
                acked += 1
                self.records[journal.journal_id, record.seq] = record
        self.acked[journal.journal_id] = acked
        ack = link.JournalAck(journal_id=journal.journal_id, acked_seq=acked)
        await self._write(context, link.CentreMessage(journal_ack=ack))

    async def PushLog(self, requests, context):  # noqa: N802
        refused = {}
        async for chunk in requests:
            key = (chunk.id.attempt_id, chunk.id.rank)
            kept = self._keep_log(key, chunk, refused)
            if self.answering_logs:
                await context.write(link.LogStored(id=chunk.id, next_offset=kept))

    def _keep_log(self, key, chunk, refused):
        """Bytes that begin too late are asked for again; when they come so once more, they are all there is."""
        log, end = self.logs[key], chunk.offset + len(chunk.data)
        if chunk.offset > len(log):
            if chunk.data and chunk.offset == refused.get(key, chunk.offset):
                refused[key] = end
                return len(log)
            log += b"?" * (chunk.offset - len(log))
        refused.pop(key, None)
        log[chunk.offset : end] = chunk.data
        if chunk.end:
            self.log_ended.add(key)
        return len(log)

    async def FetchBlob(self, request, context):  # noqa: N802
        data = self.blobs.get(request.sha256)
        if data is None:
            await context.abort(grpc.StatusCode.NOT_FOUND, "no such blob")
        for offset in range(request.offset, len(data), 1000):
            await context.write(link.BlobChunk(offset=offset, data=data[offset : offset + 1000]))

    async def BlobStatus(self, request, context):  # noqa: N802
        whole = request.sha256 in self.blobs
        size = len(self.blobs.get(request.sha256, self.partial[request.sha256]))
        return link.BlobStored(sha256=request.sha256, stored_bytes=size, complete=whole)

    async def PushBlob(self, requests, context):  # noqa: N802
        if self.refuse_blobs is not None:
            await context.abort(*self.refuse_blobs)
        self.pushing += 1
        self.pushing_most = max(self.pushing_most, self.pushing)
        await self.push_gate.wait()
        self.pushing -= 1
        first = None
        async for chunk in requests:
            if first is None:
                first = chunk
                self.pushes.append(chunk)
            kept = self.partial[first.sha256]
            assert chunk.offset == len(kept)
            kept += chunk.data
            if self.cut_push_after is not None and len(kept) >= self.cut_push_after:
                self.cut_push_after = None
                await context.abort(grpc.StatusCode.UNAVAILABLE, "cut")
        data = bytes(self.partial.pop(first.sha256))
        assert hashlib.sha256(data).hexdigest() == first.sha256
        self.blobs[first.sha256] = data
        return link.BlobStored(sha256=first.sha256, stored_bytes=len(data), complete=True)

    # Levers --------------------------------------------------------------------------------------

    async def say(self, **body):
        await self._write(await until(lambda: self.stream, "a session"), link.CentreMessage(**body))

    async def _write(self, stream, message):
        async with self._one_at_a_time:
            # A session that was cut may still have a message to answer.
            with contextlib.suppress(grpc.aio.UsageError):
                await stream.write(message)

    async def want(self, *entries):
        await self.say(desired=link.DesiredSet(ranks=entries))

    def term(self, seconds):
        return ranks.Term(from_boottime_ns=self.boottime_ns, duration_ms=round(seconds * 1000))

    def entry(self, attempt, rank=0, counter=1, lease_seconds=60, **want):
        return ranks.DesiredRank(
            id=rank_id(attempt, rank),
            fencing=ranks.Fencing(epoch=1, counter=counter),
            lease=self.term(lease_seconds),
            **want,
        )

    def offer(self, attempt, *argv, rank=0, counter=1, within_seconds=30, **fields):
        offer = ranks.Offer(
            job_id="job",
            attempt_number=1,
            argv=argv,
            start_within=self.term(within_seconds),
            **{"world_size": 1, "grace_seconds": 5, "checkpoint_grace_seconds": 5, **fields},
        )
        return self.entry(attempt, rank, counter, offer=offer)

    def start_entry(self, attempt, rank=0, counter=1, lease_seconds=60, addresses=None):
        accepted = self.of(attempt, "accepted", rank)[0].accepted
        own = [ranks.RankAddress(rank=0, address=accepted.address, port=accepted.port)]
        return self.entry(
            attempt, rank, counter, lease_seconds, start=ranks.Start(addresses=addresses or own)
        )

    def keep(self, data):
        """Have a blob; returns its name."""
        name = hashlib.sha256(data).hexdigest()
        self.blobs[name] = data
        return ranks.Blob(sha256=name, size_bytes=len(data))

    # What it heard -------------------------------------------------------------------------------

    def of(self, attempt, kind, rank=0):
        """Journal records of one kind about one rank, in order, from all journals."""
        return [
            record
            for record in self.records.values()
            if record.WhichOneof("body") == kind
            and (record.rank.attempt_id, record.rank.rank) == (attempt, rank)
        ]

    async def heard(self, attempt, kind, rank=0):
        """The first such record, once it is there."""
        found = await until(lambda: self.of(attempt, kind, rank), f"{kind} of {attempt}.{rank}")
        return getattr(found[0], kind)

    async def accepted(self, attempt, *argv, rank=0, **fields):
        await self.want(self.offer(attempt, *argv, rank=rank, **fields))
        return await self.heard(attempt, "accepted", rank)

    async def run(self, attempt, *argv, lease_seconds=60, **fields):
        """Offer and start a rank of its own; back when it runs."""
        await self.accepted(attempt, *argv, **fields)
        counter = fields.get("counter", 1)
        await self.want(self.start_entry(attempt, counter=counter, lease_seconds=lease_seconds))
        return await self.heard(attempt, "started")

    def log_of(self, attempt, rank=0):
        return bytes(self.logs[attempt, rank]).decode()
