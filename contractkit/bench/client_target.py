"""Which operation a generated client is measured with: chosen from the document, or named in the configuration."""

from collections.abc import Iterable, Mapping
from typing import Any

from attrs import frozen

from contractkit.bench.traffic import parameter_values
from contractkit.errors import ConfigError
from contractkit.generate.client import Distribution, examples
from contractkit.generate.client.operations import Endpoint
from contractkit.stub.document import is_json
from contractkit.stub.schemas import Schemas
from contractkit.stub.values import NoValueError

MANY = 1_000
PLAIN_TYPES = {"str", "int", "float", "bool"}


@frozen
class Target:
    """A GET that can be called with plain values, and what it is answered: the example of its success.

    `many` is the same reply with MANY items, None where it holds no list of objects.
    """

    endpoint: Endpoint
    arguments: Mapping[str, Any]
    reply: Any
    many: Any


def target(made: Distribution, wanted: str) -> Target | None:
    """The operation named `wanted`; without a name the first one whose reply is a list, else the first one at all.

    Only those count that can be called with plain values. Raises ConfigError when the named one is none of them.
    """
    replies = examples.collect(made.raw)["operations"]
    found = [each for endpoint in made.endpoints if (each := _target(made, endpoint, replies)) is not None]
    if not wanted:
        return next((each for each in found if each.many is not None), next(iter(found), None))
    for each in found:
        if wanted in (each.endpoint.name, each.endpoint.operation.key):
            return each
    raise ConfigError(f"[tool.contractkit.bench] call: {wanted!r} is no GET that can be called with plain values")


def _target(made: Distribution, endpoint: Endpoint, replies: Mapping[str, Any]) -> Target | None:
    if endpoint.operation.method != "GET" or endpoint.is_streaming:
        return None
    arguments = _arguments(made, endpoint)
    bodies = list(_bodies(replies[endpoint.operation.key]))
    return Target(endpoint, arguments, bodies[0], _many(bodies[0])) if arguments is not None and bodies else None


def _arguments(made: Distribution, endpoint: Endpoint) -> dict[str, Any] | None:
    """The arguments that have to be given; None where one is no plain value, or no value is known."""
    try:
        known = parameter_values(made.document, Schemas(made.document), endpoint.operation)
    except NoValueError:
        return None
    values = {(parameter.location, parameter.name): value for parameter, value in known}
    given = {}
    for each in endpoint.arguments:
        if each.required:
            place = (each.location, each.parameter.name if each.parameter else "")
            if each.annotation not in PLAIN_TYPES or place not in values:
                return None
            given[each.name] = values[place]
    return given


def _bodies(known: Mapping[str, Any]) -> Iterable[Any]:
    """The examples of a success with the status 200, as JSON."""
    for media_type, named in known["replies"].get("200", {}).get("content", {}).items():
        if is_json(media_type.partition(";")[0].strip().lower()):
            yield from named.values()


def _many(reply: Any) -> Any:
    """The reply with MANY items, made of those that it has."""
    if isinstance(reply, list):
        return _repeated(reply) if _is_of_objects(reply) else None
    if not isinstance(reply, dict):
        return None
    lists = [name for name, value in reply.items() if _is_of_objects(value)]
    return {**reply, lists[0]: _repeated(reply[lists[0]])} if len(lists) == 1 else None


def _is_of_objects(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(each, dict) for each in value)


def _repeated(items: list[Any]) -> list[Any]:
    return [items[number % len(items)] for number in range(MANY)]
