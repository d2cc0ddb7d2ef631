"""The node's line to the centre: dialled, kept, dialled anew; what crosses it is told in the protocol's files."""

from bostan_agent.link.calls import Calls
from bostan_agent.link.dialer import Dialer
from bostan_agent.link.session import Node

__all__ = ["Calls", "Dialer", "Node"]
