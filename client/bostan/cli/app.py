"""Every command in one table: its name, its function, and the example that its help shows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import typer

from bostan.cli import (
    access,
    downloads,
    exitcodes,
    firms,
    forecasts,
    jobs,
    logs,
    nodes,
    parks,
    quotas,
    running,
    steering,
    submitting,
    usage,
    waiting,
    why,
    windows,
)
from bostan.cli.failures import Root

Commands = tuple[tuple[str, Callable[..., None], str], ...]

COMMANDS: Final[Commands] = (
    ("login", access.login, "bostan login https://bostan.example"),
    ("whoami", access.whoami, "bostan whoami"),
    ("submit", submitting.submit, "bostan submit job.yaml --follow"),
    ("run", running.run, "bostan run --gpus 2 --class h100-80g-sxm -- python train.py"),
    ("jobs", jobs.jobs, "bostan jobs --phase queued"),
    ("show", jobs.show, "bostan show JOB"),
    ("logs", logs.logs, "bostan logs -f JOB"),
    ("why", why.why, "bostan why JOB"),
    ("estimate", forecasts.estimate, "bostan estimate job.yaml"),
    ("wait", waiting.wait, "bostan wait JOB --timeout 2h"),
    ("cancel", steering.cancel, "bostan cancel JOB --reason 'wrong data'"),
    ("requeue", steering.requeue, "bostan requeue JOB --avoid-node"),
    ("download", downloads.download, "bostan download JOB -C results"),
    ("usage", usage.usage, "bostan usage --from 2026-01-01"),
    ("firms", firms.firms, "bostan firms"),
    ("parks", parks.parks, "bostan parks"),
    ("nodes", nodes.nodes, "bostan nodes --park tabriz"),
    ("gpus", nodes.gpus, "bostan gpus --class h100-80g-sxm"),
    ("drain", nodes.drain, "bostan drain tabriz/node-1 --reason 'new fans'"),
    ("undrain", nodes.undrain, "bostan undrain tabriz/node-1"),
)
GROUPS: Final[tuple[tuple[str, str, Commands], ...]] = (
    (
        "park",
        "Make parks known, and let their agents in.",
        (
            ("add", parks.add, "bostan park add tabriz --name 'Tabriz park'"),
            ("token", parks.token, "bostan park token tabriz"),
        ),
    ),
    (
        "park maintenance",
        "Announce when nodes of a park are away.",
        (
            (
                "add",
                windows.announce,
                "bostan park maintenance add tabriz --from 2026-12-31T22:00 --until +9h --reason 'new UPS'",
            ),
            ("list", windows.list_maintenance, "bostan park maintenance list tabriz"),
            ("remove", windows.call_off, "bostan park maintenance remove tabriz ups-1"),
        ),
    ),
    (
        "reservations",
        "Keep GPUs of a park for a firm for a time.",
        (
            (
                "add",
                windows.reserve,
                "bostan reservations add tabriz --firm acme --class t4-16g --gpus 8 --from +1d --until +8d",
            ),
            ("list", windows.list_reservations, "bostan reservations list"),
            ("remove", windows.give_up, "bostan reservations remove contest"),
        ),
    ),
    (
        "node",
        "Say what the centre cannot know of a node.",
        (("confirm-dead", nodes.confirm_dead, "bostan node confirm-dead tabriz/node-1 --yes"),),
    ),
    (
        "quotas",
        "Check, apply and show quotas.",
        (
            ("validate", quotas.validate, "bostan quotas validate quotas/"),
            ("apply", quotas.apply, "bostan quotas apply quotas/"),
            ("show", quotas.show, "bostan quotas show"),
        ),
    ),
    (
        "token",
        "Make, list and revoke the tokens of people and programs.",
        (
            ("create", access.create, "bostan token create ada --role member --firm acme"),
            ("list", access.list_tokens, "bostan token list"),
            ("revoke", access.revoke, "bostan token revoke TOKEN"),
        ),
    ),
    (
        "help",
        "Read more about what commands have in common.",
        (("exit-codes", exitcodes.exit_codes, "bostan help exit-codes"),),
    ),
)
# What follows the command's own words belongs to the program that it starts.
_KEEPS_THE_REST: Final = {"run": {"allow_interspersed_args": False, "ignore_unknown_options": False}}


def _build() -> typer.Typer:
    root = _group(Root, "Run AI-training jobs on the GPUs of many technology parks.")
    _register(root, COMMANDS)
    groups = {"": root}
    for path, about, commands in GROUPS:
        above, _, name = path.rpartition(" ")
        groups[path] = _group(typer.core.TyperGroup, about)
        _register(groups[path], commands)
        groups[above].add_typer(groups[path], name=name)
    root.callback()(_about)
    return root


def _group(kind: type[typer.core.TyperGroup], about: str) -> typer.Typer:
    # Rich help costs a third of the start; what it adds is a frame.
    return typer.Typer(
        cls=kind,
        help=about,
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )


def _register(group: typer.Typer, commands: Commands) -> None:
    for name, function, example in commands:
        settings: dict[str, Any] = {"help_option_names": ["-h", "--help"], **_KEEPS_THE_REST.get(name, {})}
        group.command(name, epilog=f"Example: {example}", context_settings=settings)(function)


def _show_version(wanted: bool) -> None:
    if wanted:
        from bostan import __version__

        typer.echo(f"bostan {__version__}")
        raise typer.Exit


def _about(
    version: bool = typer.Option(
        False, "--version", callback=_show_version, is_eager=True, help="Show the version."
    ),
) -> None:
    """Run AI-training jobs on the GPUs of many technology parks."""


app: Final = _build()
