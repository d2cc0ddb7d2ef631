"""Parameters of paths and queries: what each may hold, said once."""

from typing import Annotated

from fastapi import Path, Query

PRINTABLE = r"^[^\x00-\x1f\x7f]+$"
INT64_MAX = 2**63 - 1

JobId = Annotated[str, Path(max_length=64, pattern=PRINTABLE, description="a job's id")]
ParkId = Annotated[str, Path(max_length=64, pattern=PRINTABLE, description="a park's id")]
NodeName = Annotated[str, Path(max_length=253, pattern=PRINTABLE, description="a node's name in its park")]
WindowId = Annotated[str, Path(max_length=64, pattern=PRINTABLE, description="a window's id")]
TokenId = Annotated[str, Path(max_length=64, pattern=PRINTABLE, description="a token's id")]
Sha256Hex = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$", description="SHA-256 of the archive's bytes")]
RankPath = Annotated[int, Path(ge=0, lt=1_000_000, description="the rank's number")]

Word = Annotated[str, Query(max_length=128, pattern=PRINTABLE)]
Offset = Annotated[int, Query(ge=0, le=INT64_MAX)]
InstantMs = Annotated[int, Query(ge=0, le=2**53, description="UTC milliseconds since 1970-01-01T00:00Z")]
