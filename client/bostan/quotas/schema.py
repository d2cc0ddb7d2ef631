"""The JSON schema of one quota file, for editors."""

from __future__ import annotations

import json
from typing import Any

from bostan.quotas.model import QuotaFiles


def quota_schema() -> dict[str, Any]:
    """The schema of a single file: as of the merged files, save that other files may hold what this one lacks."""
    schema = QuotaFiles.model_json_schema(mode="serialization")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "Bostan quota file",
        "description": "One of the files of a quota folder; they are merged by top-level key.",
        "required": ["schema_version"],
    }


def quota_schema_text() -> str:
    """The schema as it is written to quotas/schema.json."""
    return json.dumps(quota_schema(), indent=2, ensure_ascii=False) + "\n"
