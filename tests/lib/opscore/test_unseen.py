from typing import Any

import pytest

from opscore.errors import NotFound
from opscore.unseen import Unseen, fail_if_all_refused, look


class Answered(Exception):
    def __init__(self, code: str) -> None:
        self.response = {"Error": {"Code": code, "Message": "You may not."}}


def failing(error: Exception) -> Any:
    def ask() -> None:
        raise error

    return ask


def test_what_is_seen_is_returned() -> None:
    assert look(lambda: 7) == 7


@pytest.mark.parametrize(
    "error",
    [
        NotFound("x"),
        Answered("AWS.SimpleQueueService.NonExistentQueue"),
        Answered("StateMachineDoesNotExist"),
        Answered("ResourceNotFoundException"),
    ],
)
def test_what_does_not_exist_is_gone(error: Exception) -> None:
    found = look(failing(error))
    assert isinstance(found, Unseen)
    assert (found.why, found.is_gone) == ("gone", True)


def test_a_refusal_is_told_in_the_words_of_aws() -> None:
    found = look(failing(Answered("AccessDenied")))
    assert isinstance(found, Unseen)
    assert (found.why, found.is_gone) == ("AccessDenied: You may not.", False)


@pytest.mark.parametrize("error", [ConnectionError("no route"), KeyError("a fault of ours")])
def test_no_answer_and_faults_of_our_own_are_passed_on(error: Exception) -> None:
    with pytest.raises(type(error)):
        look(failing(error))


def test_only_a_refusal_of_everything_is_an_error() -> None:
    refused, gone = Unseen("AccessDenied", Answered("AccessDenied")), Unseen("gone", NotFound("x"))
    fail_if_all_refused([])
    fail_if_all_refused([gone, gone])
    fail_if_all_refused([refused, gone])
    fail_if_all_refused([refused, 7])
    with pytest.raises(Answered):
        fail_if_all_refused([refused, refused])
