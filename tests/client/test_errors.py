"""The tree of exceptions: exit codes, messages, and how an answer of the centre becomes one of them."""

import copy
import pickle

import pytest
from bostan import errors
from bostan.errors import EXIT_CODES, BostanError, FileProblem, InvalidFile, from_problem


def every_error():
    """Those of the client; the programs beside it have some of their own."""
    found = [BostanError]
    for each in found:
        found += [one for one in each.__subclasses__() if one.__module__.startswith("bostan.")]
    return found


@pytest.mark.parametrize("kind", every_error(), ids=lambda kind: kind.__name__)
def test_every_error_has_a_default_message_and_a_documented_exit_code(kind):
    assert kind.exit_code in EXIT_CODES
    assert kind.__doc__
    if kind is not InvalidFile:
        assert str(kind()) == kind.__doc__


@pytest.mark.parametrize("kind", every_error(), ids=lambda kind: kind.__name__)
def test_the_tree_in_the_docstring_is_the_tree(kind):
    line = next(line for line in errors.__doc__.splitlines() if f" {kind.__name__} " in f" {line} ")
    assert f"exit {kind.exit_code}" in line


@pytest.mark.parametrize(
    ("status", "name"),
    [
        (400, "Refused"),
        (401, "NotAuthenticated"),
        (403, "NotAllowed"),
        (404, "NotFound"),
        (409, "Conflict"),
        (413, "TooLarge"),
        (422, "Refused"),
        (429, "RateLimited"),
        (500, "ServerFault"),
        (503, "ServerFault"),
    ],
)
def test_an_answer_becomes_the_error_of_its_status(status, name):
    error = from_problem(
        status, {"title": "No such job", "detail": "j-1", "remedy": "see `bostan jobs`"}, 2.0
    )
    assert type(error).__name__ == name
    assert (error.status, error.retry_after_seconds) == (status, 2.0)
    assert str(error) == "No such job: j-1; see `bostan jobs`"


def test_an_answer_without_a_problem_still_says_what_happened():
    assert str(from_problem(404, {})) == "There is no such thing."


def test_an_error_survives_being_copied_to_another_process():
    answered = from_problem(409, {"title": "Busy", "detail": "d", "remedy": "wait"}, 3.0)
    for same in (copy.copy(answered), pickle.loads(pickle.dumps(answered))):
        assert (str(same), same.status, same.retry_after_seconds) == (str(answered), 409, 3.0)
    invalid = InvalidFile([FileProblem("job.yaml", 3, "gpus", "is wrong", "correct it")])
    assert str(pickle.loads(pickle.dumps(invalid))) == "job.yaml:3: gpus: is wrong; correct it"


def test_a_problem_stays_on_one_line_whatever_it_quotes():
    problem = FileProblem("a\nb.yaml", 1, "x\u202ey", "says \x1b[31m", "فارسی is fine")
    assert str(problem) == r"a\nb.yaml:1: x\u202ey: says \x1b[31m; فارسی is fine"
