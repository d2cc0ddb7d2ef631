"""The Dockerfile: the images that the chart names, made of files that exist, by locked requirements alone."""

import re
import tomllib

import pytest
import yaml


@pytest.fixture(scope="module")
def stages(root):
    """Stage name -> its instructions, as (word, rest) pairs; continued lines joined."""
    text = (root / "deploy" / "docker" / "Dockerfile").read_text().replace("\\\n", " ")
    found: dict[str, list[tuple[str, str]]] = {"": []}
    current = ""
    for line in (line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")):
        word, _, rest = line.partition(" ")
        if word == "FROM":
            current = rest.split()[-1]
            found[current] = []
        found[current].append((word, re.sub(r"\s+", " ", rest.strip())))
    return found


def test_the_chart_names_the_images_that_the_dockerfile_makes(stages, chart):
    values = yaml.safe_load((chart / "values.yaml").read_text())
    assert [values[part]["image"]["repository"] for part in ("centre", "agent")] == [
        "bostan/centre",
        "bostan/agent",
    ]
    assert list(stages)[-2:] == ["centre", "agent"]


def test_every_file_that_is_copied_exists_and_is_sent_to_the_builder(stages, root):
    sent = {line[1:] for line in ignore_lines(root) if line.startswith("!")}
    sources = [source for stage in stages.values() for source in copied(stage)]
    assert "pyproject.toml" in sources
    assert [source for source in sources if not (root / source).exists()] == []
    assert [source for source in sources if source.split("/")[0] not in sent] == []


def test_every_stage_that_is_named_stands_before(stages):
    seen: set[str] = set()
    for name, stage in stages.items():
        named = [rest for word, rest in stage if word == "COPY" and rest.startswith("--from=")]
        assert all(rest.removeprefix("--from=").split()[0] in seen for rest in named)
        seen.add(name)


def test_packages_come_from_locked_requirements_alone(stages):
    installs = [run for stage in stages.values() for word, run in stage if word == "RUN" and "pip" in run]
    assert len(installs) == 6
    assert [run for run in installs if "--require-hashes" not in run and "--no-deps" not in run] == []


def test_the_wheel_is_made_of_all_packages(stages, root):
    project = tomllib.loads((root / "pyproject.toml").read_text())
    packages = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert {package.split("/")[0] for package in packages} <= set(copied(stages["wheel"]))


@pytest.mark.parametrize(("image", "program"), [("centre", "bostan-scheduler"), ("agent", "bostan-agent")])
def test_each_image_starts_a_program_that_is_installed(image, program, stages, root):
    scripts = tomllib.loads((root / "pyproject.toml").read_text())["project"]["scripts"]
    assert program in scripts
    assert instruction(stages[image], "CMD").startswith(f'["{program}", ')
    assert instruction(stages[image], "ENTRYPOINT") == '["tini", "-s", "--"]'


def test_the_centre_runs_as_the_user_that_the_chart_names(stages, cases):
    uid, gid = map(int, instruction(stages["centre"], "USER").split(":"))
    pod = next(one for one in cases["default"] if one["kind"] == "StatefulSet")["spec"]["template"]["spec"]
    assert (pod["securityContext"]["runAsUser"], pod["securityContext"]["runAsGroup"]) == (uid, gid)
    assert uid > 0


def test_the_chart_starts_what_the_image_starts(stages, cases):
    pod = next(one for one in cases["default"] if one["kind"] == "StatefulSet")["spec"]["template"]["spec"]
    container = pod["containers"][0]
    assert "command" not in container
    assert yaml.safe_load(instruction(stages["centre"], "CMD")) == container["args"]


def test_the_centre_tells_its_health(stages):
    assert "127.0.0.1:8440/healthz" in instruction(stages["centre"], "HEALTHCHECK")


def ignore_lines(root):
    return (root / "deploy" / "docker" / "Dockerfile.dockerignore").read_text().splitlines()


def copied(stage) -> list[str]:
    """What a stage copies from the repository."""
    copies = [rest.split() for word, rest in stage if word == "COPY" and not rest.startswith("--from=")]
    return [source for copy in copies for source in copy[:-1]]


def instruction(stage, word: str) -> str:
    """The one instruction of a kind in a stage."""
    found = [rest for name, rest in stage if name == word]
    assert len(found) == 1, word
    return found[0]
