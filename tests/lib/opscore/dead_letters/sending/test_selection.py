import pytest

from opscore.dead_letters.message import DeadLetter
from opscore.dead_letters.replay.request import ReplayRequest, parse_rate
from opscore.dead_letters.sending.admission import NotApplicable
from opscore.dead_letters.sending.outgoing import Unsendable
from opscore.dead_letters.sending.selection import editing, editing_with, matching
from opscore.errors import UsageProblem
from tests.lib.opscore.dead_letters.replaying import World, sent_bodies


def letter(body: str) -> DeadLetter:
    attributes = {"tenant": {"DataType": "String", "StringValue": "acme"}}
    return DeadLetter("m1", "h", body, attributes, {"ApproximateReceiveCount": "7"})


@pytest.mark.parametrize(
    ("expression", "chosen"),
    [
        ("body.account == 'acme'", True),
        ("body.account == 'other'", False),
        ("attributes.tenant == 'acme' && receives > `5`", True),
        ("body.nothing", False),
        ("body.formats", False),
        ("contains(body.account, 'cm')", True),
    ],
)
def test_a_filter_is_jmespath_over_what_show_prints(expression: str, chosen: bool) -> None:
    assert matching(expression)(letter('{"account": "acme", "formats": []}')) is chosen


def test_a_filter_that_does_not_parse_is_a_usage_problem() -> None:
    with pytest.raises(UsageProblem, match="--filter"):
        matching("body.[")


def test_a_filter_that_does_not_apply_to_a_message_leaves_it_and_says_so() -> None:
    world = World()
    world.sqs.put(world.dead, '{"account": 7}')
    world.sqs.put(world.dead, '{"account": "acme"}')
    tally = world.replay(world.admission(selected=matching("contains(body.account, 'acme')")))
    assert (tally.moved, tally.skipped) == (1, 1)
    assert "--filter does not apply" in next(iter(tally.reasons))
    with pytest.raises(NotApplicable):
        matching("contains(body, 'x')")(letter("7"))


def test_an_edit_makes_the_new_body_and_the_journaled_one_stays_the_old() -> None:
    world = World()
    world.sqs.put(world.dead, '{"account": "acme", "formats": ["pdf"]}')
    world.replay(world.admission(edited=editing('merge(@, `{"formats": ["csv"]}`)')))
    assert sent_bodies(world.work) == ['{"account":"acme","formats":["csv"]}']


def test_an_edit_that_yields_nothing_keeps_the_message() -> None:
    world = World()
    world.sqs.put(world.dead, '{"account": "acme"}')
    tally = world.replay(world.admission(edited=editing("nothing")))
    assert (tally.failed, world.dead.bodies) == (1, ['{"account": "acme"}'])


def test_an_edit_by_a_python_function() -> None:
    edited = editing_with("def edit(body):\n    return body | {'retry': True}\n", "edit.py")
    assert edited(letter('{"a": 1}')) == '{"a":1,"retry":true}'


@pytest.mark.parametrize("source", ["def other(): ...", "syntax error(", "raise ValueError"])
def test_an_edit_file_that_cannot_be_used_is_a_usage_problem(source: str) -> None:
    with pytest.raises(UsageProblem):
        editing_with(source, "edit.py")


def test_an_edit_function_that_raises_keeps_the_message() -> None:
    with pytest.raises(Unsendable, match="KeyError"):
        editing_with("def edit(body):\n    return body['missing']\n", "edit.py")(letter("{}"))


@pytest.mark.parametrize(("text", "rate"), [("50", 50), ("50/s", 50), ("30/m", 0.5), ("3600/h", 1)])
def test_rates(text: str, rate: float) -> None:
    assert parse_rate(text) == rate


@pytest.mark.parametrize("text", ["", "fast", "5/d", "/s"])
def test_a_wrong_rate_is_a_usage_problem(text: str) -> None:
    with pytest.raises(UsageProblem):
        parse_rate(text)


def test_a_request_survives_the_journal() -> None:
    request = ReplayRequest("requests", filter="body", maximum=7, rate=2.5, keep=True)
    assert ReplayRequest.of(request.plain()) == request


def test_what_excludes_itself_is_refused() -> None:
    with pytest.raises(UsageProblem, match="exclude"):
        ReplayRequest("q", edit="@", edit_with="f")
    with pytest.raises(UsageProblem, match="--filter, --keep"):
        ReplayRequest("q", filter="x", keep=True, engine="native")
