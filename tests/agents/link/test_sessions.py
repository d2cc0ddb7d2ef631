"""The line to the centre: said, kept, cut, refused and dialled again."""

import grpc
import pytest
from bostan_protos.v1 import agent_link_pb2 as link
from google.protobuf.internal import encoder


async def test_the_hello_says_who_the_node_is_and_what_it_has(centre, agents, wait_for):
    await agents(simulate="2xH100-80GB-SXM", labels={"rack": "7"}, address="10.9.8.7")
    hello = centre.hellos[0]
    assert (hello.node_name, hello.address, dict(hello.labels)) == ("node", "10.9.8.7", {"rack": "7"})
    assert (hello.protocol_major, hello.journal_last_seq, hello.agent_version) == (1, 0, "1.2.3")
    assert [gpu.name for gpu in hello.inventory.gpus] == ["NVIDIA H100 80GB HBM3"] * 2
    assert {each.verdict for each in hello.health.verdicts} == {1}
    assert (hello.inventory.isolation, hello.inventory.links[0].nvlinks > 0) == ("env", True)
    assert centre.actuals[0].ranks == []


async def test_heartbeats_come_with_jitter_and_telemetry_goes_once_per_reading(centre, agents, wait_for):
    await agents(telemetry_seconds=60)
    await wait_for(lambda: len(centre.heartbeats) >= 4)
    with_telemetry = [beat for beat in centre.heartbeats if beat.gpus]
    assert len(with_telemetry) == 1
    assert len(with_telemetry[0].gpus) == 4
    stamps = [beat.boottime_ns for beat in centre.heartbeats]
    assert stamps == sorted(stamps)


async def test_the_journal_is_sent_again_after_a_cut_and_nothing_is_lost(centre, agents, wait_for):
    await agents()
    centre.acknowledging = False
    await centre.want(centre.offer("a1", "true"), centre.offer("a2", "true", counter=2))
    await wait_for(lambda: len(centre.received) == 2, "two records")
    await centre.stop()
    centre.acknowledging = True
    await centre.start(centre.port)
    await centre.heard("a1", "accepted")
    await centre.heard("a2", "accepted")
    assert [seq for _, seq in centre.received] == [1, 2, 1, 2]
    assert centre.hellos[1].journal_last_seq == 2
    assert {rank.id.attempt_id for rank in centre.actuals[1].ranks} == {"a1", "a2"}


async def test_what_a_centre_has_is_not_sent_again(centre, agents, wait_for):
    await agents()
    await centre.accepted("a1", "true")
    await centre.stop()
    await centre.start(centre.port)
    await wait_for(lambda: len(centre.hellos) == 2)
    await centre.accepted("a2", "true", counter=2)
    assert [seq for _, seq in centre.received] == [1, 2]


async def test_records_go_in_batches_and_never_further_than_the_window(centre, agents, wait_for):
    await agents(journal_batch_records=2, journal_window_records=5)
    centre.acknowledging = False
    await centre.want(*(centre.offer(f"a{number}", "true", counter=number) for number in range(1, 9)))
    await wait_for(lambda: centre.heartbeats and centre.heartbeats[-1].journal_unacked == 8, "eight records")
    assert [seq for _, seq in centre.received] == [1, 2, 3, 4, 5]
    journal_id = centre.hellos[0].journal_id
    await centre.say(journal_ack=link.JournalAck(journal_id=journal_id, acked_seq=4))
    await wait_for(lambda: [seq for _, seq in centre.received] == list(range(1, 9)))


async def test_acknowledgements_that_make_no_sense_are_ignored(centre, agents, wait_for):
    agent = await agents()
    journal_id = centre.hellos[0].journal_id
    await centre.say(journal_ack=link.JournalAck(journal_id="another", acked_seq=1))
    await centre.say(journal_ack=link.JournalAck(journal_id=journal_id, acked_seq=99))
    await centre.accepted("a1", "true")
    assert "acknowledgement of another journal ignored" in agent.log()
    assert "acknowledgement of records never sent ignored" in agent.log()


async def test_a_journal_that_is_an_old_copy_goes_on_under_a_new_name(centre, agents, wait_for):
    await agents()
    await centre.accepted("a1", "true")
    first = centre.hellos[0].journal_id
    centre.acked[first] = 50
    await centre.stop()
    await centre.start(centre.port)
    await wait_for(lambda: len(centre.hellos) == 3, "a third hello")
    assert [hello.journal_id == first for hello in centre.hellos] == [True, True, False]
    await centre.accepted("a2", "true", counter=2)


async def test_a_message_that_this_release_does_not_know_is_ignored(centre, agents):
    agent = await agents()
    unknown_case = link.CentreMessage.FromString(encoder.TagBytes(99, 2) + b"\x03abc")
    await centre._write(centre.stream, unknown_case)
    await centre.accepted("a1", "true")
    assert "message that this release does not know ignored" in agent.log()


async def test_a_wrong_token_is_told_and_tried_again_slowly(centre, agents, wait_for):
    centre.token = "another"
    agent = await agents(wait=False)
    await wait_for(lambda: "does not know this token for park tehran" in agent.log())
    assert "bostan park token" in agent.log()
    centre.token = "park-token"
    await wait_for(lambda: centre.hellos, "a hello with the right token")


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (grpc.StatusCode.FAILED_PRECONDITION, "does not take this agent as it is"),
        (grpc.StatusCode.PERMISSION_DENIED, "does not allow this node"),
    ],
)
async def test_a_refusal_is_told_in_the_centres_words(centre, agents, wait_for, code, message):
    centre.refuse_with = (code, "protocol 1 is too old")
    agent = await agents(wait=False)
    await wait_for(lambda: message in agent.log())
    assert "protocol 1 is too old" in agent.log()


async def test_a_centre_of_another_protocol_is_refused(centre, agents, wait_for):
    centre.major = 2
    agent = await agents(wait=False)
    await wait_for(lambda: "the centre speaks protocol 2, this agent 1" in agent.log())


async def test_a_centre_that_is_not_there_is_dialled_until_it_is(centre, agents, wait_for):
    await centre.stop()
    agent = await agents(wait=False)
    await wait_for(lambda: agent.log().count("no line to the centre") >= 2)
    await centre.start(centre.port)
    await wait_for(lambda: centre.hellos)


async def test_a_centre_that_never_welcomes_is_left(centre, agents, wait_for):
    async def silent(hello, context):
        centre.hellos.append(hello)

    centre._hello = silent
    agent = await agents(wait=False, welcome_seconds=0.3)
    await wait_for(lambda: "no welcome within 0.3 s" in agent.log())
    await wait_for(lambda: len(centre.hellos) >= 2)


async def test_a_centre_that_falls_silent_is_dialled_anew(centre, agents, wait_for):
    agent = await agents(silence_seconds=0.5)
    centre.answering_heartbeats = False
    await wait_for(lambda: len(centre.hellos) >= 2, "another hello")
    assert "the centre was silent" in agent.log()


async def test_a_centre_whose_tls_the_node_expects_is_not_spoken_to_in_the_clear(centre, agents, wait_for):
    agent = await agents(wait=False, tls=True)
    await wait_for(lambda: "no line to the centre" in agent.log())
    assert centre.hellos == []
