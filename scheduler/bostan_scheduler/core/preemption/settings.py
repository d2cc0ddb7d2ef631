"""How often and how readily running jobs make room. The coefficients' origin is in docs/decisions."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Preemption:
    """`spacing_seconds` between rounds, `quiet_seconds` when no job has come or ended since and nobody can get urgent by time alone; what has run less than `min_run_seconds` is left alone; a restart costs
    `restart_seconds`. In a round at most `candidates_max` lines may ask for room. A gang that waits for
    `starving_seconds` gets a reservation; at most `reservations_max` have one. Room that was made is kept for
    `claim_seconds` beyond the longest stop. A running job goes on elsewhere where it is `move_gain` times as fast.
    """

    spacing_seconds: int = 360
    min_run_seconds: int = 1800
    restart_seconds: int = 300
    candidates_max: int = 64
    starving_seconds: int = 30 * 86_400
    reservations_max: int = 1
    claim_seconds: int = 300
    move_gain: float = 1.25
    quiet_seconds: int = 1800
