"""The job file: what a user asks for, read strictly, with each mistake told by file, line and remedy."""

from bostan.jobfile.beside import NodeKind
from bostan.jobfile.capacity import ParkCapacity, impossible
from bostan.jobfile.loader import JobFile, job_from, job_schema, load_job, read_job
from bostan.jobfile.spec import Checkpoint, JobSpec, ParkChoice, Retries
from bostan.jobfile.units import BadUnit, duration_seconds, duration_text, size_bytes, size_text

__all__ = [
    "BadUnit",
    "Checkpoint",
    "JobFile",
    "JobSpec",
    "NodeKind",
    "ParkCapacity",
    "ParkChoice",
    "Retries",
    "duration_seconds",
    "duration_text",
    "impossible",
    "job_from",
    "job_schema",
    "load_job",
    "read_job",
    "size_bytes",
    "size_text",
]
