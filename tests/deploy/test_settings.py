"""What the chart sets, the programs know: the environment and flags of an agent, the centre's file."""

import helm_python
import pytest
from bostan_agent.settings_sources import load
from bostan_scheduler.settings import load as load_centre

NODE = {"spec.nodeName": "node-7", "status.podIP": "10.1.2.3"}


@pytest.mark.parametrize(
    ("case", "centre"),
    [("everything", "garden-grpc:8441"), ("remote-centre", "centre.example.org:443")],
)
def test_an_agent_takes_its_settings(case, centre, cases):
    pod = next(one for one in cases[case] if one["kind"] == "DaemonSet")["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    settings = load(flags(container["args"]), environment(container["env"]), None)
    assert settings.centre == centre
    assert settings.node_name == "node-7"
    assert settings.address == "10.1.2.3"
    assert settings.tls == (case == "remote-centre")


def test_an_agent_finds_its_files_where_they_are_mounted(cases):
    pod = next(one for one in cases["remote-centre"] if one["kind"] == "DaemonSet")["spec"]["template"][
        "spec"
    ]
    (container,) = pod["containers"]
    settings = load(flags(container["args"]), environment(container["env"]), None)
    mounts = {mount["mountPath"] for mount in container["volumeMounts"]}
    files = [settings.token_file, settings.tls_ca_file, settings.state_dir / "journal"]
    assert {str(file.parent) for file in files} <= mounts


@pytest.mark.parametrize(
    ("case", "agents_listen", "lease_seconds"),
    [("default", "127.0.0.1:8441", 86_400), ("everything", "0.0.0.0:8441", 43_200)],
)
def test_the_centre_takes_its_file(case, agents_listen, lease_seconds, cases, tmp_path):
    settings = load_centre({}, {}, centre_file(cases[case], tmp_path))
    assert settings.listen == "0.0.0.0:8440"
    assert settings.agents_listen == agents_listen
    assert settings.lease_seconds == lease_seconds


def test_the_centre_writes_where_its_volume_is(cases, tmp_path):
    pod = next(one for one in cases["default"] if one["kind"] == "StatefulSet")["spec"]["template"]["spec"]
    mounts = {mount["name"]: mount["mountPath"] for mount in pod["containers"][0]["volumeMounts"]}
    assert str(load_centre({}, {}, centre_file(cases["default"], tmp_path)).data_dir) == mounts["data"]


def test_the_schema_knows_the_settings_of_today(gen_chart):
    assert gen_chart.SCHEMA.read_text(encoding="utf-8") == gen_chart.schema(), "run: make gen"


@pytest.mark.parametrize(
    "settings", [{"listen": "0.0.0.0:1"}, {"leese_seconds": 9}, {"lease_seconds": "long"}]
)
def test_a_setting_that_is_not_one_is_refused(settings, render):
    with pytest.raises(helm_python.HelmError, match="centre/settings"):
        render({"centre": {"settings": settings}})


def centre_file(manifests, folder):
    """The centre's configuration as it would lie in its container."""
    (config,) = [one for one in manifests if one["kind"] == "ConfigMap"]
    path = folder / "centre.yaml"
    path.write_text(config["data"]["centre.yaml"])
    return path


def environment(variables: list[dict]) -> dict[str, str]:
    """The variables as the kubelet would give them to a container on one node."""
    given = {}
    for variable in variables:
        source = variable.get("valueFrom")
        given[variable["name"]] = NODE[source["fieldRef"]["fieldPath"]] if source else variable["value"]
    return given


def flags(words: list[str]) -> dict[str, object]:
    """The flags after `bostan-agent run`."""
    assert words[:2] == ["bostan-agent", "run"]
    found: dict[str, object] = {"insecure": "--insecure" in words}
    pairs = [word for word in words[2:] if word != "--insecure"]
    return found | {flag[2:]: value for flag, value in zip(pairs[::2], pairs[1::2], strict=True)}
