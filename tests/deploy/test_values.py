"""The chart's values: a wrong one is refused with its place, and one that cannot work with its consequence."""

import json

import helm_python
import pytest
import yaml

AGENT = {"enabled": True, "park": "tabriz", "insecure": True, "token": {"existingSecret": "tabriz"}}


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"replicas": 3}, "additional properties 'replicas' not allowed"),
        ({"centre": {"img": {}}}, "additional properties 'img' not allowed"),
        ({"centre": {"persistence": {"enabled": "yes"}}}, "at '/centre/persistence/enabled'"),
        ({"centre": {"persistence": {"size": "20 GB"}}}, "at '/centre/persistence/size'"),
        ({"centre": {"image": {"digest": "latest"}}}, "at '/centre/image/digest'"),
        ({"centre": {"env": {"1X": "y"}}}, "additional properties '1X' not allowed"),
        ({"centre": {"terminationGracePeriodSeconds": -1}}, "at '/centre/terminationGracePeriodSeconds'"),
        ({"centre": {"tolerations": [{"key": "a", "opertor": "Exists"}]}}, "additional properties 'opertor'"),
        ({"agent": {"park": "Tabriz Park"}}, "at '/agent/park'"),
        ({"agent": {"centre": "centre.example.org"}}, "at '/agent/centre'"),
        ({"agent": {"nodeSelector": {"gpu": True}}}, "at '/agent/nodeSelector/gpu'"),
        ({"networkPolicy": {"egress": []}}, "additional properties 'egress' not allowed"),
        ({"serviceMonitor": {"interval": "often"}}, "at '/serviceMonitor/interval'"),
    ],
)
def test_a_wrong_value_is_refused_with_its_place(values, complaint, render):
    with pytest.raises(helm_python.HelmError, match=complaint):
        render(values)


@pytest.mark.parametrize(
    ("agent", "complaint"),
    [
        ({"park": ""}, "agent.park is empty"),
        ({"insecure": False}, "would refuse to send their token to the centre in clear"),
        ({}, "centre.insecure is false: it listens inside its pod only"),
        ({"insecure": False, "tls": {"enabled": True}}, "own centre does not speak TLS"),
        ({"centre": "c.example.org:443", "token": {}}, "Make a token with `bostan park token`"),
    ],
)
def test_what_cannot_work_is_refused_with_its_consequence(agent, complaint, render):
    with pytest.raises(helm_python.HelmError, match=complaint):
        render({"agent": {**AGENT, **agent}})


def test_what_can_work_is_taken(render):
    kinds = {one["kind"] for one in render({"agent": AGENT, "centre": {"insecure": True}})}
    assert "DaemonSet" in kinds


def test_every_object_of_the_schema_is_closed(chart):
    schema = json.loads((chart / "values.schema.json").read_text())
    objects = list(objects_of(schema))
    assert len(objects) > 10
    # Closed altogether, or a map of names to values of one kind.
    assert [one for one in objects if one.get("additionalProperties", True) is True] == []


def test_the_schema_and_the_defaults_name_the_same_values(chart):
    schema = json.loads((chart / "values.schema.json").read_text())
    defaults = yaml.safe_load((chart / "values.yaml").read_text())
    del schema["properties"]["global"]
    assert paths_of_schema(schema, schema["$defs"]) == paths_of_values(defaults, schema, schema["$defs"])


def objects_of(schema):
    """Every part of a schema that describes an object."""
    if isinstance(schema, dict):
        if schema.get("type") == "object":
            yield schema
        for part in schema.values():
            yield from objects_of(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from objects_of(part)


def resolved(schema, definitions):
    reference = schema.get("$ref", "")
    return definitions[reference.removeprefix("#/$defs/")] if reference else schema


def paths_of_schema(schema, definitions, place=""):
    """The dotted names of all values that a schema knows, but for what users name themselves."""
    parts = resolved(schema, definitions).get("properties", {})
    return {f"{place}{name}" for name in parts} | {
        path for name, part in parts.items() for path in paths_of_schema(part, definitions, f"{place}{name}.")
    }


def paths_of_values(values, schema, definitions, place=""):
    """The dotted names of all defaults; an empty map may stand for one whose members are all optional."""
    known = resolved(schema, definitions).get("properties", {})
    found = {f"{place}{name}" for name in values} if known else set()
    for name, part in known.items():
        value, inner = values.get(name), f"{place}{name}."
        if isinstance(value, dict) and value:
            found |= paths_of_values(value, part, definitions, inner)
        elif value == {}:
            found |= paths_of_schema(part, definitions, inner)
    return found
