"""The quota files as one value. It dumps to, and loads from, the same keys that the files have."""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated, ClassVar, Final, Literal

from pydantic import AfterValidator, Field, StrictInt, StrictStr, WithJsonSchema, model_validator

from bostan.fieldtypes import Amount, ClassId, Count, Id, Text
from bostan.quotas.instants import Instant, timezone
from bostan.quotas.windows import ENTRIES_MAX as WINDOWS_MAX
from bostan.quotas.windows import LocalReserve, Maintenance, Reservation
from bostan.strictmodel import Finding, StrictModel, refuse, refuse_all, shown
from bostan.yamlfile import hidden_character

ENTRIES_MAX: Final = 10_000
HOURS_MAX: Final = 720
_NATIONAL_ID: Final = re.compile(r"[0-9]{11}", re.ASCII)
_CAPABILITY: Final = re.compile(r"[0-9]{1,2}\.[0-9]", re.ASCII)


def _displayed(text: str) -> str:
    """A name for people: one line, nothing hidden in it, and one spelling for what looks the same."""
    if hidden_character(text) or any(c in text for c in "\t\r\n"):
        raise refuse("holds an invisible character", "remove it")
    return unicodedata.normalize("NFC", text)


def _zone_name(name: str) -> str:
    return timezone(name).key


def _national_id(text: str) -> str:
    if _NATIONAL_ID.fullmatch(text):
        return text
    raise refuse(f"{shown(text)} is not 11 digits", "write the national id of the firm in quotes")


def _capability(text: str) -> str:
    if _CAPABILITY.fullmatch(text):
        return text
    raise refuse(f"{shown(text)} is not a compute capability", 'write it as "9.0"')


Displayed = Annotated[Text, AfterValidator(_displayed)]
Zone = Annotated[StrictStr, AfterValidator(_zone_name)]
NationalId = Annotated[
    StrictStr, AfterValidator(_national_id), WithJsonSchema({"type": "string", "pattern": "^[0-9]{11}$"})
]
Capability = Annotated[StrictStr, AfterValidator(_capability)]
Milli = Annotated[StrictInt, Field(ge=1, le=1_000_000)]
PerNode = Annotated[StrictInt, Field(ge=1, le=1_024)]


class Title(StrictModel):
    """A name for people, in one language or both."""

    en: Displayed | None = None
    fa: Displayed | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Title:
        if self.en is None and self.fa is None:
            raise refuse("is in no language", "write en, fa or both")
        return self


class Meta(StrictModel):
    """What the files are about; written in exactly one of them."""

    not_supported_yet: ClassVar[frozenset[str]] = frozenset({"billing_calendar"})

    scope: Id
    title: Title
    timezone: Zone = Field(description="IANA name; Jalali days begin at midnight there")
    owners: tuple[Id, ...] = Field(min_length=1, max_length=64)


class GpuClass(StrictModel):
    """A name for interchangeable GPUs, and how NVML calls them."""

    not_supported_yet: ClassVar[frozenset[str]] = frozenset({"bundle"})

    memory_gib: Annotated[StrictInt, Field(ge=1, le=4_096)]
    devices: tuple[Text, ...] = Field(
        default=(), max_length=64, description="names as NVML gives them; `*` stands for any characters"
    )
    compute_capability: Capability | None = Field(default=None, description="omitted: any")
    su_milli: Milli = Field(default=1000, description="price of an hour, in thousandths of a service unit")
    speed_milli: Milli = Field(default=1000, description="speed, in thousandths of the reference class")


class Pool(StrictModel):
    """Equal nodes of a park."""

    gpu_class: ClassId
    nodes: Count
    gpus_per_node: PerNode


class Park(StrictModel):
    """A site with one operator, and the GPUs that it offers."""

    name: Title
    operator: Id
    pools: dict[Id, Pool] = Field(min_length=1, max_length=1_000)
    local_reserve: tuple[LocalReserve, ...] = Field(default=(), max_length=64)
    maintenance: tuple[Maintenance, ...] = Field(default=(), max_length=WINDOWS_MAX)


class Firm(StrictModel):
    """A tenant."""

    not_supported_yet: ClassVar[frozenset[str]] = frozenset({"members"})

    name: Title
    type: Id
    sector: Id | None = None
    home_park: Id
    national_id: NationalId | None = None
    projects: tuple[Id, ...] = Field(default=("main",), min_length=1, max_length=1_000)

    @model_validator(mode="after")
    def _projects_differ(self) -> Firm:
        if len(set(self.projects)) < len(self.projects):
            raise refuse_all([Finding(("projects",), "names a project twice", "keep each once")])
        return self


class Share(StrictModel):
    """How many GPUs of one class a node of the tree may hold at one moment."""

    guaranteed: Amount = Field(description="GPUs it can always get back")
    borrow_limit: Amount | None = Field(
        default=None, description="most above the guarantee; omitted: no limit"
    )
    lend_limit: Amount | None = Field(
        default=None, description="most that others may use; omitted: all of it"
    )

    @model_validator(mode="after")
    def _lends_what_it_has(self) -> Share:
        if self.lend_limit is not None and self.lend_limit > self.guaranteed:
            problem = f"{self.lend_limit} is more than the {self.guaranteed} guaranteed"
            raise refuse_all([Finding(("lend_limit",), problem, f"write {self.guaranteed} or less")])
        return self


class MaxJob(StrictModel):
    """The largest single job."""

    gpus: Count | None = None
    hours: Annotated[StrictInt, Field(ge=1, le=HOURS_MAX)] | None = None


class QuotaNode(StrictModel):
    """A branch of the quota tree, or, when it names a firm, a leaf; in force in its window [from, until)."""

    not_supported_yet: ClassVar[frozenset[str]] = frozenset({"qos", "approvals"})

    id: Id
    parent: Id | None
    firm: Id | None = None
    from_unix_seconds: Instant = Field(alias="from")
    until_unix_seconds: Instant = Field(alias="until")
    weight: Annotated[StrictInt, Field(ge=1, le=1_000)] = Field(
        default=1, description="share among siblings of borrowed GPUs"
    )
    gpus: dict[ClassId, Share] = Field(max_length=100)
    max_job: MaxJob = MaxJob()
    max_queued: Amount | None = Field(default=None, description="most jobs that may wait; omitted: no limit")

    @model_validator(mode="after")
    def _is_in_force(self) -> QuotaNode:
        if self.from_unix_seconds >= self.until_unix_seconds:
            raise refuse_all(
                [Finding(("until",), "is not after from", "the window is empty; correct one of them")]
            )
        return self


class QuotaFiles(StrictModel):
    """All quota files of a folder, merged."""

    not_supported_yet: ClassVar[frozenset[str]] = frozenset(
        {"units", "qos", "price_books", "contracts", "programmes", "grants", "policies", "guardrails"}
    )

    schema_version: Literal[1]
    meta: Meta
    gpu_classes: dict[ClassId, GpuClass] = Field(default_factory=dict, max_length=1_000)
    parks: dict[Id, Park] = Field(default_factory=dict, max_length=ENTRIES_MAX)
    firms: dict[Id, Firm] = Field(default_factory=dict, max_length=ENTRIES_MAX)
    quotas: tuple[QuotaNode, ...] = Field(default=(), max_length=ENTRIES_MAX)
    reservations: tuple[Reservation, ...] = Field(default=(), max_length=1_000)

    @property
    def projects(self) -> tuple[tuple[str, str], ...]:
        """Every (firm, project)."""
        return tuple((firm, project) for firm, each in self.firms.items() for project in each.projects)
