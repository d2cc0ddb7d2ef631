"""Server-sent events come out the same however the stream is cut."""

import pytest
from bostan.errors import ServerFault
from bostan.sse import Decoder, ServerEvent
from hypothesis import given
from hypothesis import strategies as st

STREAM = (
    b": heartbeat\n\n"
    b"event: data\ndata: {1}\n\n"
    b"id: 7\r\nevent: x\r\ndata: first\r\ndata:second\r\n\r\n"
    b"event: no data\n\n"
    b"data\rretry: 5\r\r"
    b"data: \xd8\xa8\xd9\x88\n\n"
    b"data: not ended"
)
EVENTS = [
    ServerEvent("data", "{1}"),
    ServerEvent("x", "first\nsecond", "7"),
    ServerEvent("message", ""),
    ServerEvent("message", "بو"),
]


@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_the_cuts_make_no_difference(cuts):
    decoder, at, found = Decoder(), 0, []
    for cut in [*sorted(cuts), len(STREAM)]:
        found += decoder.feed(STREAM[at:cut])
        at = cut
    assert found == EVENTS


def test_an_event_may_be_just_as_large_as_the_limit():
    assert Decoder(10).feed(b"data: 7890\n\n") == [ServerEvent("message", "7890")]


@pytest.mark.parametrize(
    "stream", [b"data: 78901\n\n", b"x" * 11, b"data:4\ndata:5\n"], ids=["line", "no end", "lines"]
)
def test_an_event_above_the_limit_ends_the_stream(stream):
    with pytest.raises(ServerFault, match="above 10 bytes"):
        Decoder(10).feed(stream)


def test_what_is_not_text_ends_the_stream():
    with pytest.raises(ServerFault, match="not UTF-8"):
        Decoder().feed(b"data: \xff\n")
