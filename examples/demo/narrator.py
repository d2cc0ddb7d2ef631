"""Tells what happens, one step at a time, and stops at the first step that does not hold."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from rich.console import Console

Value = TypeVar("Value")


class StepFailed(Exception):
    """A step of the demo did not hold."""


@dataclass
class Narrator:
    """Numbers the steps and times them."""

    console: Console = field(default_factory=lambda: Console(highlight=False))
    steps: int = 0
    began: float = field(default_factory=time.monotonic)

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """A step: its title first, then what it prints, then that it held."""
        self.steps += 1
        self.console.print(f"\n[bold]{self.steps}. {title}[/bold]")
        began = time.monotonic()
        yield
        self.console.print(f"   [green]✓[/green] [dim]{time.monotonic() - began:.1f} s[/dim]")

    def say(self, text: str) -> None:
        """A line below the step's title."""
        self.console.print(f"   {text}", markup=False)

    def ran(self, command: str) -> None:
        """A command as a user would type it."""
        self.console.print(f"   [cyan]$ {command}[/cyan]")

    def show(self, text: str) -> None:
        """Output of a command, set in."""
        for line in text.rstrip().splitlines():
            self.console.print(f"     {line}", markup=False, overflow="crop", no_wrap=True)

    def verify(self, holds: bool, claim: str) -> None:
        """Say that a claim holds, or stop. Raises `StepFailed`."""
        if not holds:
            raise StepFailed(claim)
        self.console.print(f"   [green]verified:[/green] {claim}")

    def until(self, claim: str, look: Callable[[], Value | None], seconds: float = 60.0) -> Value:
        """Look until there is something. Raises `StepFailed` when nothing comes."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = look()
            if found:
                return found
            time.sleep(0.1)
        raise StepFailed(f"not within {seconds:.0f} s: {claim}")

    @property
    def seconds(self) -> float:
        """Since the demo began."""
        return time.monotonic() - self.began
