"""The types of single fields of a world file."""

from typing import Annotated

from bostan.fieldtypes import Id
from bostan.strictmodel import refuse
from pydantic import AfterValidator, Field, StrictInt, StrictStr

SECONDS_MAX = 10 * 365 * 86_400
HOURS_MAX = SECONDS_MAX / 3600
JOBS_MAX = 1_000_000
SIGMA_MAX = 5


def _sigma(sigma: float) -> float:
    if not 0 <= sigma <= SIGMA_MAX:
        raise refuse(
            f"is {sigma:g}", f"write 0, no error, to {SIGMA_MAX}; with 1, half are off by more than twofold"
        )
    return sigma


Firm = Annotated[StrictStr, Field(min_length=1, max_length=63)]
GpuClass = Id
Gpus = Annotated[StrictInt, Field(ge=0, le=1_000_000)]
Seconds = Annotated[StrictInt, Field(ge=0, le=SECONDS_MAX)]
WholeSeconds = Annotated[StrictInt, Field(ge=1, le=SECONDS_MAX)]
Moment = Annotated[float, Field(ge=0, le=SECONDS_MAX)]
Length = Annotated[float, Field(gt=0, le=SECONDS_MAX)]
Hours = Annotated[float, Field(ge=0, le=HOURS_MAX)]
SomeHours = Annotated[float, Field(gt=0, le=HOURS_MAX)]
Weight = Annotated[float, Field(gt=0, le=1e6)]
Sigma = Annotated[float, AfterValidator(_sigma)]
"""The deviation of a logarithm."""
NodeId = Annotated[StrictStr, Field(min_length=3, max_length=200, pattern="^[^/]+/.+$")]
