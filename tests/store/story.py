"""Values for the store's tests in the domain's words, and the story that every released database tells."""

from dataclasses import replace

from bostan_scheduler.core.amount import Gpus
from bostan_scheduler.core.attempt import (
    Attempt,
    Ended,
    Fencing,
    Lease,
    Offered,
    Place,
    RankExited,
    RankOffered,
    RankStarted,
    Running,
    Stop,
    StopCause,
    Unknown,
)
from bostan_scheduler.core.changes import KeepOutput, SetQuotas, Use
from bostan_scheduler.core.decayed import Decayed
from bostan_scheduler.core.job import (
    Active,
    Blob,
    Checkpoint,
    Finished,
    Job,
    JobSpec,
    Output,
    Queued,
    RankNeeds,
)
from bostan_scheduler.core.node import Drain, Gpu, Heard, JournalPosition, Node, Verdict
from bostan_scheduler.core.outcome import Cancelled, Requeued, Succeeded
from bostan_scheduler.core.quota import ClassQuota, QuotaNode, QuotaTree
from bostan_scheduler.core.snapshot import Firm, Park
from bostan_scheduler.service.ports import Commit, NewEvent, Receipt, TokenRow

NOW = 1_795_000_000_000
HOUR = 3_600_000
SHA256 = "ab" * 32


def job(job_id="j1", firm="negar", at=NOW, version=1, phase=None, **spec):
    """A queued job, just submitted."""
    asked = JobSpec(
        **{"name": "train", "project": None, "command": ("python", "train.py"), **spec, "firm": firm}
    )
    return Job(job_id, asked, at, "ada", phase or Queued(at), version=version)


def finished(one, at=NOW + HOUR):
    """The job's next version, finished."""
    return replace(one, phase=Finished(Succeeded(), at), version=one.version + 1)


def active(one, number=1):
    """The job's next version, with an attempt under way."""
    return replace(one, phase=Active(f"{one.id}.{number}"), attempts=number, version=one.version + 1)


def attempt(of="j1", number=1, epoch=1, counter=1, phase=None, version=1, firm="negar", project=None):
    """An attempt with one rank on one GPU; offered unless told otherwise."""
    return Attempt(
        id=f"{of}.{number}",
        job_id=of,
        firm=firm,
        project=project,
        quota_id=f"p07/{firm}",
        number=number,
        fencing=Fencing(epoch, counter),
        park="north",
        gpu_class="a100-80g",
        places=(Place(0, "north/n1", ("GPU-1",)),),
        seen=(RankOffered(),),
        created_at=NOW,
        phase=phase or Offered(NOW, NOW + 60_000),
        lease_seconds=86_400,
        time_limit_seconds=86_400,
        version=version,
    )


def ended(one, at=NOW + HOUR):
    """The attempt's next version, holding nothing any more."""
    return replace(one, phase=Ended(Succeeded(), at), version=one.version + 1)


def node(name="n1", park="north", version=1, **more):
    """A node with one healthy GPU, heard."""
    gpus = (Gpu(f"GPU-{name}", "A100-SXM4-80GB", 80 << 30, "a100-80g"),)
    return Node(
        f"{park}/{name}", park, name, "boot-1", Heard(NOW), gpus, 64, 512 << 30, version=version, **more
    )


def use(
    of="j1.1", firm="negar", project=None, from_at=NOW, until_at=NOW + HOUR, gpus=1, gpu_class="a100-80g"
):
    """A segment of GPU time of rank 0."""
    spent = gpus * (until_at - from_at)
    names = tuple(f"GPU-{number}" for number in range(gpus))
    return Use(of, 0, firm, project, gpu_class, names, from_at, until_at, spent, None, until_at)


def output(of="j1", rank=0, number=1, sha256=SHA256):
    """What a rank of a job's attempt left."""
    return KeepOutput(of, "negar", Output(rank, number, Blob(sha256, 1_000)))


def receipt(key="k1", at=NOW, ids=("j1",), asker="ada"):
    """An answer once given."""
    return Receipt(asker, key, "fingerprint", ids, at)


def token(token_id="t1", sha256=SHA256, **more):
    """A firm owner's token, for ever."""
    owner = {"name": "laptop", "role": "firm-owner", "firm": "negar", "project": None, "park": None}
    return TokenRow(token_id, sha256, **{**owner, "created_at": NOW, "expires_at": None, **more})


def quotas(firms=("negar",), parks=("north",), leaf="p07/negar", guaranteed=4):
    """A tree of a root and one leaf, with the firms, parks and classes of its files."""
    mine = {"a100-80g": ClassQuota(Gpus(guaranteed), lend_limit=Gpus(1))}
    root = QuotaNode("p07", None, None, NOW, NOW + 1_000 * HOUR, {"a100-80g": ClassQuota(Gpus(8))})
    child = QuotaNode(leaf, "p07", leaf.split("/")[1], NOW, NOW + 500 * HOUR, mine, weight=2, max_job_gpus=8)
    return SetQuotas(
        QuotaTree({"p07": root, leaf: child}),
        {name: Firm(name, name.title(), ("vision", "گفتار")) for name in firms},
        {name: Park(name, name.title()) for name in parks},
        {"A100-SXM4-80GB": "a100-80g"},
        "root",
    )


def event(kind="job-added", job_id="j1", firm="negar", **more):
    """Something that happened."""
    return NewEvent(NOW, kind, firm, job_id, **more)


def tell(store):
    """The story: a job that finished after a requeue, one that runs unheard, one to be stopped, one that waits."""
    epoch = store.lead("first", NOW)
    store.commit(
        Commit(epoch, NOW, quotas=quotas(), parks=(Park("south", "پارک جنوب"),), nodes=story_nodes())
    )
    store.commit(Commit(epoch, NOW, jobs=story_jobs(), receipts=(receipt(ids=("done", "silent")),)))
    store.commit(
        Commit(epoch, NOW, attempts=story_attempts(), journals=(JournalPosition("north/n1", "a", 7),))
    )
    spent = story_uses()
    moved = (
        event(job_id="done", was="Active", now="Finished", why="succeeded"),
        event("drained", None, None),
    )
    store.commit(
        Commit(
            epoch, NOW, usage=spent, decayed=worth(spent), outputs=(output("done", number=2),), events=moved
        )
    )
    store.add_token(token())
    store.add_token(token("t2", "cd" * 32, role="park", firm=None, park="north", revoked_at=NOW))


def story_uses():
    """An hour of one GPU, then two of two."""
    return (use("done.1"), use("done.2", from_at=NOW + HOUR, until_at=NOW + 3 * HOUR, gpus=2))


def worth(uses):
    """What usage is worth."""
    decayed = Decayed()
    for one in uses:
        account, span = (one.project, one.gpu_class), (one.from_at, one.until_at)
        decayed = decayed.add(one.firm, account, *span, one.gpu_milliseconds)
    return decayed


def story_nodes():
    """A healthy node, and a drained one with a failed GPU."""
    failed = Gpu("GPU-f", "T4", 16 << 30, None, 1, Verdict.FAILED, ("xid 79",))
    drain = Drain(NOW, "op", "fan broken")
    return (node(), replace(node("n2", "south", drain=drain, labels=(("rack", "۴"),)), gpus=(failed,)))


def story_jobs():
    """One of each phase."""
    needs = RankNeeds(2, cpus=8, memory_bytes=64 << 30)
    done = job("done", name="آموزش", project="vision", replicas=2, rank=needs, work_dir=Blob(SHA256, 99))
    kept = (Checkpoint(0, 2, 3, 400, Blob(SHA256, 5)),)
    finish = Finished(Succeeded(), NOW + HOUR)
    return (
        replace(done, phase=finish, attempts=2, checkpoints=kept, avoid_nodes=("north/n1",)),
        job("silent", at=NOW + 1, phase=Active("silent.1")),
        job("stopping", at=NOW + 2, phase=Active("stopping.1"), env=(("A", "ب"),)),
        job("waiting", at=NOW + 3),
    )


def story_attempts():
    """Two that have ended, an unknown one, and one that is to stop."""
    lease = Lease(NOW + HOUR, NOW)
    exited = RankExited(0, 15, "signal", "", NOW, NOW + 1, NOW + HOUR, 12_000, released=True)
    requeued = Ended(Requeued("ada", "hot", ("north/n1",)), NOW + HOUR)
    cancelled = Stop(StopCause.CANCELLED, True, NOW, Cancelled("ada", "دیگر لازم نیست"))
    started = (RankStarted("10.0.0.1", 4_000, NOW),)
    return (
        replace(attempt("done", 1, counter=1, phase=requeued), seen=(exited,), started_at=NOW),
        replace(attempt("done", 2, counter=2, phase=Ended(Succeeded(), NOW)), resumed_from_step=400),
        replace(attempt("silent", counter=3, phase=Unknown(NOW, Running(NOW, lease))), seen=started),
        replace(attempt("stopping", counter=4, phase=Running(NOW, lease)), seen=started, intent=cancelled),
    )
