"""JSON or YAML of a stranger, read within bounds.

YAML is built from parser events rather than by a loader: a loader recurses in C, so deep nesting ends the process,
and reads `2024-01-01`, `yes` and `1:30` as something that JSON does not have. Here YAML is its JSON schema: the
same document as if it had been written in JSON.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import yaml

from broker.content import deeper_than
from broker.errors import InvalidError

MAX_BYTES = 20_000_000
# YAML takes fifty times as long to read as JSON.
MAX_YAML_BYTES = 5_000_000
MAX_YAML_NODES = 400_000
MAX_DEPTH = 200
MAX_VALUES = 3_000_000

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C parser is left out of some builds
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_CONSTANTS = {
    "": None,
    "~": None,
    **dict.fromkeys(("null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_MAX_DIGITS = 400
_IN_JSON = f"publish it as JSON, which may have {MAX_BYTES // 1_000_000} MB"
_STRING_TAG = "tag:yaml.org,2002:str"


def read(raw: bytes, content_type: str) -> Any:
    """The value that the bytes stand for; the content type decides the language, or the first character does.

    Raises InvalidError with line and column for what cannot be read, and for what is out of bounds.
    """
    if len(raw) > MAX_BYTES:
        raise InvalidError([f"the document is larger than {MAX_BYTES // 1_000_000} MB"])
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidError([f"the document is not UTF-8 (byte {error.start})"]) from None
    is_yaml = "yaml" in content_type.lower() or not text.lstrip().startswith("{")
    if is_yaml and len(raw) > MAX_YAML_BYTES:
        raise InvalidError([f"the document is larger than {MAX_YAML_BYTES // 1_000_000} MB of YAML: {_IN_JSON}"])
    value = _from_yaml(text) if is_yaml else _from_json(text)
    if deeper_than(value, MAX_DEPTH):  # aliases nest without being nested in the text
        raise InvalidError([f"the document is nested deeper than {MAX_DEPTH} levels"])
    return value


def _from_json(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except RecursionError:
        raise InvalidError([f"the document is nested deeper than {MAX_DEPTH} levels"]) from None
    except json.JSONDecodeError as error:
        reason = f"the document is not JSON: {error.msg} (line {error.lineno}, column {error.colno})"
        raise InvalidError([reason]) from None
    except ValueError as error:
        raise InvalidError([f"the document is not JSON: {error}"]) from None


def _from_yaml(text: str) -> Any:
    try:
        return _Builder().build(yaml.parse(text, Loader=_LOADER))
    except yaml.MarkedYAMLError as error:
        where = _place(error.problem_mark)
        raise InvalidError([f"the document is not YAML: {error.problem or error.context}{where}"]) from None
    except yaml.YAMLError as error:
        raise InvalidError([f"the document is not YAML: {error}"]) from None


class _Open:
    """A list or mapping that is being filled."""

    def __init__(self, value: dict[str, Any] | list[Any], anchor: str | None) -> None:
        self.value = value
        self.anchor = anchor
        self.key: Any = _NONE
        self.size = 1
        self.merges: list[Any] = []

    def add(self, value: Any, size: int, mark: Any) -> None:
        self.size += size
        if self.size > MAX_VALUES:
            raise InvalidError([f"the document stands for more than {MAX_VALUES} values{_place(mark)}"])
        if isinstance(self.value, list):
            self.value.append(value)
        elif self.key is _NONE:
            self.key = _as_key(value, mark)
        else:
            self._set(self.key, value, mark)
            self.key = _NONE

    def close(self) -> None:
        """What `<<` brought in gives way to the mapping's own keys."""
        if isinstance(self.value, dict):
            for merged in self.merges:
                for key, value in merged.items():
                    self.value.setdefault(key, value)

    def _set(self, key: str, value: Any, mark: Any) -> None:
        if not isinstance(self.value, dict):
            return
        if key == "<<" and _mergeable(value):
            self.merges += value if isinstance(value, list) else [value]
        elif key in self.value:
            raise InvalidError([f"the document has the key {key!r} twice in one mapping{_place(mark)}"])
        else:
            self.value[key] = value


class _Builder:
    def __init__(self) -> None:
        self._open: list[_Open] = []
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._documents: list[Any] = []

    def build(self, events: Iterator[Any]) -> Any:
        for count, event in enumerate(events):
            if count > MAX_YAML_NODES:
                raise InvalidError([f"the document has more than {MAX_YAML_NODES} YAML nodes: {_IN_JSON}"])
            self._take(event)
        if len(self._documents) != 1:
            raise InvalidError([f"one YAML document is expected, not {len(self._documents)}"])
        return self._documents[0]

    def _take(self, event: Any) -> None:
        if isinstance(event, yaml.ScalarEvent):
            value = _scalar(event)
            if event.anchor:
                self._anchors[event.anchor] = (value, 1)
            self._add(value, 1, event.start_mark)
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            self._start(event)
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            self._end(event)
        elif isinstance(event, yaml.AliasEvent):
            if event.anchor not in self._anchors:
                raise InvalidError([f"the alias *{event.anchor} stands for nothing that is complete{_at(event)}"])
            value, size = self._anchors[event.anchor]
            self._add(value, size, event.start_mark)

    def _start(self, event: Any) -> None:
        if len(self._open) >= MAX_DEPTH:
            raise InvalidError([f"the document is nested deeper than {MAX_DEPTH} levels{_at(event)}"])
        self._anchors.pop(event.anchor, None)
        self._open.append(_Open({} if isinstance(event, yaml.MappingStartEvent) else [], event.anchor))

    def _end(self, event: Any) -> None:
        done = self._open.pop()
        done.close()
        if done.anchor:
            self._anchors[done.anchor] = (done.value, done.size)
        self._add(done.value, done.size, event.start_mark)

    def _add(self, value: Any, size: int, mark: Any) -> None:
        if self._open:
            self._open[-1].add(value, size, mark)
        else:
            self._documents.append(value)


def _scalar(event: Any) -> Any:
    text: str = event.value
    if not event.implicit[0] or event.tag == _STRING_TAG:
        return text
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _INTEGER.fullmatch(text) and len(text) <= _MAX_DIGITS:
        return int(text)
    if _FLOAT.fullmatch(text) and len(text) <= _MAX_DIGITS:
        number = float(text)
        return number if abs(number) != float("inf") else text
    return text


def _as_key(value: Any, mark: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, dict | list):
        raise InvalidError([f"a list or mapping cannot be a key{_place(mark)}"])
    return json.dumps(value)  # 200: in YAML is "200" in JSON


def _mergeable(value: Any) -> bool:
    return isinstance(value, dict) or (
        isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value)
    )


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON value")


def _at(event: Any) -> str:
    return _place(event.start_mark)


def _place(mark: Any) -> str:
    return "" if mark is None else f" (line {mark.line + 1}, column {mark.column + 1})"


_NONE = object()
