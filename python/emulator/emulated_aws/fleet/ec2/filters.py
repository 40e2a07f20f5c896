"""Filters and pages of EC2's Describe operations.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html

Values of one filter are alternatives, filters add up; `*` and `?` are wildcards, brackets are not. A filter that an
operation does not have, or that is not modelled, is refused by name.
"""

import fnmatch
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ministack.services import ec2

from emulated_aws.fleet.protocol import Query, page
from emulated_aws.fleet.refusals import Refused

Readers = Mapping[str, Callable[[Any], Sequence[str] | str]]
"""Filter -> what it looks at in a record: a text, or several of which one must fit."""


def tags_of(resource_id: str) -> dict[str, str]:
    """Return the tags of a resource of the present account."""
    return {tag["Key"]: tag.get("Value", "") for tag in ec2._tags.get(resource_id, [])}


def passes(record: Any, resource_id: str, filters: Mapping[str, list[str]], readers: Readers) -> bool:
    """Whether a record fits every filter; `check` has refused those that there are not. No id, no tags."""
    return all(fits(_values(record, resource_id, name, readers), patterns) for name, patterns in filters.items())


def _values(record: Any, resource_id: str, name: str, readers: Readers) -> Sequence[str]:
    if name in readers:
        found = readers[name](record)
        return [found] if isinstance(found, str) else found
    tags = tags_of(resource_id)
    if name.startswith("tag:"):
        return [tags[name[4:]]] if name[4:] in tags else []
    return list(tags if name == "tag-key" else tags.values())


def check(filters: Mapping[str, list[str]], readers: Readers, tagged: bool = True) -> None:
    """Refuse a filter that there is not, even when no record would be looked at."""
    for name in filters:
        if name not in readers and not (tagged and (name.startswith("tag:") or name in ("tag-key", "tag-value"))):
            raise Refused("InvalidParameterValue", f"The filter '{name}' is invalid, or the sandbox does not model it")


def fits(values: Sequence[str], patterns: Sequence[str]) -> bool:
    """Whether one of the values fits one of the patterns."""
    plain = [pattern.replace("[", "[[]") for pattern in patterns]
    return any(fnmatch.fnmatchcase(value, pattern) for value in values for pattern in plain)


def one_page(query: Query, items: list[Any], smallest: int, largest: int) -> tuple[list[Any], str]:
    """Return the page that a request asks for, and the element that names the next one; all without MaxResults."""
    size = query.number("MaxResults")
    if size is not None and not smallest <= size <= largest:
        message = f"Value ( {size} ) for parameter maxResults is invalid."
        raise Refused("InvalidParameterValue", f"{message} Expecting a value between {smallest} and {largest}.")
    found, token = page(items, query.text("NextToken"), size or max(1, len(items)))
    return found, f"<nextToken>{token}</nextToken>" if token else ""
