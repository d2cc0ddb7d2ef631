"""Requests about parks, their nodes and their GPUs."""

from __future__ import annotations

from bostan.api import Drain, Gpu, NewPark, Node, Page, Park, ParkToken
from bostan.errors import WrongUsage
from bostan.requests.base import Request, at, listing, model


def parks(cursor: str | None = None) -> Request[Page[Park]]:
    return listing(at("parks"), Park, cursor)


def park_add(park: NewPark) -> Request[Park]:
    return Request("POST", at("parks"), model(Park), json=park)


def park_token(park: str) -> Request[ParkToken]:
    return Request("POST", at("parks", park, "tokens"), model(ParkToken))


def nodes(cursor: str | None = None, *, park: str | None = None) -> Request[Page[Node]]:
    return listing(at("nodes"), Node, cursor, park=park)


def node(node_id: str) -> Request[Node]:
    return Request("GET", _node_path(node_id), model(Node))


def gpus(
    cursor: str | None = None, *, park: str | None = None, gpu_class: str | None = None
) -> Request[Page[Gpu]]:
    return listing(at("gpus"), Gpu, cursor, park=park, **{"class": gpu_class})


def drain(node_id: str, order: Drain) -> Request[Node]:
    return Request("POST", _node_path(node_id, "drain"), model(Node), json=order)


def undrain(node_id: str) -> Request[Node]:
    return Request("POST", _node_path(node_id, "undrain"), model(Node))


def confirm_dead(node_id: str) -> Request[Node]:
    """States that the node's power is off, so that what it held is free at once."""
    return Request("POST", _node_path(node_id, "confirm-dead"), model(Node))


def _node_path(node_id: str, *order: str) -> str:
    park, slash, name = node_id.partition("/")
    if not (slash and park and name):
        raise WrongUsage(f"{node_id!r} is not a node", "write PARK/NAME, as `bostan nodes` shows it")
    return at("nodes", park, name, *order)
