"""Requests about parks, their nodes and their GPUs."""

from __future__ import annotations

from bostan.api import (
    Drain,
    Gpu,
    Maintenance,
    NewMaintenance,
    NewPark,
    NewReservation,
    Node,
    Page,
    Park,
    ParkToken,
    Reservation,
)
from bostan.errors import WrongUsage
from bostan.requests.base import Request, at, listing, model, nothing


def parks(cursor: str | None = None) -> Request[Page[Park]]:
    return listing(at("parks"), Park, cursor)


def park_add(park: NewPark) -> Request[Park]:
    return Request("POST", at("parks"), model(Park), json=park)


def park_token(park: str) -> Request[ParkToken]:
    return Request("POST", at("parks", park, "tokens"), model(ParkToken))


def maintenance(park: str, cursor: str | None = None) -> Request[Page[Maintenance]]:
    return listing(at("parks", park, "maintenance"), Maintenance, cursor)


def announce_maintenance(park: str, window: NewMaintenance, idempotency_key: str) -> Request[Maintenance]:
    headers = {"Idempotency-Key": idempotency_key}
    return Request("POST", at("parks", park, "maintenance"), model(Maintenance), json=window, headers=headers)


def call_off_maintenance(park: str, window_id: str) -> Request[None]:
    return Request("DELETE", at("parks", park, "maintenance", window_id), nothing)


def reservations(cursor: str | None = None) -> Request[Page[Reservation]]:
    return listing(at("reservations"), Reservation, cursor)


def reserve(reservation: NewReservation, idempotency_key: str) -> Request[Reservation]:
    headers = {"Idempotency-Key": idempotency_key}
    return Request("POST", at("reservations"), model(Reservation), json=reservation, headers=headers)


def give_up_reservation(window_id: str) -> Request[None]:
    return Request("DELETE", at("reservations", window_id), nothing)


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
