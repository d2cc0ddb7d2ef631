"""What the life of a rank needs of the rest of the agent."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bostan_agent.crew import Crew
from bostan_agent.devices.port import Devices
from bostan_agent.files.logs import LogPusher
from bostan_agent.journal import Journal
from bostan_agent.ranks.couriers import Courier
from bostan_agent.ranks.ports import Ports
from bostan_agent.ranks.staging import Owner, Places, Stager
from bostan_agent.runtime.port import Runtime
from bostan_agent.settings import Settings
from bostan_agent.shim.spec import RankKey


@dataclass(frozen=True, slots=True)
class Means:
    """The parts that ranks are run with. `address` is asked anew: a node may get another."""

    settings: Settings
    journal: Journal
    runtime: Runtime
    devices: Devices
    courier: Courier
    stager: Stager
    ports: Ports
    logs: LogPusher
    crew: Crew
    owner: Owner | None
    boot_id: str
    address: Callable[[], str]

    def places(self, key: RankKey) -> Places:
        """The folders that a rank's files live in."""
        return Places(self.settings.state_dir / "work" / key.folder_name)

    def rank_folder(self, key: RankKey) -> Path:
        """The folder of a rank's shim."""
        return self.settings.state_dir / "ranks" / key.folder_name
