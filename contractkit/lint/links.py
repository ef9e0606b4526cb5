"""Rules about links: the edges by which tools walk from what an operation answers to the next call."""

import re

from contractkit.lint.finding import Fault, Faults
from contractkit.lint.settings import Rule
from contractkit.lint.spec import Node, Operation, Spec

EXPRESSION = re.compile(r"\$(request|response)\.(body|path|query|header)(.*)")


def created_links(spec: Spec, *, statuses: tuple[str, ...] = ("201",)) -> Faults:
    """What an operation creates is linked to what can be done with it, so that tools can walk from call to call."""
    for operation in spec.operations:
        for status, response in operation.responses.items():
            if status in statuses and not response.get("links"):
                yield Fault(response.place, operation.subject, f"the {status} response has no links")


def link_targets(spec: Spec) -> Faults:
    """A link names an operation of the document, and parameters that it has."""
    known = {operation.node.get("operationId"): operation for operation in spec.operations}
    for link in spec.of("link"):
        name = link.get("operationId")
        if name is None:
            continue
        target = known.get(name)
        if target is None:
            yield Fault(link.at("operationId"), link.place.name, f"there is no operation {name}")
            continue
        for parameter in link.get("parameters") or {}:
            if not _has_parameter(target, parameter):
                place = link.at("parameters", parameter)
                yield Fault(place, link.place.name, f"{name} has no parameter {parameter}")


def _has_parameter(operation: Operation, name: str) -> bool:
    location, dot, rest = name.partition(".")
    if dot and location in ("path", "query", "header", "cookie"):
        return operation.parameter(location, rest) is not None
    return any(parameter.get("name") == name for parameter in operation.parameters)


def link_expressions(spec: Spec) -> Faults:
    """What a link takes from the request or the response is there: a declared parameter, header or property."""
    for operation in spec.operations:
        for response in operation.responses.values():
            for name, link in spec.each(response, "link", "links").items():
                values = [*(link.get("parameters") or {}).values(), *_strings(link.get("requestBody"))]
                for text in values:
                    if isinstance(text, str) and not _leads(spec, operation, response, text):
                        yield Fault(link.place, name, f"{text} is not there in {operation.subject}")


def _strings(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for each in value.values() for text in _strings(each)]
    if isinstance(value, list):
        return [text for each in value for text in _strings(each)]
    return [value] if isinstance(value, str) else []


def _leads(spec: Spec, operation: Operation, response: Node, text: str) -> bool:
    match = EXPRESSION.fullmatch(text)
    if match is None:
        return True  # a constant, or $url, $method and $statusCode, which are always there
    side, part, rest = match.groups()
    name = rest.removeprefix(".")
    if part == "body":
        holder = operation.body if side == "request" else response
        schema = spec.json(holder) if holder else None
        return schema is not None and _has_pointer(spec, schema, rest.removeprefix("#").split("/")[1:])
    if side == "response":
        return name.lower() in {header.lower() for header in response.get("headers") or {}}
    return operation.parameter(part, name) is not None


def _has_pointer(spec: Spec, schema: Node, tokens: list[str]) -> bool:
    for token in tokens:
        found = spec.properties(schema).get(token)
        if found is None and token.isdecimal():
            found = next((each for part in spec.parts(schema) if (each := spec.below(part, "schema", "items"))), None)
        if found is None:
            return False
        schema = found
    return True


RULES: tuple[Rule, ...] = (created_links, link_targets, link_expressions)
