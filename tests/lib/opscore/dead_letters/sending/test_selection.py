import json
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opscore.dead_letters.message import DeadLetter
from opscore.dead_letters.replay.request import ReplayRequest, parse_rate
from opscore.dead_letters.sending.admission import NotApplicable
from opscore.dead_letters.sending.outgoing import Unsendable
from opscore.dead_letters.sending.selection import editing, editing_with, matching
from opscore.errors import UsageProblem
from tests.lib.opscore.dead_letters.replaying import World, sent_bodies
from tests.ops_cli.frame.output.hostile import anything


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
        ("body.amount > `5`", True),
        ("body.amount == `12345678901234567890.123`", True),
        ("body.amount < `12345678901234567890.2` && body.amount > `12345678901234567890`", True),
        ("body.huge > body.amount", True),
        ("body.zero", True),
    ],
)
def test_a_filter_is_jmespath_over_what_show_prints(expression: str, chosen: bool) -> None:
    body = '{"account": "acme", "formats": [], "amount": 12345678901234567890.123, "huge": 1e400, "zero": 0}'
    assert matching(expression)(letter(body)) is chosen


TEXTS = ["42924e28", "1e999", "007", "true", '"x"', "null", "-0", "NaN", "[x", "\ufeff{}", "x"]
UNREADABLE = ['{"a":1,"a":2}', "[" * 5000 + "]" * 5000, '{"b":[NaN]}']


@pytest.mark.parametrize("body", TEXTS)
def test_a_filter_and_an_edit_see_a_body_that_is_no_object_or_list_as_its_text(body: str) -> None:
    assert matching("type(body) == 'string'")(letter(body))
    assert editing("@")(letter(body)) == body
    assert editing("join('', [@, '!'])")(letter(body)) == f"{body}!"
    assert editing_with("def edit(body):\n    return body + '!'", "edit.py")(letter(body)) == f"{body}!"


@pytest.mark.parametrize("body", UNREADABLE)
def test_an_edit_leaves_json_that_cannot_be_kept_whole_or_is_refused(body: str) -> None:
    assert matching("type(body) == 'string'")(letter(body))
    assert editing("@")(letter(body)) == body
    for expression in ("{b: b}", "{whole: @}", "'new'", "to_string(length(@))"):
        with pytest.raises(Unsendable, match=r"cannot keep what it does not change .the body is taken for text"):
            editing(expression)(letter(body))


def test_a_filter_that_fails_on_one_message_names_no_part_of_it() -> None:
    reasons = set()
    for body in ['{"a": 1}', '{"a": 2}', '{"a": ' + "9" * 1000 + "}"]:
        with pytest.raises(NotApplicable) as caught:
            matching("contains(body.a, 'x')")(letter(body))
        reasons.add(str(caught.value))
    assert reasons == {"--filter does not apply: contains() takes array or string and gets number"}


@pytest.mark.parametrize("expression", ["body.[", "no_such_function(body)", "contains(body)", "(" * 5000])
def test_an_expression_that_is_wrong_for_every_message_is_a_usage_problem(expression: str) -> None:
    with pytest.raises(UsageProblem, match="--filter"):
        matching(expression)
    with pytest.raises(UsageProblem, match="--edit"):
        editing(expression)


def test_a_filter_that_does_not_apply_to_a_message_leaves_it_and_says_so() -> None:
    world = World()
    world.sqs.put(world.dead, '{"account": 7}')
    world.sqs.put(world.dead, '{"account": "acme"}')
    tally = world.replay(world.admission(selected=matching("contains(body.account, 'acme')")))
    assert (tally.moved, tally.skipped) == (1, 1)
    assert "--filter does not apply" in next(iter(tally.reasons))
    with pytest.raises(NotApplicable):
        matching("contains(body.a, 'x')")(letter('{"a": 7}'))


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


EXACT = (
    '{"price":1.10,"id":12345678901234567890.123,"huge":1e400,"t":"caf\\u00e9 \\ud83d","n":{"\\u0061":[-0,1E5]},"x":1}'
)


def test_an_edit_keeps_what_it_does_not_touch_as_it_was_spelled() -> None:
    assert editing("@")(letter(EXACT)) == EXACT
    changed = EXACT.replace('"x":1}', '"x":2.50}')
    assert editing("merge(@, {x: `2.50`})")(letter(EXACT)) == changed
    in_python = "def edit(body):\n    body['x'] = 2.5\n    return body"
    assert editing_with(in_python, "edit.py")(letter(EXACT)) == EXACT.replace('"x":1}', '"x":2.5}')
    assert (
        editing("{price: n.a[1], was: price, t: t}")(letter(EXACT))
        == '{"price":1E5,"was":1.10,"t":"caf\\u00e9 \\ud83d"}'
    )


def object_of(items: Mapping[str, str]) -> str:
    return "{" + ",".join(f"{json.dumps(key)}:{item}" for key, item in items.items()) + "}"


keys = st.text(max_size=5)
spelled = st.from_regex(r"\A-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,9})?([eE][-+]?[0-9]{1,3})?\Z").filter(str.isascii)
escaped = anything.map(json.dumps)
scalars = st.sampled_from(["true", "false", "null", "[]", "{}"]) | spelled | escaped
members = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: f"[{','.join(items)}]")
        | st.dictionaries(keys, inner, max_size=3).map(object_of)
    ),
)


@given(st.dictionaries(keys, members, max_size=6), scalars)
def test_an_edit_that_sets_one_key_leaves_every_other_value_as_it_was_spelled(items: dict[str, str], new: str) -> None:
    edited = editing(f"merge(@, {{set: `{new.replace('`', chr(92) + '`')}`}})")(letter(object_of(items)))
    assert edited == object_of({**items, "set": new})


@pytest.mark.parametrize(
    ("body", "expression", "why"),
    [
        ('{"a":1,"a":2}', "merge(@, {b: `1`})", "merge.. takes object and gets string .*two keys 'a'"),
        ('{"b":{"a":1,"a":2}}', "b", "made nothing of it .*two keys 'a'"),
        ("[" * 5000 + "]" * 5000, "[0]", "made nothing of it .*nested more than 100 deep"),
        ('{"a":NaN}', "a", "made nothing of it .*NaN is no number"),
        ('{"a":1,', "a", "made nothing of it .the body is taken for text: it is no JSON.$"),
        ('{"a":1}', "merge(@, {b: `NaN`})", "it holds nan"),
        ('{"a":[1e400, -1e400]}', "{b: sum(a)}", "it holds nan"),
        ('{"a":1e400}', "{b: ceil(a)}", "infinity"),
        ("text", "merge(@, {b: `1`})", "gets string$"),
    ],
)
def test_an_edit_that_cannot_keep_a_message_whole_is_refused_for_it(body: str, expression: str, why: str) -> None:
    with pytest.raises(Unsendable, match=why):
        editing(expression)(letter(body))


@pytest.mark.parametrize("result", ["float('nan')", "{'a': float('inf')}", "{1}", "{1: 2}", "b''"])
def test_an_edit_function_whose_result_is_no_json_is_refused(result: str) -> None:
    with pytest.raises(Unsendable, match=r"JSON does not have|no text"):
        editing_with(f"def edit(body):\n    return {result}\n", "edit.py")(letter("{}"))


def test_odd_messages_cost_no_other_one_its_edit() -> None:
    world = World()
    odd = ["[" * 5000, '{"a":1,"a":2}', '{"a":NaN}', "1e999"]
    for body in [*odd, EXACT, '{"x":0}']:
        world.sqs.put(world.dead, body)
    tally = world.replay(world.admission(edited=editing("merge(@, {x: `3`})")))
    assert (tally.moved, tally.failed, sorted(world.dead.bodies)) == (2, 4, sorted(odd))
    assert all(why.startswith("Unsendable: --edit does not apply") for why in tally.reasons)
    assert sent_bodies(world.work) == [EXACT.replace('"x":1}', '"x":3}'), '{"x":3}']


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
