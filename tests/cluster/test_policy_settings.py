"""The settings of policy become the orders and rules of the core."""

import pytest
from bostan.errors import InvalidFile
from bostan_scheduler.core.order import ORDERS
from bostan_scheduler.core.snapshot import Settings
from bostan_scheduler.settings import CentreSettings, load


def test_the_defaults_are_those_of_the_core():
    assert CentreSettings().core_settings() == Settings()


@pytest.mark.parametrize("name", sorted(ORDERS))
def test_each_order_can_be_chosen(name):
    core = load({}, {"BOSTAN_CENTRE_ORDER": name}, None).core_settings()
    assert type(core.order) is ORDERS[name]


def test_coefficients_reach_the_order():
    core = load({}, {"BOSTAN_CENTRE_AGEING": "0.01", "BOSTAN_CENTRE_GAIN_RATIO": "3"}, None).core_settings()
    assert (core.order.ageing, core.order.gain.ageing, core.order.gain.ratio) == (0.01, 0.01, 3.0)


@pytest.mark.parametrize(
    ("name", "value"),
    [("ORDER", "lottery"), ("GAIN_RATIO", "0.5"), ("LATE_SHARE", "2"), ("PREEMPT_SPACING_SECONDS", "0")],
)
def test_what_cannot_be_is_refused_by_the_name_of_its_variable(name, value):
    with pytest.raises(InvalidFile, match=f"BOSTAN_CENTRE_{name}"):
        load({}, {f"BOSTAN_CENTRE_{name}": value}, None)
