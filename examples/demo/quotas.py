"""The demo's quota file: two parks, two firms, windows from yesterday to next year."""

from datetime import UTC, datetime, timedelta

TEMPLATE = """\
schema_version: 1
meta:
  scope: demo
  title: {{en: "Demo"}}
  timezone: UTC
  owners: [demo]
parks:
  north:
    name: {{en: "North park"}}
    operator: north
    pools: {{main: {{gpu_class: {gpu_class}, nodes: 2, gpus_per_node: {gpus}}}}}
  south:
    name: {{en: "South park"}}
    operator: south
    pools: {{main: {{gpu_class: {gpu_class}, nodes: 2, gpus_per_node: {gpus}}}}}
firms:
  negar: {{name: {{en: "Negar Vision"}}, type: knowledge-based, home_park: north}}
  rah: {{name: {{en: "Rah Logistics"}}, type: knowledge-based, home_park: south}}
quotas:
  - id: pool
    parent: null
    from: "{since}"
    until: "{until}"
    gpus: {{{gpu_class}: {{guaranteed: {total}}}}}
  - {{id: negar, parent: pool, firm: negar, from: "{since}", until: "{until}", gpus: {{{gpu_class}: {{guaranteed: 2, borrow_limit: 0}}}}}}
  - {{id: rah, parent: pool, firm: rah, from: "{since}", until: "{until}", gpus: {{{gpu_class}: {{guaranteed: 2, borrow_limit: 0}}}}}}
"""


def quota_file(gpu_class: str, gpus: int) -> str:
    """YAML for two parks of two nodes with so many GPUs each. Each firm may hold two GPUs and borrow none."""
    now = datetime.now(UTC).replace(microsecond=0)
    since, until = (now - timedelta(days=1)).isoformat(), (now + timedelta(days=365)).isoformat()
    return TEMPLATE.format(gpu_class=gpu_class, gpus=gpus, total=4 * gpus, since=since, until=until)
