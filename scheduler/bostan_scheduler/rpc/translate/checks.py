"""What any field of an agent's message has to pass: names by their form, numbers by their range, texts by their length."""

import re
from collections.abc import Sized
from typing import Final

from bostan_scheduler.rpc.errors import NotUnderstood

INT64_MAX: Final = 2**63 - 1
MEMORY_BYTES_MAX: Final = 2**50
CPUS_MAX: Final = 1_000_000
RANKS_MAX: Final = 1_000_000
PORT_MAX: Final = 65_535

NODE_NAME: Final = re.compile(r"[a-z0-9]([a-z0-9.-]{0,62})")
ATTEMPT_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,95}")
SHA256: Final = re.compile(r"[0-9a-f]{64}")
UUID: Final = re.compile(r"[0-9a-f]{8}(-?)[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{12}")
GPU_UUID: Final = re.compile(r"GPU-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
MIG_UUID: Final = re.compile(
    rf"MIG-([0-9a-f]{{8}}(-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}}|{GPU_UUID.pattern}/\d{{1,3}}/\d{{1,3}})"
)
DEVICE_UUID: Final = re.compile(rf"{GPU_UUID.pattern}|{MIG_UUID.pattern}")
MIG_PROFILE: Final = re.compile(r"[0-9]{1,2}g\.[0-9]{1,3}gb(\+[a-z.]{1,12})?")
ADDRESS: Final = re.compile(r"[0-9A-Za-z.:-]{1,253}")
LABEL: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,62}")
WORD: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,62})")
CAPABILITY: Final = re.compile(r"[0-9]{1,3}\.[0-9]{1,3}")


def name(value: str, form: re.Pattern[str], field: str, what: str) -> str:
    """A name that has a form of its own."""
    if not form.fullmatch(value):
        raise NotUnderstood(field, f"{value[:80]!r} is not {what}")
    return value


def name_or_empty(value: str, form: re.Pattern[str], field: str, what: str) -> str:
    """A name that may be left out."""
    return name(value, form, field, what) if value else value


def number(value: int, least: int, most: int, field: str) -> int:
    """A number within its range."""
    if not least <= value <= most:
        raise NotUnderstood(field, f"{value} is not from {least} to {most}")
    return value


def few(values: Sized, most: int, field: str) -> None:
    """Not more entries than there may be."""
    if len(values) > most:
        raise NotUnderstood(field, f"{len(values)} entries; at most {most} are taken")


def text(value: str, chars_max: int) -> str:
    """Words for people, in one line, without what would steer a terminal, and not endless."""
    shown = "".join(letter if letter.isprintable() else " " for letter in value[: chars_max + 1]).strip()
    return shown if len(shown) <= chars_max else shown[: chars_max - 1] + "…"
