"""Trains the digits network with several learning rates, one job each, and prints the best.

python examples/sweep/sweep.py [--rates R R ...] [--epochs N]
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bostan import Client, JobSpec
from bostan.errors import NotFound

DIGITS = Path(__file__).resolve().parent.parent / "digits"
RATES = (0.3, 0.1, 0.03, 0.01, 0.003)
OUTPUT_SECONDS = 60.0


def main() -> int:
    """Submit, wait, collect, compare. The exit code is 0 only if every job succeeded."""
    arguments = parse()
    with Client(os.environ["BOSTAN_URL"], os.environ["BOSTAN_TOKEN"]) as client:
        jobs = submit(client, arguments.rates, arguments.epochs, arguments.python)
        reached = {rate: finished(client, job) for rate, job in jobs.items()}
    for rate, accuracy in reached.items():
        print(f"rate {rate:g}: " + ("failed" if accuracy is None else f"accuracy {accuracy:.4f}"))
    told = {rate: accuracy for rate, accuracy in reached.items() if accuracy is not None}
    if told:
        best = max(told, key=told.__getitem__)
        print(f"best: rate {best:g} with accuracy {told[best]:.4f}")
    return 0 if len(told) == len(reached) else 1


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rates", type=float, nargs="+", default=RATES, metavar="RATE")
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--python", default="python3", help="the nodes' interpreter that has scikit-learn")
    return parser.parse_args()


def submit(client: Client, rates: Sequence[float], epochs: int, python: str) -> dict[float, str]:
    """One batch of one job a rate. The id of each rate's job."""
    ids = client.submit_batch([job(rate, epochs, python) for rate in rates]).ids
    return dict(zip(rates, ids, strict=True))


def job(rate: float, epochs: int, python: str) -> JobSpec:
    """The training with one learning rate."""
    command = (python, "train.py", "--rate", str(rate), "--epochs", str(epochs))
    return JobSpec.model_validate({"name": "digits-sweep", "command": command, "work_dir": str(DIGITS)})


def finished(client: Client, job_id: str) -> float | None:
    """Wait for a job. The accuracy that it reached; None when it failed."""
    ended = client.wait(job_id)
    if ended.state != "succeeded":
        print(f"{job_id} {ended.state}: {ended.outcome_detail}")
        return None
    with tempfile.TemporaryDirectory() as scratch:
        fetch(client, job_id, Path(scratch) / "output")
        result = json.loads((Path(scratch) / "output" / "result.json").read_text())
    return float(result["accuracy"])


def fetch(client: Client, job_id: str, folder: Path) -> None:
    """Download what the job left; it may arrive a moment after the job's end."""
    deadline = time.monotonic() + OUTPUT_SECONDS
    while True:
        try:
            client.download(job_id, folder)
        except NotFound:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)
        else:
            return


if __name__ == "__main__":
    raise SystemExit(main())
