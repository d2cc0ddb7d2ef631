"""The SDK and the front, over a real port: what one sends the other understands, and the other way round."""

import hashlib
import io
import tarfile
from contextlib import asynccontextmanager

import pytest
from bostan import AsyncClient, api
from bostan.errors import Conflict, NotAllowed, NotAuthenticated, NotFound, Refused, ServerFault
from bostan.retry import Retry
from bostan_scheduler.core.job import Blob
from bostan_scheduler.core.reports import OutputStored

QUICK = Retry(tries_max=2, total_seconds_max=1.0, first_seconds=0.001, longest_seconds=0.001)


@asynccontextmanager
async def person(rest, who):
    async with (
        rest.served() as url,
        AsyncClient(url, rest.secrets.get(who, who), retry=QUICK, follow_retry=QUICK) as client,
    ):
        yield client


def wish(**changes):
    return api.NewJob(name="train", firm="acme", command=("python", "train.py"), **changes)


async def every(listing):
    return [one async for one in listing]


async def test_a_startups_day(rest, tmp_path):
    rest.story.connect("p/a", 4)
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "train.py").write_text("print('hello')\n")
    async with person(rest, "owner") as client:
        assert (await client.whoami()).firm == "acme"
        job = await client.submit(wish(), folder)
        assert rest.files.blobs.read(job.spec.work_dir.sha256, 0, 2) == b"\x1f\x8b"
        again = await client.upload_work_dir(folder)
        assert again == job.spec.work_dir
        assert (await client.why(job.id)).state == "queued"
        rest.story.plan()
        attempt = rest.story.all_run(job.id)
        rest.files.logs.append(attempt, 0, 0, b"epoch 1\n")
        assert (await client.logs(job.id, offset=6)).data == b"1\n"
        archive = _archive({"model.txt": b"weights"})
        sha256 = hashlib.sha256(archive).hexdigest()
        rest.files.blobs.append(sha256, 0, len(archive), archive)
        rest.story.reports(f"{attempt}/0", OutputStored(Blob(sha256, len(archive))))
        rest.files.logs.end(attempt, 0)
        rest.story.exits(f"{attempt}/0", seconds=3)
        assert b"".join([chunk.data async for chunk in client.follow_logs(job.id)]) == b"epoch 1\n"
        assert (await client.wait(job.id, 10)).state == "succeeded"
        await client.download(job.id, tmp_path / "out")
        assert (tmp_path / "out" / "model.txt").read_bytes() == b"weights"
        assert [one.number for one in await every(client.attempts(job.id))] == [1]
        assert [one.id for one in await every(client.jobs(phase=api.Phase.FINISHED))] == [job.id]
        assert (await client.usage()).rows[0].gpu_milliseconds == 3000


def _archive(files):
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as tar:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return made.getvalue()


async def test_an_administrators_day(rest):
    rest.story.connect("p/a", 2)
    async with person(rest, "admin") as client:
        document = await client.quota_document()
        assert {use.firm for use in (await client.apply_quotas(document)).items} == {"acme", "zeta"}
        assert {firm.id for firm in await every(client.firms())} == {"acme", "zeta"}
        assert (await client.park_add("r", "Rasht")).name == "Rasht"
        assert (await client.park_token("r")).secret.startswith("bst_")
        assert {park.id for park in await every(client.parks())} == {"p", "q", "r"}
        made = await client.new_token(api.NewToken(name="eve", role=api.Role.MEMBER, firm="acme"))
        assert made.id in {one.id for one in await every(client.tokens())}
        await client.revoke_token(made.id)
        assert len(await every(client.quotas())) == 2
        assert len((await client.capacity()).classes) == 1
        receipt = await client.submit_batch([wish(), wish()], idempotency_key="k")
        assert await client.submit_batch([wish(), wish()], idempotency_key="k") == receipt
        async for event in client.events(job=receipt.ids[1]):
            assert event.kind == "job-queued"
            break


async def test_an_operators_day(rest):
    rest.story.connect("p/a", 2)
    async with person(rest, "operator") as client:
        assert [node.id for node in await every(client.nodes())] == ["p/a"]
        assert len(await every(client.gpus(gpu_class="a100"))) == 2
        assert (await client.drain("p/a", "dust")).state == "drained"
        assert (await client.undrain("p/a")).state == "ready"
        with pytest.raises(Conflict):
            await client.confirm_dead("p/a")


async def test_errors_are_the_ones_of_the_tree(rest):
    job_id = await rest.submit()
    async with person(rest, "rival") as client:
        with pytest.raises(NotFound):
            await client.job(job_id)
        with pytest.raises(NotAllowed):
            await client.submit(wish())
        with pytest.raises(NotAllowed):
            await every(client.nodes())
        rest.leader.away = True
        with pytest.raises(ServerFault):
            await client.submit(api.NewJob(name="x", firm="zeta", command=("x",)))
    async with person(rest, "bst_wrong") as client:
        with pytest.raises(NotAuthenticated):
            await client.whoami()
    async with person(rest, "owner") as client:
        rest.leader.away = False
        with pytest.raises(Refused, match="no project poetry"):
            await client.submit(wish(project="poetry"))
