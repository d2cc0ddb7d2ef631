"""What flags put into a world, and the combinations of a sweep."""

import pytest
from bostan.errors import BostanError
from bostan_scheduler.sim.overlay import Axis, axis, combinations, pair, pool_line, put, scalar


def test_a_field_is_set_and_the_value_given_stays_as_it_was():
    before = {"model": {"restart_seconds": 1}, "seed": 1}
    assert put(before, "model.tick_seconds", 5) == {
        "model": {"restart_seconds": 1, "tick_seconds": 5},
        "seed": 1,
    }
    assert put(before, "settings.order.gain", None)["settings"] == {"order": {"gain": None}}
    assert before == {"model": {"restart_seconds": 1}, "seed": 1}


def test_values_are_read_as_a_world_file_would():
    assert [scalar(text, "--set") for text in ("1", "0.5", "true", "fifo", "null")] == [
        1,
        0.5,
        True,
        "fifo",
        None,
    ]


@pytest.mark.parametrize(
    ("text", "nodes", "gpus", "gpu_class", "park"),
    [
        ("8x8 a100", 8, 8, "a100", "park"),
        ("2X4:v100@north", 2, 4, "v100", "north"),
        (" 10x8 h100-80g-sxm @ p-1 ", 10, 8, "h100-80g-sxm", "p-1"),
    ],
)
def test_pools(text, nodes, gpus, gpu_class, park):
    assert pool_line(text) == {"nodes": nodes, "gpus": gpus, "gpu_class": gpu_class, "park": park}


def test_an_axis_is_a_list_or_a_range():
    assert axis("order=fifo,service") == Axis("order", ("fifo", "service"))
    assert axis("seed=1..3") == Axis("seed", (1, 2, 3))
    assert axis("estimates.sigma=0,0.5") == Axis("estimates.sigma", (0, 0.5))


def test_combinations_are_every_one_the_last_fastest():
    runs = list(combinations([Axis("a", (1, 2)), Axis("b", ("x", "y"))]))
    assert runs == [
        (("a", 1), ("b", "x")),
        (("a", 1), ("b", "y")),
        (("a", 2), ("b", "x")),
        (("a", 2), ("b", "y")),
    ]


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (lambda: pair("--set", "seed"), "--set seed: is not KEY=VALUE; write for example --set seed=2"),
        (lambda: pair("--set", "=2"), "--set =2: is not KEY=VALUE"),
        (lambda: pool_line("8 a100"), "--pool 8 a100: is no pool; write NODESxGPUS CLASS"),
        (lambda: axis("seed=5..1"), "--sweep seed=5..1: is no range of 1 to 1000 values"),
        (lambda: axis("seed=1..1001"), "--sweep seed=1..1001: is no range of 1 to 1000 values"),
        (lambda: put({"seed": 1}, "seed.x", 2), "seed.x: seed is no mapping; set it as a whole"),
        (
            lambda: list(combinations([axis("a=1..1000"), axis("b=1,2")])),
            "--sweep: these are 2000 runs; at most 1000",
        ),
    ],
)
def test_what_is_not_of_that_form_is_told(wrong, told):
    with pytest.raises(BostanError) as error:
        wrong()
    assert str(error.value).startswith(told)
