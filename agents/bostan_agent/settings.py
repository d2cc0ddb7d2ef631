"""What may be set on a node agent: one frozen class, read once. A field's description is its reference."""

import socket
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from bostan_agent.endpoints import Endpoint, endpoint_of, is_loopback

NAME = r"^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$"
MIB = 1024 * 1024
GIB = 1024 * MIB


def _checked_endpoint(text: str) -> str:
    endpoint_of(text)
    return text


def _checked_address(text: str) -> str:
    if not text or any(sign.isspace() for sign in text):
        raise ValueError("must be a host name or an IP address, as 10.1.2.3")
    return text


def _host_name() -> str:
    return socket.gethostname().lower()


def _default_state_dir() -> Path:
    return Path("/var/lib/bostan-agent")


Seconds = Annotated[float, Field(gt=0, le=86_400)]
Count = Annotated[int, Field(ge=1)]
Bytes = Annotated[int, Field(ge=1)]


class Settings(BaseModel):
    """Settings of a node agent: flags before environment before file before these defaults."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    centre: Annotated[str, AfterValidator(_checked_endpoint)] = Field(
        description="Where the centre listens for agents, as HOST:PORT.",
        examples=["centre.example.org:8441"],
    )
    park: str = Field(pattern=NAME, description="Name of the park that this node belongs to.")
    node_name: str = Field(
        default_factory=_host_name,
        pattern=NAME,
        description="Name of this node, unique in its park. Default: the host name.",
    )
    token: SecretStr | None = Field(
        default=None, description="The park's token, as `bostan park token` printed it. Also BOSTAN_TOKEN."
    )
    token_file: Path | None = Field(
        default=None, description="A file that holds the park's token. Also BOSTAN_TOKEN_FILE."
    )
    tls: bool = Field(
        default=False,
        description="Reach the centre through TLS, trusting the system's certificate authorities.",
    )
    tls_ca_file: Path | None = Field(
        default=None,
        description="Reach the centre through TLS, trusting the certificate authorities in this PEM file.",
    )
    insecure: bool = Field(
        default=False,
        description="Reach a centre on another machine without TLS. Anybody on the way can read the token.",
    )
    state_dir: Path = Field(
        default_factory=_default_state_dir,
        description="Folder of the journal, the ranks and the staged files. No two agents share one. "
        "Default: /var/lib/bostan-agent.",
    )
    simulate: str | None = Field(
        default=None,
        description="Offer simulated GPUs in place of the machine's own.",
        examples=["8xH100-80GB-SXM", "4xA100-80GB,8xT4-16GB"],
    )
    address: Annotated[str, AfterValidator(_checked_address)] | None = Field(
        default=None,
        description="Address at which other nodes of the park reach this node's ranks. "
        "Default: the one from which this node reaches the centre.",
    )
    labels: dict[str, str] = Field(
        default_factory=dict,
        max_length=64,
        description="Words about this node, as rack=7,switch=3, the same word for the same thing in all of its park: the "
        "ranks of a gang are kept on one switch, else in one rack, where that takes no more nodes; all labels are "
        "shown by `bostan nodes`.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least serious kind of line to log."
    )
    health_file: Path | None = Field(
        default=None, description="A health policy in place of the one that comes with the agent (YAML)."
    )
    run_as: str | None = Field(
        default=None,
        description="User name or number under which ranks run; needs root. Default: the agent's own user.",
    )

    heartbeat_seconds: Seconds = Field(
        default=5.0, description="Time between heartbeats, ±20 %. The centre's welcome overrides it."
    )
    telemetry_seconds: Seconds = Field(default=10.0, description="Time between two readings of the GPUs.")
    silence_seconds: Seconds = Field(
        default=30.0,
        description="A session in which the centre says nothing for this long is ended and dialled anew.",
    )
    welcome_seconds: Seconds = Field(
        default=20.0, description="How long the centre may take to welcome this node."
    )
    reconnect_seconds_max: Seconds = Field(
        default=30.0,
        description="Longest wait before the centre is dialled again; the wait is drawn at random.",
    )
    refused_retry_seconds: Seconds = Field(
        default=60.0,
        description="Wait before dialling again after the centre refused this node (token, version).",
    )
    outbox_messages_max: Count = Field(
        default=64, description="Messages that wait for the line; when full, heartbeats are left out."
    )

    journal_records_max: Count = Field(
        default=100_000,
        description="Records that the journal keeps for a centre out of reach. When full: new offers are refused, "
        "usage is written in longer segments, findings wait; what happens to ranks is always kept.",
    )
    journal_batch_records: Count = Field(default=200, description="Records sent in one message.")
    journal_window_records: Count = Field(
        default=2_000, description="Records under way to the centre without its acknowledgement."
    )
    usage_segment_seconds: Seconds = Field(
        default=300.0, description="Longest usage segment of a running rank."
    )

    argv_bytes_max: Bytes = Field(
        default=128 * 1024, description="Longest command of a rank, all words together."
    )
    env_bytes_max: Bytes = Field(
        default=128 * 1024, description="Largest environment of a rank that an offer brings."
    )
    ranks_max: Count = Field(
        default=1_000, description="Ranks held at one time, files on their way included."
    )
    port_first: int = Field(default=20_000, ge=1, le=65_535, description="First port given to ranks.")
    port_last: int = Field(default=29_999, ge=1, le=65_535, description="Last port given to ranks.")
    release_seconds: Seconds = Field(
        default=30.0,
        description="After a rank's exit its GPUs are asked every few milliseconds for its processes; "
        "after this long, every 5 seconds.",
    )

    stage_bytes_max: Bytes = Field(
        default=1024 * GIB,
        description="Largest work directory or checkpoint, unpacked, that is staged for a rank.",
    )
    stage_files_max: Count = Field(
        default=1_000_000, description="Most files in a staged work directory or checkpoint."
    )
    blob_cache_bytes_max: Bytes = Field(
        default=64 * GIB, description="Staged files kept for the next rank that needs the same."
    )
    output_bytes_max: Bytes = Field(
        default=64 * GIB, description="Largest output folder of a rank, unpacked."
    )
    output_files_max: Count = Field(default=100_000, description="Most files in an output folder.")
    checkpoint_bytes_max: Bytes = Field(
        default=512 * GIB, description="Largest checkpoint of a rank, unpacked."
    )
    checkpoint_files_max: Count = Field(default=100_000, description="Most files in a checkpoint.")
    transfers_max: Count = Field(default=2, description="Checkpoints and outputs sent at one time.")
    transfer_retry_seconds_max: Seconds = Field(
        default=60.0, description="Longest wait before a broken transfer is taken up again."
    )
    chunk_bytes: Annotated[int, Field(ge=1024, le=4 * MIB)] = Field(
        default=256 * 1024, description="Bytes of files and logs in one message."
    )
    log_bytes_max: Bytes = Field(
        default=64 * MIB, description="Newest bytes of a rank's log that are kept here."
    )
    log_window_bytes: Bytes = Field(
        default=4 * MIB, description="Bytes of one log under way to the centre without its answer."
    )

    @field_validator("labels", mode="before")
    @classmethod
    def _labels(cls, value: object) -> object:
        """Accept what one line of text can hold: `rack=7,row=b`."""
        if not isinstance(value, str):
            return value
        pairs = [pair.partition("=") for pair in value.split(",") if pair]
        if not all(key and sign for key, sign, _ in pairs):
            raise ValueError("must be KEY=VALUE pairs with commas between, as rack=7,row=b")
        return {key: word for key, _, word in pairs}

    @model_validator(mode="after")
    def _port_range(self) -> Self:
        if self.port_first > self.port_last:
            raise ValueError(f"port_first {self.port_first} is above port_last {self.port_last}: swap them")
        return self

    @model_validator(mode="after")
    def _one_token(self) -> Self:
        if self.token is not None and self.token_file is not None:
            raise ValueError("token and token_file are both set: set one")
        return self

    @model_validator(mode="after")
    def _safe_line(self) -> Self:
        plain = not (self.tls or self.tls_ca_file)
        if plain and not self.insecure and not is_loopback(endpoint_of(self.centre)):
            raise ValueError(
                f"the centre {self.centre} is on another machine and TLS is off, so anybody on the way could read "
                "the park's token: set tls or tls_ca_file, or insecure (--insecure) on a network that you trust"
            )
        return self

    @property
    def endpoint(self) -> Endpoint:
        """Where the centre is, parsed."""
        return endpoint_of(self.centre)
