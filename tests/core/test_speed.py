"""How fast a job runs on a class of GPU."""

from dataclasses import replace

import pytest
from bostan_scheduler.core.job import Job, JobSpec, Queued
from bostan_scheduler.core.snapshot import ClassFacts
from bostan_scheduler.core.speed import speed_of

CLASSES = {"v100": ClassFacts(speed_milli=1000), "h100": ClassFacts(speed_milli=6500)}
TRAIN = JobSpec(name="train", firm="negar", project=None, command=("train",))


@pytest.mark.parametrize(
    ("says", "gpu_class", "speed"),
    [
        ((), "h100", 6.5),  # what the administrator says of the class
        ((("h100", 2.25),), "h100", 2.25),  # the job knows better
        ((("a100", 3.0),), "h100", 6.5),  # what it says of another class is nothing here
        ((), "t4", 1.0),  # nobody says anything
        ((("h100", 2.25),), None, 1.0),  # it runs on no GPU
    ],
)
def test_what_the_job_says_comes_before_what_the_class_says(
    says: tuple[tuple[str, float], ...], gpu_class: str | None, speed: float
) -> None:
    spec = replace(TRAIN, speeds=says)
    job = Job("j-1", spec, submitted_at=0, submitted_by="ada", phase=Queued(0))
    assert speed_of(CLASSES, spec, gpu_class) == speed
    assert speed_of(CLASSES, job.shape, gpu_class) == speed
