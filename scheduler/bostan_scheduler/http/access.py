"""The one table of who may use which route, and how far they reach there. What is not in it cannot be asked."""

from collections.abc import Mapping

from bostan.api import Role

from bostan_scheduler.http.asker import Reach

Access = Mapping[Role, Reach]
Route = tuple[str, str]

ADMIN, OPERATOR, OWNER, MEMBER, AUDITOR = (
    Role.ADMIN,
    Role.OPERATOR,
    Role.FIRM_OWNER,
    Role.MEMBER,
    Role.AUDITOR,
)
_ALL, _FIRM, _PARK = Reach.EVERYTHING, Reach.OWN_FIRM, Reach.OWN_PARK

ANYBODY: Access = {ADMIN: _ALL, AUDITOR: _ALL, OPERATOR: _ALL, OWNER: _FIRM, MEMBER: _FIRM}
ADMINS: Access = {ADMIN: _ALL}
SEE_ALL: Access = {ADMIN: _ALL, AUDITOR: _ALL}
SEE_FIRM: Access = {**SEE_ALL, OWNER: _FIRM, MEMBER: _FIRM}
SEE_PARK: Access = {**SEE_ALL, OPERATOR: _PARK}
SEE_WAITS: Access = {**SEE_FIRM, OPERATOR: _PARK}
ACT_IN_FIRM: Access = {ADMIN: _ALL, OWNER: _FIRM, MEMBER: _FIRM}
ACT_IN_PARK: Access = {ADMIN: _ALL, OPERATOR: _PARK}
SEE_TOKENS: Access = {**SEE_ALL, OWNER: _FIRM}
GIVE_TOKENS: Access = {ADMIN: _ALL, OWNER: _FIRM}

TABLE: Mapping[Route, Access] = {
    ("POST", "/v1/jobs"): ACT_IN_FIRM,
    ("POST", "/v1/job-batches"): ACT_IN_FIRM,
    ("GET", "/v1/jobs"): SEE_FIRM,
    ("GET", "/v1/jobs/{job_id}"): SEE_FIRM,
    ("GET", "/v1/jobs/{job_id}/attempts"): SEE_FIRM,
    ("GET", "/v1/jobs/{job_id}/why"): SEE_WAITS,
    ("GET", "/v1/jobs/{job_id}/forecast"): SEE_FIRM,
    ("POST", "/v1/forecasts"): ACT_IN_FIRM,
    ("GET", "/v1/jobs/{job_id}/logs"): SEE_FIRM,
    ("POST", "/v1/jobs/{job_id}/cancel"): ACT_IN_FIRM,
    ("POST", "/v1/jobs/{job_id}/requeue"): ACT_IN_FIRM,
    ("GET", "/v1/jobs/{job_id}/outputs"): SEE_FIRM,
    ("GET", "/v1/jobs/{job_id}/outputs/{rank}"): SEE_FIRM,
    ("HEAD", "/v1/blobs/{sha256}"): ACT_IN_FIRM,
    ("PATCH", "/v1/blobs/{sha256}"): ACT_IN_FIRM,
    ("GET", "/v1/whoami"): ANYBODY,
    ("GET", "/v1/capacity"): ANYBODY,
    ("GET", "/v1/firms"): SEE_FIRM,
    ("GET", "/v1/parks"): ANYBODY,
    ("POST", "/v1/parks"): ADMINS,
    ("POST", "/v1/parks/{park}/tokens"): ACT_IN_PARK,
    ("GET", "/v1/parks/{park}/maintenance"): ANYBODY,
    ("POST", "/v1/parks/{park}/maintenance"): ACT_IN_PARK,
    ("DELETE", "/v1/parks/{park}/maintenance/{window_id}"): ACT_IN_PARK,
    ("GET", "/v1/reservations"): SEE_ALL,
    ("POST", "/v1/reservations"): ADMINS,
    ("DELETE", "/v1/reservations/{window_id}"): ADMINS,
    ("GET", "/v1/nodes"): SEE_PARK,
    ("GET", "/v1/nodes/{park}/{name}"): SEE_PARK,
    ("POST", "/v1/nodes/{park}/{name}/drain"): ACT_IN_PARK,
    ("POST", "/v1/nodes/{park}/{name}/undrain"): ACT_IN_PARK,
    ("POST", "/v1/nodes/{park}/{name}/confirm-dead"): ACT_IN_PARK,
    ("GET", "/v1/gpus"): SEE_PARK,
    ("GET", "/v1/quotas"): SEE_FIRM,
    ("GET", "/v1/quotas/document"): SEE_ALL,
    ("PUT", "/v1/quotas/document"): ADMINS,
    ("GET", "/v1/usage"): SEE_FIRM,
    ("POST", "/v1/tokens"): GIVE_TOKENS,
    ("GET", "/v1/tokens"): SEE_TOKENS,
    ("DELETE", "/v1/tokens/{token_id}"): GIVE_TOKENS,
    ("GET", "/v1/events"): SEE_FIRM,
}

OPEN: frozenset[Route] = frozenset(
    {
        ("GET", "/healthz"),
        ("GET", "/readyz"),
        ("GET", "/metrics"),
        ("GET", "/v1/openapi.json"),
    }
)
"""Routes that need no token, since they tell nothing about anybody."""
