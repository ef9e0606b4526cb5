"""What `contractkit.stub.faults` injects, and when: rules as values, read from JSON or from their shorthand.

The shorthand is only another way to write the JSON: it becomes the same members, and one decoder judges both.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from random import Random
from typing import TypeGuard

from attrs import field, frozen

from contractkit.stub.problems import FieldError, StubError

ANY = "*"
SUFFIX = "-after"
STATUSES = ("429", "500", "502", "503", "504")
FAULTS: Mapping[str, tuple[str, ...]] = {
    "latency": ("after", "ms"),
    "429": ("after", "retry_after"),
    "500": ("after",),
    "502": ("after",),
    "503": ("after", "retry_after"),
    "504": ("after",),
    "reset": ("after",),
    "truncate": (),
    "malformed": (),
    "html": ("after", "status"),
    "slow": ("ms",),
}
"""The faults, and which members each takes beside `operation`, `fault` and one of `WHENS`."""
WHENS = ("p", "first", "every", "calls")
LASTING = ("latency", "slow")  # the others end the reply, so that no later rule has anything left to spoil
PAGES = (200, 502)
MAX_MS = 600_000
MAX_RETRY_AFTER = 86_400
MAX_COUNT = 1_000_000
MAX_RULES = 1000
RANGE = re.compile(r"(\d{1,9})(?:-(\d{1,9}))?ms")


class FaultsError(StubError):
    """Rules that cannot be; `errors` has what is wrong, by JSON pointers into `{"rules": ...}`."""

    def __init__(self, errors: Sequence[FieldError]) -> None:
        super().__init__("; ".join(f"{each.pointer}: {each.detail}" for each in errors))
        self.errors = tuple(errors)


@frozen
class Rule:
    """One fault of one operation, or of all where `operation` is `*`.

    `ms` bounds a wait in milliseconds, `retry_after` is in seconds, `status` is that of an `html` page. `when` is one
    of `WHENS` with its `argument`, or empty for every call.
    """

    operation: str
    fault: str
    after: bool = False
    ms: tuple[int, int] = (0, 0)
    retry_after: int | None = None
    status: int = 502
    when: str = ""
    argument: float | tuple[int, ...] = 0

    @property
    def name(self) -> str:
        """The fault as the shorthand has it: `503`, `reset-after`."""
        return f"{self.fault}{SUFFIX if self.after else ''}"

    def strikes(self, number: int, random: Random) -> bool:
        """Whether it strikes its `number`-th call, counted from 1; a probability takes one draw a call."""
        if isinstance(self.argument, tuple):
            return number in self.argument
        if self.when == "p":
            return random.random() < self.argument
        if self.when == "first":
            return number <= self.argument
        return self.when != "every" or number % self.argument == 0

    def as_json(self) -> dict[str, object]:
        """The members that `decode` reads."""
        takes = FAULTS[self.fault]
        found: dict[str, object] = {"operation": self.operation, "fault": self.fault}
        found |= {name: getattr(self, name) for name in takes if getattr(self, name) is not None}
        return found | ({self.when: self.argument} if self.when else {})


def decode(rules: object, operations: Collection[str]) -> tuple[Rule, ...]:
    """Rules from their shorthand, a string, or from a list of JSON objects and rules. Raises FaultsError.

    >>> decode("add: 503 retry-after 2 first 1", ["add"])[0].as_json()
    {'operation': 'add', 'fault': '503', 'after': False, 'retry_after': 2, 'first': 1}
    """
    errors: list[FieldError] = []
    found = []
    for pointer, prefix, node in _nodes(rules):
        reading = _Reading(pointer, node, operations)
        rule = reading.rule()
        errors += [
            FieldError(each.pointer if not prefix else "/rules", prefix + each.detail) for each in reading.errors
        ]
        found.append(rule)
    if errors:
        raise FaultsError(errors)
    return tuple(found)


def _nodes(rules: object) -> Iterator[tuple[str, str, object]]:
    """Each rule as JSON, with its pointer; and for the shorthand, the words that lead to it in a message."""
    if isinstance(rules, str):
        texts = [text.strip() for text in re.split(r"[;\n]", rules) if text.strip()]
        nodes: list[tuple[str, str, object]] = [("", f"rule {text!r}: ", _expanded(text)) for text in texts]
    elif isinstance(rules, list | tuple):
        plain = (node.as_json() if isinstance(node, Rule) else node for node in rules)
        nodes = [(f"/rules/{number}", "", node) for number, node in enumerate(plain)]
    else:
        raise FaultsError([FieldError("/rules", "must be a list of rules, or their shorthand in a string")])
    if len(nodes) > MAX_RULES:
        raise FaultsError([FieldError("/rules", f"may be {MAX_RULES} rules at most")])
    yield from nodes


def _expanded(text: str) -> object:
    """The JSON that a rule in shorthand stands for; a word without meaning becomes a member that nothing takes."""
    operation, colon, rest = text.rpartition(":")  # an operation without an id is called `get /path`
    words = iter(rest.split())
    name = next(words, "")
    if not colon or not name:
        return text
    node: dict[str, object] = {"operation": operation.strip(), "fault": name.removesuffix(SUFFIX)}
    if name.endswith(SUFFIX):
        node["after"] = True
    for word in words:
        name, value = _member(word, words)
        node[f"second {name}" if name in node else name] = value
    return node


def _member(word: str, words: Iterator[str]) -> tuple[str, object]:
    """What a word means, with the one after it where it takes one."""
    if waits := RANGE.fullmatch(word):
        return "ms", [int(waits[1]), int(waits[2] or waits[1])]
    if word.startswith("p="):
        return "p", _number(word[2:])
    if word in ("first", "every", "retry-after"):
        return word.replace("-", "_"), _number(next(words, ""))
    if word == "calls":
        return "calls", [_number(each) for each in next(words, "").split(",")]
    return ("status", int(word)) if word.isdecimal() else (word, None)


def _number(text: str) -> object:
    """A number where it is one; anything else is left for the decoder to refuse."""
    if re.fullmatch(r"\d{1,9}", text):
        return int(text)
    return float(text) if re.fullmatch(r"\d{0,9}\.\d{1,18}", text) else text


@frozen
class _Reading:
    """Reads one rule, and notes everything that is wrong with it."""

    pointer: str
    node: object
    operations: Collection[str]
    errors: list[FieldError] = field(factory=list)

    def rule(self) -> Rule:
        """The rule; worth something only where `errors` stays empty."""
        node = self.node
        if not isinstance(node, dict):
            self._wrong("", "is no rule; say OPERATION: FAULT, or a JSON object with operation and fault")
            return Rule("", "")
        operation, fault = node.get("operation"), node.get("fault")
        if operation != ANY and operation not in self.operations:
            self._wrong(
                "/operation", f"{_shown(operation)} is no operation; there are {ANY}, {_listed(self.operations)}"
            )
        if not isinstance(fault, str) or fault not in FAULTS:
            self._wrong("/fault", f"{_shown(fault)} is no fault; there are {_listed(FAULTS)}")
            return Rule("", "")
        self._check_members(node, fault)
        when = next((name for name in WHENS if name in node), "")
        return Rule(
            operation=str(operation),
            fault=fault,
            after=self._after(node),
            ms=self._ms(node, fault),
            retry_after=self._retry_after(node, fault),
            status=self._status(node),
            when=when,
            argument=self._argument(when, node),
        )

    def _check_members(self, node: Mapping[str, object], fault: str) -> None:
        known = ("operation", "fault", *FAULTS[fault], *WHENS)
        for name in node:
            if name not in known:
                self._wrong(f"/{_escaped(name)}", f"{fault} takes no {_shown(name)}; it takes {_listed(known[2:])}")
        if len(given := [name for name in WHENS if name in node]) > 1:
            self._wrong(f"/{given[1]}", f"a rule takes one of {_listed(WHENS)}, not {' and '.join(given)}")

    def _after(self, node: Mapping[str, object]) -> bool:
        if not isinstance(after := node.get("after", False), bool):
            self._wrong("/after", "must be true or false")
        return after is True

    def _ms(self, node: Mapping[str, object], fault: str) -> tuple[int, int]:
        if "ms" not in FAULTS[fault]:
            return 0, 0
        ms = node.get("ms")
        low, high = ms if isinstance(ms, list | tuple) and len(ms) == 2 else (ms, ms)
        if _within(low, 0, MAX_MS) and _within(high, low, MAX_MS):
            return low, high
        self._wrong("/ms", f"must be a wait as 100ms or 50-200ms, in JSON 100 or [50, 200], of {MAX_MS} ms at most")
        return 0, 0

    def _retry_after(self, node: Mapping[str, object], fault: str) -> int | None:
        seconds = node.get("retry_after", 1 if fault == "429" else None)
        if seconds is None or _within(seconds, 0, MAX_RETRY_AFTER):
            return seconds
        self._wrong("/retry_after", f"must be whole seconds from 0 to {MAX_RETRY_AFTER}")
        return None

    def _status(self, node: Mapping[str, object]) -> int:
        if (status := node.get("status", 502)) not in PAGES:
            self._wrong("/status", f"the page of a proxy has the status {' or '.join(map(str, PAGES))}")
        return 200 if status == 200 else 502

    def _argument(self, when: str, node: Mapping[str, object]) -> float | tuple[int, ...]:
        given = node.get(when, 0)
        if when == "p":
            if isinstance(given, int | float) and not isinstance(given, bool) and 0 <= given <= 1:
                return given
            self._wrong("/p", "must be a probability from 0 to 1")
        elif when == "calls":
            if isinstance(given, list | tuple) and given and all(_within(each, 1, MAX_COUNT) for each in given):
                return tuple(given)
            self._wrong("/calls", "must be the numbers of calls, counted from 1, as 1,4,5")
        elif when:
            if _within(given, 1, MAX_COUNT):
                return given
            self._wrong(f"/{when}", f"must be a whole number from 1 to {MAX_COUNT}")
        return 0

    def _wrong(self, place: str, detail: str) -> None:
        self.errors.append(FieldError(self.pointer + place, detail))


def _within(value: object, low: int, high: int) -> TypeGuard[int]:
    return type(value) is int and low <= value <= high


def _shown(value: object) -> str:
    return repr(value) if isinstance(value, str) else "what is given" if value is not None else "nothing"


def _listed(names: Collection[str]) -> str:
    return ", ".join(names)


def _escaped(name: object) -> str:
    return str(name).replace("~", "~0").replace("/", "~1")
