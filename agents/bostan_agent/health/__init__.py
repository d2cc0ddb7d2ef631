"""Readings of GPUs become verdicts, by a policy that is data (health.yaml). Pure, but for loading and remembering."""

from bostan_agent.health.assess import assess, assess_unread, clear
from bostan_agent.health.policy import Policy, PolicyError, load_policy
from bostan_agent.health.verdict import (
    Action,
    AppError,
    Draining,
    Failed,
    Finding,
    GpuHealth,
    Healthy,
    Verdict,
    Warned,
)

__all__ = [
    "Action",
    "AppError",
    "Draining",
    "Failed",
    "Finding",
    "GpuHealth",
    "Healthy",
    "Policy",
    "PolicyError",
    "Verdict",
    "Warned",
    "assess",
    "assess_unread",
    "clear",
    "load_policy",
]
