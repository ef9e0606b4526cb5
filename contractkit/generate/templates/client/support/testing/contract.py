"""The operations and examples of the API, as `examples.json` has them."""

import json
import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from fnmatch import fnmatch
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import quote, unquote, urlencode

from attrs import frozen

FIELD = re.compile(r"(data|event|id|retry)?:|\n")  # how a stream of events begins


class ExampleError(AssertionError):
    """A test asks for what the contract does not have, or sends a request that no operation takes."""


@frozen
class Operation:
    """One documented operation. `replies` by status as written: its headers, and examples by media type and name."""

    id: str
    method: str
    path: str
    requires: tuple[tuple[str, str], ...]
    accepts: tuple[str, ...]
    body_required: bool
    success: str
    replies: Mapping[str, Mapping[str, Any]]
    pattern: re.Pattern[str]

    def status(self, code: int) -> str:
        """The documented status that a number falls under, or "" for none."""
        return next((each for each in (str(code), f"{code // 100}XX", "default") if each in self.replies), "")

    def names(self) -> list[str]:
        """The names of all examples."""
        named = {name for reply in self.replies.values() for every in reply["content"].values() for name in every}
        return sorted(named - {""})

    def example(self, name: str, status: int | None) -> tuple[int, str, Any]:
        """The status, media type and body of a named example, of one status if that is given.

        Raises ExampleError where there is none.
        """
        wanted = [self.status(status)] if status else [self.success, *self.replies]
        for written in wanted:
            for media_type, examples in self.replies.get(written, {"content": {}})["content"].items():
                if name in examples:
                    return status or self._code(written, examples[name]), media_type, examples[name]
        of = f"{self.id} {status}" if status else self.id
        raise ExampleError(f"{of} has no example {name!r}; {self.id} has {_listed(self.names())}")

    def first(self, status: int, accept: str) -> tuple[str, Any] | None:
        """Media type and body of the first example of a status that the request accepts; None for no content."""
        content = self.replies.get(self.status(status), {"content": {}})["content"]
        wished = [each.partition(";")[0].strip() for each in accept.split(",") if each.strip()] or ["*/*"]
        for media_type in sorted(content, key=lambda each: not any(fnmatch(plain(each), one) for one in wished)):
            for value in content[media_type].values():
                return media_type, value
        if content:
            raise ExampleError(f"{self.id} has no example for {status}; give a body")
        return None

    def _code(self, written: str, example: Any) -> int:
        """The status to send for one as documented; a problem document says its own."""
        said = example.get("status") if isinstance(example, dict) else None
        if isinstance(said, int) and self.status(said) == written:
            return said
        return 500 if written == "default" != self.success else number(written)

    def headers(self, status: int) -> dict[str, str]:
        """The documented headers of a status."""
        return dict(self.replies.get(self.status(status), {"headers": {}})["headers"])


@frozen
class Contract:
    """All operations; `order` has those first whose paths are more literal.

    `bases` are the paths of the documented servers, `secrets` the places of credentials.
    """

    operations: Mapping[str, Operation]
    order: tuple[Operation, ...]
    bases: tuple[str, ...]
    secrets: frozenset[tuple[str, str]]

    def operation(self, name: str) -> Operation:
        """The operation of an id, or of the name of its method. Raises ExampleError where there is none."""
        found = self.operations.get(name)
        if found is None:
            found = next((each for each in self.operations.values() if _folded(each.id) == _folded(name)), None)
        if found is None:
            raise ExampleError(f"there is no operation {name!r}; the API has {_listed(self.operations)}")
        return found

    def find(self, method: str, path: str) -> Operation:
        """The operation of a request, `path` as it was sent, below one of `bases` or none.

        Raises ExampleError that names the nearest operations.
        """
        paths = [path, *(path.removeprefix(base) for base in self.bases if path.startswith(f"{base}/"))]
        for each in paths:
            wanted = "/".join(quote(unquote(segment), safe="") for segment in each.split("/"))
            for operation in self.order:
                if operation.method == method and operation.pattern.fullmatch(wanted):
                    return operation
        sent = f"{method} {path}"
        known = {f"{each.method} {each.path}": each.id for each in self.operations.values()}
        close = get_close_matches(sent, known, n=3, cutoff=0.0)
        nearest = ", ".join(f"{label} ({known[label]})" for label in close)
        raise ExampleError(f"no operation of the API is {sent}; the nearest are {nearest}")


@cache
def contract() -> Contract:
    """The contract that this package was generated from."""
    data = json.loads(files(__name__.rpartition(".")[0]).joinpath("examples.json").read_text(encoding="utf-8"))
    operations = {name: _operation(name, each) for name, each in data["operations"].items()}
    return Contract(
        operations,
        tuple(operations[name] for name in data["order"]),
        tuple(data["bases"]),
        frozenset((place, name.lower()) for place, name in data["secrets"]),
    )


def encoded(value: Any, media_type: str) -> bytes:
    """An example as a body: a text as it is, but of a JSON media type it is a JSON string."""
    kind = plain(media_type)
    if kind.endswith(("/json", "+json")) and kind != "application/stream+json":
        return json.dumps(value).encode()
    if isinstance(value, str):
        return (value if kind != "text/event-stream" or FIELD.match(value) else _event(value)).encode()
    if kind == "application/x-www-form-urlencoded" and isinstance(value, dict):
        return urlencode(value, doseq=True).encode()
    events = value if isinstance(value, list) else [value]
    if kind == "text/event-stream":
        return "".join(_event(json.dumps(event)) for event in events).encode()
    if re.search(r"jsonl|ndjson|json-?lines|stream\+json|json-stream|json-seq", kind):
        return "".join(f"{json.dumps(event)}\n" for event in events).encode()
    return json.dumps(value).encode()


def _event(data: str) -> str:
    return "".join(f"data: {line}\n" for line in data.split("\n")) + "\n"


def plain(media_type: str) -> str:
    """A media type without parameters, in lower case."""
    return media_type.partition(";")[0].strip().lower()


def number(status: str) -> int:
    """A status as it can be sent: 4XX is 400, and the default one 200."""
    return int(status) if status.isdigit() else 200 if status in ("default", "") else int(status[0]) * 100


def _operation(name: str, data: Mapping[str, Any]) -> Operation:
    parts = re.split(r"\{[^}]*\}", re.split("[?#]", data["path"])[0])
    pattern = "[^/]+".join(
        re.escape("/".join(quote(unquote(each), safe="") for each in part.split("/"))) for part in parts
    )
    return Operation(
        id=name,
        method=data["method"],
        path=data["path"],
        requires=tuple((place, each) for place, each in data["requires"]),
        accepts=tuple(data["accepts"]),
        body_required=data["body_required"],
        success=data["success"],
        replies=data["replies"],
        pattern=re.compile(pattern),
    )


def _folded(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).lower()


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none with a name"
