"""What the chart sets, the programs know: the environment and flags of an agent, the centre's file."""

import pytest
from bostan_agent.settings_sources import load

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
