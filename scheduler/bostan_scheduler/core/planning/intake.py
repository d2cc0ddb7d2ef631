"""Rows that have changed, taken in on the desk."""

from collections.abc import Collection

from bostan_scheduler.core.job import Queued
from bostan_scheduler.core.planning.desk import Desk, size_of
from bostan_scheduler.core.snapshot import Snapshot


def take_in(
    desk: Desk, snapshot: Snapshot, jobs: Collection[str], attempts: Collection[str], nodes: Collection[str]
) -> None:
    """Take in the rows that have changed; `snapshot` has them all."""
    desk.snapshot = snapshot
    for node_id in nodes:
        _update_node(desk, node_id)
    if nodes and snapshot.obstacles:
        desk.timeline.pin(snapshot, snapshot.pins)
    for attempt_id in attempts:
        _update_attempt(desk, attempt_id)
    for job_id in jobs:
        _update_job(desk, job_id)


def give_up(desk: Desk, job_id: str) -> None:
    """Nothing is kept for a job any more; if it still waits, it is in line again."""
    desk.served(job_id)
    _update_job(desk, job_id)


def look_again(desk: Desk) -> None:
    """Time has passed: checkpoints that were awaited may be overdue, patience over, and windows nearer or over."""
    desk.charge_what_is_due()
    moved = desk.timeline.outdated(desk.snapshot)
    if moved:
        desk.timeline.pin(desk.snapshot, desk.snapshot.pins)
    if moved or not desk.timeline.empty:
        desk.memory.forget_room()
    over = [job_id for job_id, until in desk.patient.items() if until <= desk.snapshot.now]
    for job_id in (*desk.aside, *over):
        _update_job(desk, job_id)


def _update_node(desk: Desk, node_id: str) -> None:
    desk.memory.grow_room(desk.room.set_node(desk.snapshot, node_id))
    if desk.patient:  # whether there is another node to wait for may be another matter now
        desk.memory.forget_room()
    desk.sizes[node_id] = size_of(desk.snapshot, node_id)


def _update_attempt(desk: Desk, attempt_id: str) -> None:
    attempt = desk.snapshot.attempts.get(attempt_id)
    if attempt is not None and attempt.holds:
        desk.hold(attempt, desk.snapshot.jobs[attempt.job_id])
        return
    if attempt_id not in desk.running.attempts:
        return
    classes, given = desk.let_go(attempt_id)
    desk.memory.grow_room(classes)
    if given is not None:
        desk.memory.grow_quota(given)


def _update_job(desk: Desk, job_id: str) -> None:
    job = desk.snapshot.jobs.get(job_id)
    if job is None:
        desk.room.forget(job_id)
    else:
        desk.room.know(job)
    desk.aside.pop(job_id, None)
    desk.outside.pop(job_id, None)
    desk.out_of_line(job_id)
    leaf = desk.ready(job) if job is not None and isinstance(job.phase, Queued) else None
    if job is not None and leaf is not None:
        desk.queue.put(leaf, desk.shape(job), job, desk.ask(job))
