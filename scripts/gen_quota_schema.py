"""Writes quotas/schema.json, the JSON schema of a quota file, from the model.

scripts/gen_quota_schema.py
"""

from pathlib import Path

from bostan.quotas.schema import quota_schema_text

TARGET = Path(__file__).resolve().parent.parent / "quotas" / "schema.json"


def main() -> None:
    """Write the schema again."""
    TARGET.write_text(quota_schema_text(), encoding="utf-8")
    print(TARGET.name)


if __name__ == "__main__":
    main()
