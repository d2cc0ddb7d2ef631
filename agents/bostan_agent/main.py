"""The command `bostan-agent`: run a node's agent, look at its GPUs, tell the version."""

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from importlib.metadata import version as installed_version
from importlib.util import find_spec
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_origin

from pydantic.fields import FieldInfo

from bostan_agent.settings import Settings
from bostan_agent.settings_sources import PREFIX, BadSettings, load, park_token

OK, FAILED, USAGE = 0, 1, 2
"""Exit codes: stopped in order; could not go on; wrong settings or flags."""

_NEEDS = ("grpc", "psutil", "pynvml", "structlog")
"""What the package's extra `agent` brings, and `bostan` alone does not."""
_NEVER_FLAGS = {"token"}  # every user of the machine can read a command line
_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}
_EXAMPLES = {
    "": """examples:
  bostan-agent inspect
  BOSTAN_TOKEN_FILE=/etc/bostan/token bostan-agent run --centre centre.example.org:8441 --park tehran --tls

bostan-agent COMMAND --help tells more of each.""",
    "run": """examples:
  BOSTAN_TOKEN_FILE=/etc/bostan/token bostan-agent run --centre centre.example.org:8441 --park tehran --tls
  bostan-agent run --config /etc/bostan/agent.yaml
  bostan-agent run --centre 127.0.0.1:8441 --park demo --simulate 8xH100-80GB-SXM --state-dir /tmp/node1 --node-name node1

Each setting may also stand in the environment (as BOSTAN_AGENT_HEARTBEAT_SECONDS) or in the settings file
(as heartbeat_seconds: 5). A flag wins over the environment, that over the file. SIGTERM stops the agent; ranks run on.""",
    "inspect": """examples:
  bostan-agent inspect
  bostan-agent inspect -o json
  bostan-agent inspect --simulate "4xA100-80GB,8xT4-16GB"

exit codes: 0 all GPUs may be used; 1 the devices could not be read; 3 a GPU may not be used""",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    parsed = _parser().parse_args(arguments)
    missing = [name for name in _NEEDS if find_spec(name) is None]
    if missing and parsed.command != "version":
        return _complain(f"{', '.join(missing)} not installed: pip install 'bostan[agent]'")
    match parsed.command:
        case "run":
            return _run(parsed)
        case "inspect":
            return _inspect(parsed)
        case _:
            sys.stdout.write(f"bostan-agent {_version()}\n")
            return OK


def _version() -> str:
    return installed_version("bostan")


def _parser() -> argparse.ArgumentParser:
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        "bostan-agent",
        description="The agent of one node: joins its GPUs to a Bostan centre.",
        epilog=_EXAMPLES[""],
        formatter_class=layout,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser(
        "run",
        help="join this node to a centre",
        epilog=_EXAMPLES["run"],
        formatter_class=layout,
        allow_abbrev=False,
    )
    run.add_argument("--config", type=Path, metavar="FILE", help="settings file (YAML)")
    for name, field in Settings.model_fields.items():
        if name not in _NEVER_FLAGS:
            _add_flag(run, name, field)
    inspect = commands.add_parser(
        "inspect",
        help="print this node's GPUs and their health",
        epilog=_EXAMPLES["inspect"],
        formatter_class=layout,
        allow_abbrev=False,
    )
    inspect.add_argument("-o", "--output", choices=("table", "json"), default="table", help="table or json")
    for name in ("simulate", "health_file"):
        _add_flag(inspect, name, Settings.model_fields[name])
    commands.add_parser("version", help="print the version")
    return parser


def _add_flag(parser: argparse.ArgumentParser, name: str, field: FieldInfo) -> None:
    """A flag for a setting; what it takes is checked with all other settings, not here."""
    flag = "--" + name.replace("_", "-")
    text = (field.description or "").replace("%", "%%") + _default_words(field)
    if field.annotation is bool:
        parser.add_argument(flag, dest=name, action="store_const", const=True, help=text)
    else:
        parser.add_argument(flag, dest=name, metavar=_metavar(field), help=text)


def _default_words(field: FieldInfo) -> str:
    if (
        field.is_required()
        or field.default is None
        or field.default_factory is not None
        or field.default is False
    ):
        return ""
    return f" Default: {field.default}."


def _metavar(field: FieldInfo) -> str:
    """What to call a flag's value; of an optional type, the type."""
    kinds: dict[Any, str] = {int: "NUMBER", float: "NUMBER", Path: "PATH", dict: "KEY=VALUE,..."}
    kind: Any = field.annotation
    if get_origin(kind) is UnionType:
        kind = get_args(kind)[0]
    return kinds.get(get_origin(kind) or kind, "TEXT")


def _run(parsed: argparse.Namespace) -> int:
    flags = {
        name: value
        for name, value in vars(parsed).items()
        if name in Settings.model_fields and value is not None
    }
    try:
        settings = load(flags, os.environ, parsed.config)
        park_token(settings)  # without one nothing can begin; later it may be another, which needs no restart
    except BadSettings as exc:
        return _complain(str(exc))
    _log_to_stderr(_LEVELS[settings.log_level])
    # Read by gRPC when it is first imported: we start no process by fork, and its handlers would only cost.
    os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "false")
    return asyncio.run(_until_stopped(settings))


async def _until_stopped(settings: Settings) -> int:
    # Imported late: `bostan-agent --help` needs no gRPC.
    from bostan_agent import agent
    from bostan_agent.devices.errors import BadSimulation
    from bostan_agent.health.policy import PolicyError
    from bostan_agent.journal import JournalDamaged, JournalUnwritable

    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    try:
        with agent.locked(settings.state_dir):
            await agent.run(settings, _version(), stop)
    except (BadSettings, BadSimulation, PolicyError, JournalDamaged, agent.StateInUse) as exc:
        return _complain(str(exc))
    except JournalUnwritable as exc:
        return _complain(f"the agent cannot go on: {exc}", FAILED)
    return OK


def _inspect(parsed: argparse.Namespace) -> int:
    from rich.console import Console

    from bostan_agent.devices.errors import BadSimulation
    from bostan_agent.devices.simulated import Simulated
    from bostan_agent.devices.supervised import Supervised
    from bostan_agent.devices.supervision import Supervision
    from bostan_agent.health.policy import SHIPPED, PolicyError, load_policy
    from bostan_agent.inspect import inspect

    async def look() -> int:
        simulate = parsed.simulate or os.environ.get(PREFIX + "SIMULATE")
        policy = load_policy(Path(parsed.health_file or SHIPPED))
        devices = Simulated.parse(simulate, "node") if simulate else Supervised(Supervision())
        try:
            return await inspect(devices, policy, parsed.output, Console())
        finally:
            await devices.close()

    try:
        return asyncio.run(look())
    except (BadSimulation, PolicyError, OSError) as exc:
        return _complain(str(exc))


def _complain(message: str, code: int = USAGE) -> int:
    sys.stderr.write("".join(f"bostan-agent: {line}\n" for line in message.splitlines()))
    return code


def _log_to_stderr(level: int) -> None:
    # Where rich is there, structlog loads it for pretty tracebacks: 4 MB that a log of JSON lines has no use for.
    absent: dict[str, Any] = {} if "rich" in sys.modules else {"rich": None}
    sys.modules.update(absent)
    import structlog

    for name in absent:
        del sys.modules[name]
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
    )


if __name__ == "__main__":
    sys.exit(main())
