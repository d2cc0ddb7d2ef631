"""What the journal promises: order, durability, a bound, and numbers that survive whatever happens."""

import asyncio
import sqlite3

import pytest
from bostan_agent.journal import Fence, Journal, JournalDamaged, JournalUnwritable, Write
from bostan_protos.v1.agent_link_pb2 import JournalRecord
from bostan_protos.v1.rank_pb2 import RankId


def record(name: str) -> JournalRecord:
    return JournalRecord(rank=RankId(attempt_id=name))


def named(*names: str) -> Write:
    return Write(records=tuple(record(name) for name in names))


def names(journal: Journal, after: int = 0) -> list[tuple[int, str]]:
    return [(found.seq, found.rank.attempt_id) for found in journal.records(after, 1000)]


@pytest.fixture
async def journal(tmp_path):
    opened = Journal(tmp_path / "journal.db", records_max=4, ended_max=3)
    yield opened
    await opened.close()


async def test_records_keep_their_order_and_count_from_one(journal):
    assert await journal.commit(named("a", "b")) == 2
    assert await journal.commit(named("c")) == 3
    assert names(journal) == [(1, "a"), (2, "b"), (3, "c")]
    assert names(journal, after=2) == [(3, "c")]


async def test_what_is_acknowledged_is_forgotten_and_its_numbers_are_never_used_again(journal, tmp_path):
    await journal.commit(named("a", "b"))
    journal.ack(2)
    await journal.close()
    again = Journal(tmp_path / "journal.db", records_max=4)
    assert (again.unacked, again.acked_seq, names(again)) == (0, 2, [])
    assert await again.commit(named("c")) == 3
    await again.close()


async def test_an_acknowledgement_that_is_older_than_the_last_changes_nothing(journal):
    await journal.commit(named("a", "b", "c"))
    journal.ack(2)
    journal.ack(1)
    assert names(journal) == [(3, "c")]
    assert journal.unacked == 1


async def test_another_agent_finds_all_that_was_committed(tmp_path):
    first = Journal(tmp_path / "journal.db", records_max=4)
    fences = {"GPU-1": Fence(2, 7)}
    await first.commit(Write((record("a"),), fences, {"a.0": "held"}, ended=("z.0",), facts={"boot_id": "b"}))
    # No close: the first agent was killed.
    second = Journal(tmp_path / "journal.db", records_max=4)
    assert second.journal_id == first.journal_id
    assert names(second) == [(1, "a")]
    assert second.fence("GPU-1") == Fence(2, 7)
    assert (second.notes(), second.fact("boot_id"), second.has_ended("z.0")) == ({"a.0": "held"}, "b", True)
    await second.close()
    await first.close()


async def test_a_fencing_number_only_grows(journal, tmp_path):
    for fence in (Fence(2, 1), Fence(1, 9), Fence(2, 0)):
        await journal.commit(Write(fences={"GPU-1": fence}))
    assert journal.fence("GPU-1") == Fence(2, 1)
    await journal.close()
    again = Journal(tmp_path / "journal.db", records_max=4)
    assert again.fence("GPU-1") == Fence(2, 1)
    await again.close()


async def test_many_writers_share_commits_and_none_is_lost(journal):
    seqs = await asyncio.gather(*(journal.commit(named(str(number))) for number in range(50)))
    assert sorted(seqs) == list(range(1, 51))
    assert names(journal) == [(seq, str(seq - 1)) for seq in range(1, 51)]


async def test_it_is_full_at_its_bound_and_still_takes_what_must_not_be_lost(journal):
    await journal.commit(named("a", "b", "c"))
    assert not journal.full
    await journal.commit(named("d"))
    assert journal.full
    await journal.commit(named("e"))
    assert len(names(journal)) == 5
    journal.ack(2)
    assert not journal.full


async def test_it_remembers_only_so_many_ended_ranks(journal, tmp_path):
    for number in range(5):
        await journal.commit(Write(ended=(f"r.{number}",)))
    assert [journal.has_ended(f"r.{number}") for number in range(5)] == [False, False, True, True, True]
    await journal.close()
    again = Journal(tmp_path / "journal.db", records_max=4, ended_max=3)
    assert [again.has_ended(f"r.{number}") for number in range(5)] == [False, False, True, True, True]
    await again.close()


async def test_an_old_copy_goes_on_under_a_new_name_with_its_records(journal):
    await journal.commit(named("a", "b", "c"))
    journal.ack(1)
    before = journal.journal_id
    await journal.renew_identity()
    assert journal.journal_id != before
    assert await journal.commit(named("d")) == 3
    assert [name for _, name in names(journal)] == ["b", "c", "d"]


async def test_a_note_is_forgotten_when_told(journal):
    await journal.commit(Write(notes={"a.0": "x", "b.0": "y"}))
    await journal.commit(Write(notes={"a.0": None}))
    assert journal.notes() == {"b.0": "y"}


async def test_a_disk_that_refuses_is_told_to_the_writer_and_to_the_agent(journal, tmp_path):
    await journal.commit(named("a"))
    blocker = sqlite3.connect(tmp_path / "journal.db")
    blocker.execute("DROP TABLE records")
    with pytest.raises(JournalUnwritable, match="cannot be written"):
        await journal.commit(named("b"))
    assert journal.broken.is_set()
    blocker.execute("CREATE TABLE records (seq INTEGER PRIMARY KEY AUTOINCREMENT, body BLOB NOT NULL)")
    blocker.close()


@pytest.mark.parametrize("content", [b"not a database, but long enough to be read as one" * 9, b"\0" * 4096])
def test_another_file_in_its_place_is_named_with_the_way_out(tmp_path, content):
    (tmp_path / "journal.db").write_bytes(content)
    with pytest.raises(JournalDamaged, match="Move the file away"):
        Journal(tmp_path / "journal.db", records_max=4)


def test_a_journal_of_a_newer_agent_is_left_alone(tmp_path):
    with sqlite3.connect(tmp_path / "journal.db") as newer:
        newer.execute("PRAGMA user_version = 9")
    newer.close()
    with pytest.raises(JournalDamaged, match="version 9"):
        Journal(tmp_path / "journal.db", records_max=4)
