"""The limits and waits of the agents' link."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LinkLimits:
    """How much agents may say and how long they may take. Reaching one ends the call that did, never the front."""

    message_bytes_max: int = 16 * 2**20
    sessions_max: int = 10_000
    nodes_per_park_max: int = 1_000
    """A park's nodes, also those seen long ago; one that is known already may always come back."""
    streams_per_connection_max: int = 64
    pending_calls_max: int = 20_000
    """Calls that gRPC keeps waiting for a handler when all nodes come back at once; beyond, it fails them at random."""
    hello_seconds: float = 10.0
    """How long a session may take to say who it is and what it has."""
    heartbeat_seconds: float = 5.0
    silence_seconds: float = 60.0
    """A session in which nothing was heard for so long is closed."""
    heard_seconds: float = 5.0
    """How often the leader is told which nodes were heard."""
    beats_burst_max: int = 100
    beats_per_second_max: float = 10.0
    """Heartbeats (and messages of unknown kinds) of one session: so many at once, and so many in the long run."""
    outbox_messages_max: int = 1_000
    """Messages that wait for a node to read them; beyond, its session is closed and it starts from a full set."""
    journal_records_max: int = 5_000
    """Records in one message, and in one request to the leader."""
    journal_waiting_max: int = 8
    """Messages of records that wait for the leader; beyond, nothing more is read from the session."""
    gpus_max: int = 64
    links_max: int = 64 * 63 // 2
    ranks_max: int = 10_000
    labels_max: int = 64
    problems_max: int = 64
    findings_max: int = 256
    text_chars_max: int = 2_000
    """Texts for people are cut off here."""
    log_chunk_bytes_max: int = 4 * 2**20
    blob_chunk_bytes: int = 2**20
    """Bytes in each message of a file that an agent fetches."""
    token_seconds: float = 10.0
    """How long the answer to a token, and to whose rank it is, is remembered: a revoked one works on for so long."""
    remembered_max: int = 10_000
    resubscribe_seconds_max: float = 5.0

    def __post_init__(self) -> None:
        assert self.silence_seconds > self.heartbeat_seconds, "three beats are to fit into a silence"
        assert self.blob_chunk_bytes < self.message_bytes_max
        assert min(self.outbox_messages_max, self.journal_waiting_max, self.sessions_max) > 0
