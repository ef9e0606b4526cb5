"""A pact as values for a page: pure, bounded, and content with any JSON that the broker takes as a pact.

What has no reading of its own (unknown keys, types that a plugin brought) is shown as JSON rather than lost.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from broker.pages.bodies import Token, json_lines
from broker.pages.parts import MESSAGE_KEYS, MOST_ENTRIES, Part, message, request, response
from broker.pages.reading import as_list, as_object, as_text, cut, objects, shown

MOST_SHOWN = 60  # interactions of one page
MOST_LINES_SHOWN = 4000  # of all bodies of one page; the interaction that goes beyond is shown whole
MOST_LISTED = 1000  # interactions in the list of contents

_KINDS = {
    "Synchronous/HTTP": "HTTP",
    "Asynchronous/Messages": "Message",
    "Synchronous/Messages": "Request and reply",
}
_READ = frozenset({"_id", "type", "key", "description", "pending", "comments", "transport", "interactionMarkup"})
_STATES = frozenset({"providerState", "provider_state", "providerStates"})


@frozen
class State:
    """`params` are (name, value) pairs."""

    name: str
    params: tuple[tuple[str, str], ...] = ()


@frozen
class Interaction:
    """`number` counts from 1 in the order of the pact, messages after interactions; `id` is the broker's."""

    number: int
    id: str
    kind: str
    description: str
    summary: str
    states: tuple[State, ...]
    parts: tuple[Part, ...]
    pending: bool = False
    comments: tuple[tuple[str, str], ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    other: tuple[tuple[Token, ...], ...] = ()


@frozen
class Listed:
    """A line of the list of contents."""

    number: int
    description: str
    summary: str
    pending: bool


@frozen
class Group:
    """The interactions that need the same provider states; `name` is empty when they need none."""

    name: str
    listed: tuple[Listed, ...]


@frozen
class PactView:
    """`count` is how many interactions there are; `interactions` those from number `first` on that fit on a page."""

    specification: str
    count: int
    first: int
    groups: tuple[Group, ...]
    interactions: tuple[Interaction, ...]
    metadata: tuple[tuple[Token, ...], ...] = ()
    tools: tuple[str, ...] = field(factory=tuple)

    @property
    def last(self) -> int:
        """The number of the last interaction that is shown."""
        return self.first + len(self.interactions) - 1

    @property
    def unlisted(self) -> int:
        return max(0, self.count - MOST_LISTED)


def view(pact: Mapping[str, Any], first: int = 1) -> PactView:
    """The page of interactions that begins at `first`, and the list of all."""
    items = interactions_of(pact)
    first = first if 1 <= first <= len(items) else 1
    metadata = as_object(pact.get("metadata"))
    return PactView(
        specification(pact),
        len(items),
        first,
        _groups(items),
        _page(items, first),
        tuple(json_lines(metadata)) if metadata else (),
        _tools(metadata),
    )


def _page(items: list[dict[str, Any]], first: int) -> tuple[Interaction, ...]:
    found: list[Interaction] = []
    lines = 0
    for number, item in enumerate(items[first - 1 : first - 1 + MOST_SHOWN], first):
        found.append(interaction(number, item))
        lines += sum(len(part.body.lines) for part in found[-1].parts if part.body)
        if lines > MOST_LINES_SHOWN:
            break
    return tuple(found)


def interactions_of(pact: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The interactions and messages of a pact, in its order."""
    return [item for key in ("interactions", "messages") for item in objects(pact.get(key))]


def specification(pact: Mapping[str, Any]) -> str:
    """Such as "4.0"; an empty text when the pact does not say."""
    metadata = as_object(pact.get("metadata"))
    named = as_object(metadata.get("pactSpecification") or metadata.get("pact-specification"))
    found = named.get("version") or metadata.get("pactSpecificationVersion")
    return "" if found is None else shown(found)


def state_names(item: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(state.name for state in _states(item))


def kind(item: Mapping[str, Any]) -> str:
    """ "HTTP", "Message", "Request and reply", or the type as it is written."""
    written = item.get("type")
    if written is None:
        return "HTTP" if "request" in item or "response" in item else "Message"
    return _KINDS.get(shown(written), shown(written))


def summary(item: Mapping[str, Any]) -> str:
    """What the interaction is in a few words: `GET /items/1 → 200` or the type of a message."""
    asking, answer = as_object(item.get("request")), as_object(item.get("response"))
    if "method" in asking or "path" in asking:
        asked = f"{as_text(asking.get('method', 'GET')).upper()} {as_text(asking.get('path', '/'))}"
        return cut(f"{asked} → {as_text(answer['status'])}" if "status" in answer else asked, 200)
    return kind(item)


def _groups(items: list[dict[str, Any]]) -> tuple[Group, ...]:
    groups: dict[str, list[Listed]] = {}
    for number, item in enumerate(items[:MOST_LISTED], 1):
        listed = Listed(number, description(item), summary(item), item.get("pending") is True)
        groups.setdefault(" and ".join(state_names(item)), []).append(listed)
    return tuple(Group(name, tuple(listed)) for name, listed in groups.items())


def interaction(number: int, item: dict[str, Any]) -> Interaction:
    parts, read = _parts(item)
    other = {key: value for key, value in item.items() if key not in _READ | _STATES | read}
    facts = tuple(
        (title, as_text(item[key])) for key, title in (("key", "Key"), ("transport", "Transport")) if item.get(key)
    )
    return Interaction(
        number,
        as_text(item.get("_id", "")),
        kind(item),
        description(item),
        summary(item),
        _states(item),
        parts,
        item.get("pending") is True,
        _comments(item.get("comments")),
        facts,
        tuple(json_lines(other)) if other else (),
    )


def _states(item: Mapping[str, Any]) -> tuple[State, ...]:
    listed = item.get("providerStates")
    if isinstance(listed, str):
        return (State(cut(listed)),)
    if isinstance(listed, list):
        return tuple(_state(one) for one in listed[:MOST_ENTRIES])
    old = item.get("providerState") or item.get("provider_state")
    return () if old is None else (State(as_text(old)),)


def _state(raw: object) -> State:
    if not isinstance(raw, dict):
        return State(as_text(raw))
    params = as_object(raw.get("params"))
    return State(as_text(raw.get("name")), tuple((name, as_text(value)) for name, value in params.items()))


def _comments(raw: object) -> tuple[tuple[str, str], ...]:
    """Comments by their title; what a test's author wrote comes without one."""
    if not isinstance(raw, dict):
        return () if raw is None else (("", as_text(raw)),)
    found = [("", as_text(one)) for one in as_list(raw.get("text"))]
    found += [
        ("Test" if key == "testname" else key, as_text(value)) for key, value in raw.items() if key != "text" and value
    ]
    return tuple(found[:MOST_ENTRIES])


def _tools(metadata: Mapping[str, Any]) -> tuple[str, ...]:
    """Which libraries wrote the pact, such as "pactRust ffi 0.4.7"."""
    found = [
        f"{name} {' '.join(f'{key} {as_text(value)}' for key, value in versions.items())}"
        for name, versions in metadata.items()
        if re.match(r"pact(?!-?specification)", name, re.IGNORECASE) and isinstance(versions, dict)
    ]
    return tuple(cut(one, 200) for one in found[:10])


def description(item: Mapping[str, Any]) -> str:
    return as_text(item.get("description")) if item.get("description") is not None else "without a description"


def _parts(item: dict[str, Any]) -> tuple[tuple[Part, ...], frozenset[str]]:
    """The parts of an interaction, and the keys that they show."""
    reading = kind(item)
    asking, answer = item.get("request"), item.get("response")
    if reading == "HTTP":
        found = [request(asking)] if isinstance(asking, dict) else []
        found += [response(answer)] if isinstance(answer, dict) else []
        return tuple(found), _shown_keys(item, request=dict, response=dict)
    if reading == "Message" and not isinstance(asking, dict):
        return (message("Content", item, MESSAGE_KEYS | _READ | _STATES),), MESSAGE_KEYS
    if reading == "Request and reply":
        replies = objects(answer)
        found = [message("Request", asking, MESSAGE_KEYS)] if isinstance(asking, dict) else []
        titles = ["Reply"] if len(replies) == 1 else [f"Reply {index}" for index in range(1, len(replies) + 1)]
        found += [
            message(title, reply, MESSAGE_KEYS) for title, reply in zip(titles[:MOST_ENTRIES], replies, strict=False)
        ]
        return tuple(found), _shown_keys(item, request=dict, response=list)
    return (), frozenset()


def _shown_keys(item: Mapping[str, Any], **wanted: type) -> frozenset[str]:
    return frozenset(key for key, type_ in wanted.items() if isinstance(item.get(key), type_))
