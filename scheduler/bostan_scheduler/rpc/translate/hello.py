"""Who a node says it is. Its park is never taken from what it says, only from its token."""

from bostan_protos.v1.agent_link_pb2 import Hello

from bostan_scheduler.core.reports import NodeConnected
from bostan_scheduler.rpc.errors import NotTaken
from bostan_scheduler.rpc.limits import LinkLimits
from bostan_scheduler.rpc.translate.checks import (
    ADDRESS,
    CPUS_MAX,
    INT64_MAX,
    LABEL,
    MEMORY_BYTES_MAX,
    NODE_NAME,
    UUID,
    WORD,
    few,
    name,
    name_or_empty,
    number,
    text,
)
from bostan_scheduler.rpc.translate.inventory import gpus_of

PROTOCOL_MAJOR = 1
PROTOCOL_MINOR = 0


def node_connected(park: str, hello: Hello, limits: LinkLimits) -> NodeConnected:
    """A node of `park` as it presents itself.

    Raises:
        NotTaken: it speaks another major version of the protocol.
        NotUnderstood: something that it says cannot be.
    """
    _same_protocol(hello)
    node_name = name(hello.node_name, NODE_NAME, "hello.node_name", "a node's name, as n1.example")
    inventory = hello.inventory
    few(inventory.problems, limits.problems_max, "hello.inventory.problems")
    number(hello.boottime_ns, 0, INT64_MAX, "hello.boottime_ns")
    return NodeConnected(
        node_id=f"{park}/{node_name}",
        park=park,
        name=node_name,
        boot_id=name(hello.boot_id, UUID, "hello.boot_id", "a UUID"),
        journal_id=name(hello.journal_id, UUID, "hello.journal_id", "a UUID"),
        gpus=gpus_of(inventory, hello.health, limits),
        cpus=number(inventory.cpus, 0, CPUS_MAX, "hello.inventory.cpus"),
        memory_bytes=number(inventory.memory_bytes, 0, MEMORY_BYTES_MAX, "hello.inventory.memory_bytes"),
        address=name_or_empty(hello.address, ADDRESS, "hello.address", "an address"),
        agent_version=text(hello.agent_version, 64),
        driver_version=text(inventory.driver_version, 64),
        isolation=name_or_empty(inventory.isolation, WORD, "hello.inventory.isolation", "a word") or "none",
        problems=tuple(text(one, limits.text_chars_max) for one in inventory.problems),
        labels=_labels(hello, limits),
    )


def _same_protocol(hello: Hello) -> None:
    if hello.protocol_major != PROTOCOL_MAJOR:
        raise NotTaken(
            f"the centre speaks protocol {PROTOCOL_MAJOR}.{PROTOCOL_MINOR}, this agent "
            f"{hello.protocol_major}.{hello.protocol_minor}: install the agent of the centre's release"
        )


def _labels(hello: Hello, limits: LinkLimits) -> tuple[tuple[str, str], ...]:
    few(hello.labels, limits.labels_max, "hello.labels")
    labels = (
        (name(key, LABEL, "hello.labels", "a label's name"), text(value, 256))
        for key, value in hello.labels.items()
    )
    return tuple(sorted(labels))
