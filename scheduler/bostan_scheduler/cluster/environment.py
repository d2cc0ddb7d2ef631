"""What Ray reads from the environment, once, when it is first imported."""

import os
import secrets
import sys


def prepare_for_ray(ray_address: str) -> None:
    """A token that only our own cluster knows, no idle workers, no low priority, no reports home.

    When a cluster is joined, its own settings and token hold, and are left as they are.
    """
    assert "ray" not in sys.modules, "Ray has read its environment already"
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ["RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO"] = "0"
    if ray_address == "local":
        os.environ.update(_of_our_own())


def _of_our_own() -> dict[str, str]:
    return {
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
        "RAY_worker_niceness": "0",
        "RAY_enable_worker_prestart": "0",
        "RAY_prestart_worker_first_driver": "0",
    }
