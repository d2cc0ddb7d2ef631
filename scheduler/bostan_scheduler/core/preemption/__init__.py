"""Which running jobs make room: for what a firm is guaranteed, for a firmer claim, or for a large gain."""

from bostan_scheduler.core.preemption.settings import Preemption

__all__ = ["Preemption"]
