"""Every invariant, asserted from scratch: a second derivation that must agree with the first.

`check` is for any snapshot, `check_quota` for one whose quotas have not been lowered, `check_plan` for a plan and
the snapshot that it was drawn up for.
"""

from bostan_scheduler.core.check.held import check
from bostan_scheduler.core.check.plans import check_plan
from bostan_scheduler.core.check.quotas import check_quota

__all__ = ["check", "check_plan", "check_quota"]
