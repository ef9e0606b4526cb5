"""Rules about operations: how they are named, described and secured, and what they answer."""

import re

from contractkit.lint.finding import Fault, Faults
from contractkit.lint.settings import Pattern, Rule
from contractkit.lint.spec import Node, Spec

URL_SAFE = re.compile(r"^[A-Za-z0-9._~-]+$")


def operation_operation_id(spec: Spec, *, pattern: Pattern = URL_SAFE) -> Faults:
    """Every operation has an operationId that fits `pattern`; clients and handlers are named after it."""
    for operation in spec.operations:
        name = operation.node.get("operationId", "")
        if not name:
            yield Fault(operation.node.place, operation.subject, "has no operationId")
        elif not pattern.search(name):
            yield Fault(operation.node.at("operationId"), operation.subject, f"{name} does not fit {pattern.pattern}")


def operation_summary(spec: Spec, *, max_length: int = 120) -> Faults:
    """Every operation has a summary of one line, of at most `max-length` characters and without a full stop."""
    for operation in spec.operations:
        text = operation.node.get("summary", "").strip()
        if not text:
            yield Fault(operation.node.place, operation.subject, "has no summary")
        elif len(text) > max_length or "\n" in text or text.endswith("."):
            message = f"the summary must be one line of at most {max_length} characters, without a full stop"
            yield Fault(operation.node.at("summary"), operation.subject, message)


def operation_description(spec: Spec) -> Faults:
    """Every operation has a description that says more than its summary."""
    for operation in spec.operations:
        text = operation.node.get("description", "").strip()
        if not text or text.rstrip(".") == operation.node.get("summary", "").strip():
            message = "has no description, or one that only repeats the summary"
            yield Fault(operation.node.place, operation.subject, message)


def operation_singular_tag(spec: Spec) -> Faults:
    """Every operation has exactly one tag: it decides the module that the operation is in."""
    for operation in spec.operations:
        count = len(operation.node.get("tags", ()))
        if count != 1:
            yield Fault(operation.node.place, operation.subject, f"has {count} tags instead of one")


def operation_tag_defined(spec: Spec) -> Faults:
    """Every tag of an operation is one that the document lists."""
    known = {str(tag.get("name")) for tag in spec.root.get("tags", ())}
    for operation in spec.operations:
        for index, tag in enumerate(operation.node.get("tags", ())):
            if tag not in known:
                yield Fault(operation.node.at("tags", str(index)), operation.subject, f"the tag {tag} is not listed")


def tag_description(spec: Spec) -> Faults:
    """Every tag that the document lists has a description."""
    for index, tag in enumerate(spec.root.get("tags", ())):
        if not _text(tag.get("description")):
            yield Fault(spec.root.at("tags", str(index)), str(tag.get("name")), f"{tag.get('name')} has no description")


def parameter_description(spec: Spec) -> Faults:
    """Every parameter and every response header has a description."""
    for node in (*spec.of("parameter"), *spec.of("header")):
        if not _text(node.get("description")):
            name = node.get("name", node.place.name)
            yield Fault(node.place, name, f"{name} has no description")


def operation_2xx_response(spec: Spec, *, at_most: int = 1) -> Faults:
    """Every operation has a 2xx response, and at most `at-most` of them, so that a caller knows what it gets."""
    for operation in spec.operations:
        count = len(operation.successes)
        if not 1 <= count <= at_most:
            message = f"has {count} 2xx responses; allowed are 1 to {at_most}"
            yield Fault(operation.node.at("responses"), operation.subject, message)


def operation_4xx_response(spec: Spec) -> Faults:
    """Every operation says how it refuses."""
    for operation in spec.operations:
        if not any(status.startswith("4") for status in operation.responses):
            yield Fault(operation.node.at("responses"), operation.subject, "has no 4xx response")


def operation_responses(
    spec: Spec,
    *,
    always: tuple[str, ...] = (),
    secured: tuple[str, ...] = (),
    with_body: tuple[str, ...] = (),
    with_path_parameter: tuple[str, ...] = (),
) -> Faults:
    """An operation lists the statuses that follow from what it is: from its security, its body, its path."""
    for operation in spec.operations:
        wanted = list(always)
        wanted += secured if any(operation.security) else ()
        wanted += with_body if operation.body else ()
        wanted += with_path_parameter if "{" in operation.path else ()
        missing = [status for status in wanted if status not in operation.responses]
        if missing:
            message = f"does not list {', '.join(missing)}"
            yield Fault(operation.node.at("responses"), operation.subject, message)


def operation_4xx_problem_details(
    spec: Spec, *, media_type: str = "application/problem+json", schema: str = "Problem"
) -> Faults:
    """Every 4xx, 5xx and default response is a problem document of one shared schema, and nothing else."""
    for status, response in _unique_responses(spec):
        if status[:1] not in "45d":
            continue
        types = list(response.get("content") or {})
        found = spec.json(response)
        if types != [media_type]:
            said = ", ".join(types) or "no content"
            yield Fault(response.place, response.subject, f"must have {media_type} alone; has {said}")
        elif found is None or found.place.name != schema:
            yield Fault(response.place, response.subject, f"must be of the schema {schema}")


def operation_security(spec: Spec, *, open_tags: tuple[str, ...] = ()) -> Faults:
    """Every operation says who may call it; only those under `open-tags` may be open to everybody."""
    for operation in spec.operations:
        said = operation.node.get("security")
        is_open = not said or {} in said
        if said is None:
            yield Fault(operation.node.place, operation.subject, "does not say who may call it")
        elif is_open and not set(open_tags).intersection(operation.node.get("tags", ())):
            yield Fault(operation.node.at("security"), operation.subject, "is open to everybody")


def security_defined(spec: Spec) -> Faults:
    """Every security scheme that an operation asks for is defined."""
    known = (spec.root.get("components") or {}).get("securitySchemes") or {}
    for operation in spec.operations:
        for name in sorted({name for each in operation.security for name in each} - set(known)):
            yield Fault(operation.node.at("security"), operation.subject, f"the security scheme {name} is not defined")


def security_scopes_defined(spec: Spec) -> Faults:
    """Every scope that an operation asks for is one of its scheme; only OAuth 2 and OpenID schemes have scopes."""
    schemes = {node.place.name: node for node in spec.of("securityScheme")}
    for operation in spec.operations:
        for name, asked in [pair for each in operation.security for pair in each.items()]:
            scheme = schemes.get(name)
            if scheme is None or scheme.get("type") == "openIdConnect":
                continue
            for scope in sorted(set(map(str, asked if isinstance(asked, list) else ())) - _scopes(scheme)):
                yield Fault(operation.node.at("security"), operation.subject, f"{name} has no scope {scope}")


def _scopes(scheme: Node) -> set[str]:
    flows = [flow for flow in (scheme.get("flows") or {}).values() if isinstance(flow, dict)]
    return {scope for flow in flows if isinstance(flow.get("scopes"), dict) for scope in flow["scopes"]}


def patch_merge(spec: Spec) -> Faults:
    """PATCH takes a merge patch and guards against lost updates: If-Match in the request, ETag in the answer."""
    for operation in spec.operations:
        if operation.method != "patch":
            continue
        types = list((operation.body.get("content") or {}) if operation.body else {})
        if types != ["application/merge-patch+json"]:
            yield Fault(operation.node.place, operation.subject, "must take application/merge-patch+json alone")
        if operation.parameter("header", "If-Match") is None:
            yield Fault(operation.node.place, operation.subject, "has no parameter If-Match")
        for status, response in operation.successes.items():
            if "etag" not in {name.lower() for name in response.get("headers") or {}}:
                yield Fault(response.place, operation.subject, f"the {status} response has no ETag")


def callback_signature(spec: Spec, *, header: str = "Webhook-Signature") -> Faults:
    """What the provider sends to others carries a header by which they know that it comes from the provider."""
    for callback in spec.of("callback"):
        for address in callback.value:
            item = spec.below(callback, "pathItem", address)
            for name in ("post", "put", "patch", "get", "delete") if item else ():
                operation = spec.below(item, "operation", name) if item else None
                if operation is None:
                    continue
                parameters = [*spec.each(operation, "parameter", "parameters").values()]
                parameters += spec.each(item, "parameter", "parameters").values() if item else ()
                if not any(_is_header(each, header) for each in parameters):
                    yield Fault(operation.place, callback.place.name, f"has no header {header}")


def _is_header(parameter: Node, name: str) -> bool:
    return bool(parameter.get("in") == "header" and parameter.get("name", "").lower() == name.lower())


def info_semver(spec: Spec) -> Faults:
    """The version of the document is MAJOR.MINOR.PATCH, so that a change can say how much it breaks."""
    version = str((spec.root.get("info") or {}).get("version", ""))
    if not re.fullmatch(r"(0|[1-9]\d*)(\.(0|[1-9]\d*)){2}(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?", version):
        yield Fault(spec.root.at("info", "version"), "version", f"{version or 'nothing'} is no semantic version")


def _unique_responses(spec: Spec) -> list[tuple[str, Node]]:
    """Each response once, with a status that it answers."""
    found = {
        response.place: (status, response)
        for operation in spec.operations
        for status, response in operation.responses.items()
    }
    return list(found.values())


def _text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


RULES: tuple[Rule, ...] = (
    operation_operation_id,
    operation_summary,
    operation_description,
    operation_singular_tag,
    operation_tag_defined,
    tag_description,
    parameter_description,
    operation_2xx_response,
    operation_4xx_response,
    operation_responses,
    operation_4xx_problem_details,
    operation_security,
    security_defined,
    security_scopes_defined,
    patch_merge,
    callback_signature,
    info_semver,
)
