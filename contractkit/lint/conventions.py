"""Rules about what calls have in common: pages, repetition, retries, tracing, parameters that all tools send alike."""

from contractkit.lint.finding import Fault, Faults
from contractkit.lint.settings import Rule
from contractkit.lint.spec import Node, Operation, Spec


def collection_parameters(spec: Spec, *, parameters: tuple[str, ...] = ("limit", "cursor")) -> Faults:
    """A GET that answers a list is read in pages: it takes the query parameters `parameters`."""
    for operation in spec.operations:
        if not _lists(spec, operation):
            continue
        missing = [name for name in parameters if operation.parameter("query", name) is None]
        if missing:
            message = f"answers a list and has no {', '.join(missing)}"
            yield Fault(operation.node.place, operation.subject, message)


def collection_envelope(spec: Spec, *, members: tuple[str, ...] = ("next",)) -> Faults:
    """A GET that answers a list answers an object with one list in it, and requires `members` beside it."""
    for operation in spec.operations:
        for schema in _lists(spec, operation):
            required = {name for part in spec.parts(schema) for name in part.get("required", ())}
            missing = [name for name in members if name not in required]
            if spec.type_of(schema) == "array":
                yield Fault(schema.place, operation.subject, "a list must be inside an object, which can grow")
            elif missing:
                message = f"a page must require {', '.join(missing)}"
                yield Fault(schema.place, operation.subject, message)


def _lists(spec: Spec, operation: Operation) -> list[Node]:
    """The schemas of an operation's answers that are lists, or objects with a list directly in them."""
    if operation.method != "get":
        return []
    answers = [schema for response in operation.successes.values() if (schema := spec.json(response))]
    return [schema for schema in answers if _holds_list(spec, schema)]


def _holds_list(spec: Spec, schema: Node) -> bool:
    if spec.type_of(schema) == "array":
        return True
    return any(spec.type_of(each) == "array" for each in spec.properties(schema).values())


def idempotency_key(spec: Spec, *, header: str = "Idempotency-Key") -> Faults:
    """Every POST takes a key by which a repetition is known, so that a lost answer can be asked for again."""
    for operation in spec.operations:
        if operation.method == "post" and operation.parameter("header", header) is None:
            yield Fault(operation.node.place, operation.subject, f"has no header parameter {header}")


def retry_after(spec: Spec, *, statuses: tuple[str, ...] = ("429", "503")) -> Faults:
    """A response that asks to come back later says when, in Retry-After."""
    for operation in spec.operations:
        for status, response in operation.responses.items():
            if status in statuses and not _has_header(response, "Retry-After"):
                yield Fault(response.place, operation.subject, f"the {status} response has no Retry-After")


def response_headers(spec: Spec, *, headers: tuple[str, ...] = ("X-Request-Id",)) -> Faults:
    """Every response has `headers`."""
    for response in spec.of("response"):
        missing = [name for name in headers if not _has_header(response, name)]
        if missing:
            yield Fault(response.place, response.subject, f"has no header {', '.join(missing)}")


def _has_header(response: Node, name: str) -> bool:
    return name.lower() in {header.lower() for header in response.get("headers") or {}}


def parameter_style(spec: Spec) -> Faults:
    """Parameters are scalars, or lists as repeated keys: other styles are sent and read in different ways."""
    for parameter in spec.of("parameter"):
        for message in _odd(spec, parameter):
            yield Fault(parameter.place, parameter.get("name", ""), message)


def _odd(spec: Spec, parameter: Node) -> list[str]:
    if "content" in parameter.value:
        return ["a parameter with content is dropped by generators"]
    schema = spec.below(parameter, "schema", "schema")
    kind = spec.type_of(schema) if schema else ""
    place, found = parameter.get("in", ""), []
    usual = "form" if place in ("query", "cookie") else "simple"
    if parameter.get("style", usual) != usual:
        found.append(f"the style {parameter.get('style')} is read in different ways; use {usual}")
    if kind == "object":
        found.append("an object is no value of a parameter; use a parameter for each property")
    if kind == "array" and place == "query" and parameter.get("explode", True) is not True:
        found.append("a list without explode is sent in different ways")
    return found


RULES: tuple[Rule, ...] = (
    collection_parameters,
    collection_envelope,
    idempotency_key,
    retry_after,
    response_headers,
    parameter_style,
)
