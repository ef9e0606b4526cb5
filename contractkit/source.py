"""Reading the files of a spec: YAML or JSON in, plain JSON values out, and the line of every node.

A plain YAML scalar has the type that JSON would give it, so a value means what it looks like: `200:` is the key "200";
2026-01-01 and yes are strings. A key that stands twice is an error, where most readers silently keep the last.
"""

import json
import re
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import yaml
from attrs import frozen

from contractkit.errors import SpecError

Pointer = tuple[str, ...]

_TAG = "tag:yaml.org,2002:"
_SCALARS = (
    ("null", "null|Null|NULL|~|", ("n", "N", "~", "")),
    ("bool", "true|True|TRUE|false|False|FALSE", ("t", "T", "f", "F")),
    ("int", "-?(?:0|[1-9][0-9]*)", tuple("-0123456789")),
    ("float", r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?", tuple("-0123456789")),
)
_VALUE: Mapping[str, Callable[[str], Any]] = {
    f"{_TAG}null": lambda _text: None,
    f"{_TAG}bool": lambda text: text.lower() == "true",
    f"{_TAG}int": int,
    f"{_TAG}float": float,
    f"{_TAG}str": str,
}


def json_scalars() -> dict[str, list[tuple[str, re.Pattern[str]]]]:
    """Which plain scalars are not strings, as PyYAML wants it: by first character."""
    found: dict[str, list[tuple[str, re.Pattern[str]]]] = {}
    for name, pattern, characters in _SCALARS:
        for character in characters:
            found.setdefault(character, []).append((_TAG + name, re.compile(rf"(?:{pattern})\Z")))
    return found


class _Composer(yaml.CSafeLoader):
    yaml_implicit_resolvers = json_scalars()


@frozen
class Source:
    """One file of a spec. `value` is what it says; `line` and `at` find where it says it."""

    path: Path
    text: str

    @cached_property
    def value(self) -> Any:
        """The file as JSON values. Raises SpecError where it is no YAML or JSON, or a key stands twice."""
        try:
            if self.path.suffix == ".json":
                return json.loads(self.text, object_pairs_hook=_unique)
            return None if self._root is None else self._construct(self._root)
        except (json.JSONDecodeError, yaml.MarkedYAMLError) as error:
            raise SpecError(f"{shown(self.path)}:{_line_of(error)}: {_problem(error)}") from error
        except _TwiceError as error:
            raise SpecError(f"{self.at(_place(self._root, error.key))}: {error}") from error
        except (RecursionError, yaml.YAMLError) as error:
            raise SpecError(f"{shown(self.path)}: cannot be read: {error}") from error

    @cached_property
    def _root(self) -> yaml.Node | None:
        root: yaml.Node | None = yaml.compose(self.text, Loader=_Composer)
        return root

    def at(self, pointer: Pointer = ()) -> str:
        """`file:line` of what the tokens lead to, or of the last thing on the way that exists."""
        number = self.line(pointer)
        return f"{shown(self.path)}:{number}" if number else shown(self.path)

    def line(self, pointer: Pointer = ()) -> int:
        """The line, counted from 1, of a node or of its key; 0 for JSON that a YAML reader does not take."""
        try:
            node = self._root
        except yaml.YAMLError:
            return 0
        number = 1
        for token in pointer:
            step = _step(node, token)
            if step is None:
                break
            node, number = step
        return number

    def _construct(self, node: yaml.Node) -> Any:
        match node:
            case yaml.ScalarNode():
                try:
                    return _VALUE[node.tag](node.value)
                except (KeyError, ValueError):
                    raise SpecError(f"{shown(self.path)}:{_start(node)}: {node.tag} is no JSON value") from None
            case yaml.SequenceNode():
                return [self._construct(child) for child in node.value]
            case _:
                return self._mapping(node)

    def _mapping(self, node: yaml.Node) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise SpecError(f"{shown(self.path)}:{_start(key)}: a key must be a string")
            if key.value in found:
                raise SpecError(f"{shown(self.path)}:{_start(key)}: the key {key.value!r} stands here twice")
            found[key.value] = self._construct(value)
        return found


def read(path: Path) -> Source:
    """A file of a spec. Raises SpecError, naming file and line, if it is missing or cannot be read."""
    try:
        source = Source(path, path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SpecError(f"{shown(path)}: {(error.strerror or 'cannot be read').lower()}") from error
    except UnicodeDecodeError as error:
        raise SpecError(f"{shown(path)}: is not UTF-8 ({error.reason})") from error
    _ = source.value
    return source


def shown(path: Path) -> str:
    """A path as a message names it: below the working folder where it lies there."""
    try:
        return str(path.absolute().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def tokens(fragment: str) -> Pointer:
    """The parts of a JSON pointer: `/paths/~1items/get` is ("paths", "/items", "get")."""
    return tuple(unquote(part).replace("~1", "/").replace("~0", "~") for part in fragment.split("/")[1:])


def pointer(parts: Pointer) -> str:
    """The JSON pointer of these parts."""
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in parts)


def child(node: Any, token: str) -> Any:
    """One step of a JSON pointer. Raises LookupError where there is none."""
    if isinstance(node, Mapping):
        return node[token]
    if isinstance(node, list) and token.isdecimal():
        return node[int(token)]
    raise LookupError(token)


class _TwiceError(ValueError):
    def __init__(self, key: str) -> None:
        super().__init__(f"the key {key!r} stands here twice")
        self.key = key


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise _TwiceError(next(name for name in names if names.count(name) > 1))
    return found


def _place(node: yaml.Node | None, key: str) -> Pointer:
    """The way to the first mapping that has `key` twice."""
    if isinstance(node, yaml.MappingNode):
        names = [name.value for name, _ in node.value]
        if names.count(key) > 1:
            return (key,)
        children = [(name.value, value) for name, value in node.value]
    elif isinstance(node, yaml.SequenceNode):
        children = [(str(number), value) for number, value in enumerate(node.value)]
    else:
        return ()
    return next(((name, *rest) for name, value in children if (rest := _place(value, key))), ())


def _step(node: yaml.Node | None, token: str) -> tuple[yaml.Node, int] | None:
    if isinstance(node, yaml.MappingNode):
        return next(((value, _start(key)) for key, value in node.value if key.value == token), None)
    if isinstance(node, yaml.SequenceNode) and token.isdecimal() and int(token) < len(node.value):
        found = node.value[int(token)]
        return found, _start(found)
    return None


def _start(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _line_of(error: json.JSONDecodeError | yaml.MarkedYAMLError) -> int:
    if isinstance(error, json.JSONDecodeError):
        return error.lineno
    mark = error.problem_mark or error.context_mark
    return int(mark.line) + 1 if mark else 1


def _problem(error: json.JSONDecodeError | yaml.MarkedYAMLError) -> str:
    return error.msg if isinstance(error, json.JSONDecodeError) else str(error.problem or error)
