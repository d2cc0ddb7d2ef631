"""Small rooms: how long a file and a function may be. The lists of exceptions only ever get shorter."""

import statistics
from collections.abc import Iterable

FILE_LINES_MAX = 400
FILE_LINES_MEDIAN = 120
FUNCTION_LINES_MAX = 50
FUNCTION_LINES_MEDIAN = 8
FUNCTION_LINES_P95 = 35

# Name -> the lines it may have until it is split. Never add one: split the file or the function.
FILE_EXCEPTIONS: dict[str, int] = {}
FUNCTION_EXCEPTIONS: dict[str, int] = {}


def test_no_file_is_too_long(modules):
    sizes = {module.name: len(module.text.splitlines()) for module in modules}
    assert complaints(sizes.items(), FILE_LINES_MAX, FILE_EXCEPTIONS) == []


def test_no_function_is_too_long(modules):
    sizes = [size for module in modules for size in module.functions()]
    assert complaints(sizes, FUNCTION_LINES_MAX, FUNCTION_EXCEPTIONS) == []


def test_most_files_are_small(shipped):
    lines = [len(module.text.splitlines()) for module in shipped]
    assert statistics.median(lines) <= FILE_LINES_MEDIAN


def test_most_functions_are_small(shipped):
    lines = [length for module in shipped for _, length in module.functions()]
    assert statistics.median(lines) <= FUNCTION_LINES_MEDIAN
    assert statistics.quantiles(lines, n=20)[-1] <= FUNCTION_LINES_P95


def test_the_budget_refuses_what_is_too_long_and_what_is_excused_in_vain():
    sizes = [("long", 51), ("short", 5), ("excused", 60), ("grown", 61)]
    excused = {"short": 55, "excused": 60, "grown": 60, "gone": 70}
    assert complaints(sizes, 50, excused) == [
        "long has 51 lines; 50 are allowed",
        "grown has 61 lines; 60 are allowed",
        "gone needs no exception any more: remove it from the list",
        "short needs no exception any more: remove it from the list",
    ]


def complaints(sizes: Iterable[tuple[str, int]], most: int, excused: dict[str, int]) -> list[str]:
    """What is too long, and which exception is no longer needed."""
    sizes = list(sizes)
    long = {name for name, lines in sizes if lines > most}
    allowed = [(name, lines, max(most, excused.get(name, 0))) for name, lines in sizes]
    grown = [
        f"{name} has {lines} lines; {limit} are allowed" for name, lines, limit in allowed if lines > limit
    ]
    idle = sorted(excused.keys() - long)
    return grown + [f"{name} needs no exception any more: remove it from the list" for name in idle]
