"""Writes docs/settings.md, the reference of all settings, from the two classes that read them.

scripts/gen_settings.py            write it
scripts/gen_settings.py --check    write nothing; exit 1 if it is stale
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from bostan_agent.settings import Settings as AgentSettings
from bostan_scheduler.settings import CentreSettings
from pydantic import BaseModel
from pydantic.fields import FieldInfo

TARGET = Path(__file__).resolve().parent.parent / "docs" / "settings.md"
INTRO = """\
# Settings

Written from the code by `make gen`. A flag wins over the environment, the environment over the file (`--config FILE`, YAML, one
key a line), the file over the default. An unknown key is refused with its line.
"""


def main() -> int:
    """Write the page, or compare it with what is there."""
    text = page()
    if "--check" in sys.argv[1:]:
        return 0 if TARGET.read_text(encoding="utf-8") == text else 1
    TARGET.write_text(text, encoding="utf-8")
    print(TARGET.name)
    return 0


def page() -> str:
    """The whole page."""
    parts = [INTRO]
    parts += section("The centre (`bostan-scheduler`)", CentreSettings, "BOSTAN_CENTRE_")
    parts += section("The agent (`bostan-agent`)", AgentSettings, "BOSTAN_AGENT_")
    return "\n".join(parts) + "\n"


def section(title: str, model: type[BaseModel], prefix: str) -> Iterator[str]:
    """A table of one class."""
    yield f"## {title}\n\nIn the environment: `{prefix}` and the name in capitals.\n"
    yield "| Setting | Default | Meaning |\n| --- | --- | --- |"
    yield from (row(name, field) for name, field in model.model_fields.items())
    yield ""


def row(name: str, field: FieldInfo) -> str:
    """A line of the table."""
    meaning = " ".join((field.description or "").split()).replace("|", "\\|")
    return f"| `{name}` | {default(field)} | {meaning} |"


def default(field: FieldInfo) -> str:
    """The default in words."""
    if field.is_required():
        return "required"
    value = field.default
    if field.default_factory is not None or value in (None, "", {}, ()):
        return ""
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


if __name__ == "__main__":
    sys.exit(main())
