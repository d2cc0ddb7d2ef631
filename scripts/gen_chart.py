"""Writes what of the Helm chart follows from something else.

- In values.schema.json, what `centre.settings` may hold: the settings of the centre, but for those the chart sets.
- The golden files of its tests: what it renders to, for each file of values in its ci/ folder. A reviewer then sees,
  beside a changed template, the changed manifests.

    scripts/gen_chart.py
"""

import json
import sys
from pathlib import Path

import helm_python
import yaml
from bostan_scheduler.settings import CentreSettings

ROOT = Path(__file__).resolve().parent.parent
CHART = ROOT / "deploy" / "helm" / "bostan"
SCHEMA = CHART / "values.schema.json"
GOLDEN = ROOT / "tests" / "deploy" / "golden"

# What the chart decides: another value would part the centre from its Services and its volume.
SET_BY_CHART = {"data_dir", "listen", "agents_listen", "insecure"}


def main() -> int:
    """Write the schema, then every golden file anew; remove those whose values are gone."""
    SCHEMA.write_text(schema(), encoding="utf-8")
    for path in GOLDEN.glob("*.yaml"):
        path.unlink()
    for name in cases():
        (GOLDEN / f"{name}.yaml").write_text(golden(name), encoding="utf-8")
        print(f"{GOLDEN.relative_to(ROOT)}/{name}.yaml")
    return 0


def schema() -> str:
    """The schema of the values, with today's settings of the centre."""
    known = CentreSettings.model_json_schema(mode="validation")["properties"]
    known = {name: part for name, part in known.items() if name not in SET_BY_CHART}
    values = json.loads(SCHEMA.read_text(encoding="utf-8"))
    values["$defs"]["settings"] = {"type": "object", "additionalProperties": False, "properties": known}
    return json.dumps(values, indent=2, ensure_ascii=False) + "\n"


def cases() -> list[str]:
    """The names of the value files in the chart's ci/ folder."""
    return sorted(path.name.removesuffix("-values.yaml") for path in (CHART / "ci").glob("*-values.yaml"))


def golden(name: str) -> str:
    """All that one file of values renders to, in one text, each part under the template that made it."""
    values = yaml.safe_load((CHART / "ci" / f"{name}-values.yaml").read_text(encoding="utf-8"))
    parts = [f"# {path}\n{text.strip()}\n" for path, text in sorted(render(values).items()) if text.strip()]
    return "---\n".join(parts)


def render(values: dict[str, object]) -> dict[str, str]:
    """Template -> manifest, for the release `trial` in the namespace `province`; NOTES.txt as comments."""
    with helm_python.Chart.load(str(CHART)) as chart:
        rendered = chart.render(values, name="trial", namespace="province")
    return {path: commented(text) if path.endswith(".txt") else text for path, text in rendered.items()}


def commented(text: str) -> str:
    """A text as YAML comments."""
    return "".join(f"# {line}".rstrip() + "\n" for line in text.strip().splitlines())


if __name__ == "__main__":
    sys.exit(main())
