"""Nodes and their GPUs: listed, shown, drained, and declared dead."""

from typing import Annotated

from bostan import api
from fastapi import APIRouter, Query, Request, Response

from bostan_scheduler.core.instant import Instant
from bostan_scheduler.core.node import Node
from bostan_scheduler.core.reports import DrainAsked, NodeConfirmedDead, UndrainAsked
from bostan_scheduler.http.asker import Who
from bostan_scheduler.http.asking import from_store, tell
from bostan_scheduler.http.bodies import answer, read_body, takes
from bostan_scheduler.http.front import Front, Here
from bostan_scheduler.http.guard import GuardedRoute
from bostan_scheduler.http.pages import Wanted, page_by
from bostan_scheduler.http.params import PRINTABLE, NodeName, ParkId, Word
from bostan_scheduler.http.parts import HttpParts
from bostan_scheduler.http.pools import pool_of
from bostan_scheduler.http.problems import not_found
from bostan_scheduler.http.translate.parks import gpu_model, node_model
from bostan_scheduler.service.messages import AskHeard, HeardAnswer, Tell
from bostan_scheduler.service.ports import LeaderUnavailable

ClassWord = Annotated[
    str | None, Query(alias="class", max_length=128, pattern=PRINTABLE, description="a GPU class")
]

router = APIRouter(route_class=GuardedRoute, tags=["parks"])


@router.get("/v1/nodes", response_model=api.Page[api.Node])
async def nodes(front: Here, who: Who, wanted: Wanted, park: Word | None = None) -> Response:
    """Nodes, of one park or of all that the asker sees."""
    found = await from_store(front.parts.reader.nodes, who.park or park)
    part, cursor = page_by(found, lambda node: node.id, wanted)
    return answer(api.Page(items=tuple(await _shown(front, part)), next_cursor=cursor))


@router.get("/v1/nodes/{park}/{name}", response_model=api.Node)
async def node(front: Here, park: ParkId, name: NodeName) -> Response:
    """A node and its GPUs."""
    return answer(await _node(front, f"{park}/{name}"))


@router.post(
    "/v1/nodes/{park}/{name}/drain",
    status_code=202,
    response_model=api.Node,
    openapi_extra=takes(api.Drain, required=False),
)
async def drain(request: Request, front: Here, who: Who, park: ParkId, name: NodeName) -> Response:
    """Start nothing new on a node."""
    order = await read_body(request, api.Drain)
    wish = DrainAsked(f"{park}/{name}", who.name, order.reason, order.requeue)
    await tell(front.parts, Tell(wish))
    return answer(await _node(front, wish.node_id), 202)


@router.post("/v1/nodes/{park}/{name}/undrain", status_code=202, response_model=api.Node)
async def undrain(front: Here, who: Who, park: ParkId, name: NodeName) -> Response:
    """Let a node take work again."""
    wish = UndrainAsked(f"{park}/{name}", who.name)
    await tell(front.parts, Tell(wish))
    return answer(await _node(front, wish.node_id), 202)


@router.post("/v1/nodes/{park}/{name}/confirm-dead", status_code=202, response_model=api.Node)
async def confirm_dead(front: Here, who: Who, park: ParkId, name: NodeName) -> Response:
    """State that a silent node's power is off: what it held is free at once."""
    wish = NodeConfirmedDead(f"{park}/{name}", who.name)
    await tell(front.parts, Tell(wish))
    return answer(await _node(front, wish.node_id), 202)


@router.get("/v1/gpus", response_model=api.Page[api.Gpu])
async def gpus(
    front: Here, who: Who, wanted: Wanted, park: Word | None = None, gpu_class: ClassWord = None
) -> Response:
    """GPUs, of one park or class, or all that the asker sees."""
    found = await from_store(_gpus, front.parts, who.park or park, gpu_class)
    part, cursor = page_by(found, lambda gpu: f"{gpu.node} {gpu.uuid}", wanted)
    return answer(api.Page(items=tuple(part), next_cursor=cursor))


def _gpus(parts: HttpParts, park: str | None, gpu_class: str | None) -> list[api.Gpu]:
    pool = pool_of(parts)
    return [
        gpu_model(pool, node, gpu)
        for node in parts.reader.nodes(park)
        for gpu in node.gpus
        if gpu_class is None or pool.gpu_class(gpu) == gpu_class
    ]


async def _node(front: Front, node_id: str) -> api.Node:
    found = await from_store(front.parts.reader.node, node_id)
    if found is None:
        raise not_found(f"node {node_id}", "see `bostan nodes`")
    return (await _shown(front, [found]))[0]


async def _shown(front: Front, found: list[Node]) -> list[api.Node]:
    heard = await _heard(front)
    return await from_store(_models, front.parts, found, heard)


def _models(parts: HttpParts, found: list[Node], heard: dict[str, Instant]) -> list[api.Node]:
    pool = pool_of(parts)
    return [node_model(pool, node, heard) for node in found]


async def _heard(front: Front) -> dict[str, Instant]:
    """When each node was last heard. Nodes can be shown without the leader: then as far as this front knows."""
    try:
        reply = await front.parts.leader.ask(AskHeard())
    except LeaderUnavailable:
        return {}
    return dict(reply.at) if isinstance(reply, HeardAnswer) else {}
