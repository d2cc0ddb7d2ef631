"""The chart: it renders as recorded, Kubernetes would take it, and it gives each container the least it needs."""

import re

import helm_python
import kubernetes_validate
import pytest
import yaml

# The oldest Kubernetes that the chart names, and a new one.
KUBERNETES = ["1.25", "1.34"]
CASES = ["default", "everything", "existing-claim", "remote-centre"]
# Objects of other projects, which Kubernetes itself does not know.
FOREIGN = {"ServiceMonitor"}


@pytest.mark.parametrize("name", CASES)
def test_it_renders_as_recorded(name, gen_chart):
    recorded = (gen_chart.GOLDEN / f"{name}.yaml").read_text(encoding="utf-8")
    assert gen_chart.golden(name) == recorded, "if you meant that, run: make gen"


def test_every_file_of_values_has_its_golden_file(gen_chart):
    assert gen_chart.cases() == CASES
    assert sorted(path.stem for path in gen_chart.GOLDEN.glob("*.yaml")) == CASES


@pytest.mark.parametrize("name", CASES)
def test_helm_finds_nothing_to_mend(name, chart):
    values = yaml.safe_load((chart / "ci" / f"{name}-values.yaml").read_text())
    report = helm_python.lint(str(chart), values, strict=True, kube_version="v1.34.0")
    assert report["errors"] == []
    assert [message["error"] for message in report["messages"]] == ["icon is recommended"]


@pytest.mark.parametrize("version", KUBERNETES)
@pytest.mark.parametrize("name", CASES)
def test_kubernetes_would_take_every_object(name, version, cases):
    known = [manifest for manifest in cases[name] if manifest["kind"] not in FOREIGN]
    assert {"StatefulSet", "Service", "ConfigMap"} <= {manifest["kind"] for manifest in known}
    for manifest in known:
        kubernetes_validate.validate(manifest, version, strict=True)


def test_a_name_that_kubernetes_does_not_know_would_be_seen(cases):
    service = next(manifest for manifest in cases["default"] if manifest["kind"] == "Service")
    wrong = {**service, "spec": {**service["spec"], "selectors": {}}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, KUBERNETES[0], strict=True)


def test_no_two_objects_share_a_name(cases):
    for name, manifests in cases.items():
        keys = [(manifest["kind"], manifest["metadata"]["name"]) for manifest in manifests]
        assert len(keys) == len(set(keys)), name


def test_only_the_agent_is_privileged(pods):
    for name, pod in pods:
        for container in pod["containers"]:
            assert ("privileged" in container["securityContext"]) == (container["name"] == "agent"), name


def test_all_but_the_agent_do_with_the_least(pods):
    for name, pod in pods:
        if name.endswith("-agent"):
            continue
        assert pod["securityContext"]["runAsNonRoot"] is True, name
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert "hostPID" not in pod, name
        for container in pod["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }, name


def test_no_pod_carries_a_token_for_kubernetes(pods):
    assert pods
    assert all(pod["automountServiceAccountToken"] is False for _, pod in pods)


def test_every_mount_has_its_volume(cases):
    for manifest in (
        one
        for manifests in cases.values()
        for one in manifests
        if one["kind"] in {"StatefulSet", "DaemonSet"}
    ):
        pod = manifest["spec"]["template"]["spec"]
        claims = {claim["metadata"]["name"] for claim in manifest["spec"].get("volumeClaimTemplates", [])}
        volumes = {volume["name"] for volume in pod["volumes"]} | claims
        assert {mount["name"] for mount in pod["containers"][0]["volumeMounts"]} == volumes


def test_services_and_policies_select_the_pods_that_they_mean(cases):
    for manifests in cases.values():
        labels = next(one for one in manifests if one["kind"] == "StatefulSet")["spec"]["template"][
            "metadata"
        ]["labels"]
        for service in (one for one in manifests if one["kind"] == "Service"):
            assert service["spec"]["selector"].items() <= labels.items()
        for policy in (
            one
            for one in manifests
            if one["kind"] == "NetworkPolicy" and "-centre" in one["metadata"]["name"]
        ):
            assert policy["spec"]["podSelector"]["matchLabels"].items() <= labels.items()


def test_the_agents_link_has_no_service_until_it_may_be_insecure(cases):
    def grpc(name):
        return [
            one
            for one in cases[name]
            if one["kind"] == "Service" and one["metadata"]["name"].endswith("-grpc")
        ]

    assert grpc("default") == []
    assert len(grpc("existing-claim")) == 1


def test_a_changed_configuration_restarts_the_centre(render):
    def checksum(values):
        centre = next(one for one in render(values) if one["kind"] == "StatefulSet")
        return centre["spec"]["template"]["metadata"]["annotations"]["checksum/config"]

    assert checksum({}) != checksum({"centre": {"insecure": True}})


def test_agents_are_replaced_only_when_their_operator_deletes_them(cases):
    agents = [one for manifests in cases.values() for one in manifests if one["kind"] == "DaemonSet"]
    assert [one["spec"]["updateStrategy"] for one in agents] == [{"type": "OnDelete"}] * 2


def test_the_chart_is_released_with_the_programs(chart, root):
    version = re.search(r'__version__ = "(.+)"', (root / "client" / "bostan" / "_version.py").read_text())
    assert version is not None
    about = yaml.safe_load((chart / "Chart.yaml").read_text())
    assert about["version"] == about["appVersion"] == version.group(1)
