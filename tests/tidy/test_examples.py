"""Every example that is a file of ours loads: a reader who copies one starts from something that works."""

from bostan.jobfile import load_job
from bostan.quotas import read_quotas

QUOTA_FILES = {"province.yaml", "parks.yaml", "firms.yaml", "quotas.yaml"}


def test_every_example_province_loads_without_a_warning(root):
    provinces = sorted(path.parent for path in (root / "quotas").rglob("province.yaml"))
    assert provinces
    for province in provinces:
        assert read_quotas(province).warnings == (), province


def test_every_example_job_loads(root):
    jobs = sorted((root / "examples").rglob("*.yaml"))
    assert jobs
    for job in jobs:
        assert load_job(job).command, job


def test_no_example_is_left_unread(root):
    others = {path.name for path in (root / "quotas").rglob("*.yaml")} - QUOTA_FILES
    assert others | {path.name for path in (root / "examples").rglob("*.yml")} == set()
