"""Lines that look like JSON records and are none."""


def nested(depth: int) -> str:
    """Return an object in an object, so many in all."""
    return '{"a":' * depth + "1" + "}" * depth


HOSTILE = {
    "5,000 nested objects": nested(5000),
    "5,000 nested lists": '{"a":' + "[" * 5000 + "]" * 5000 + "}",
    "equal keys": '{"level": "INFO", "level": "ERROR"}',
    "equal keys further in": '{"a": {"b": 1, "b": 1}}',
    "infinity by name": '{"n": -Infinity}',
    "not a number": '{"n": NaN}',
    "a scalar": "17",
    "a list": "[1]",
    "nothing": "",
    "a torn object": '{"a": ',
    "something behind": '{"a": 1} x',
}
