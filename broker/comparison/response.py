"""The response that a consumer expects against those that the operation may give."""

from __future__ import annotations

from broker.comparison.bodies import compare_body
from broker.comparison.document import Node
from broker.comparison.effort import NotComparedError
from broker.comparison.findings import Subject
from broker.comparison.media import choose, is_structured
from broker.comparison.parameters import text_problems

_JSON = "application/json"
# Headers that HTTP itself or common practice defines: expecting one that is not described is worth a warning only.
_STANDARD_NAMES = (
    "accept-patch accept-post accept-ranges access-control-allow-credentials access-control-allow-headers"
    " access-control-allow-methods access-control-allow-origin access-control-expose-headers access-control-max-age age"
    " allow alt-svc cache-control connection content-disposition content-encoding content-language content-length"
    " content-location content-md5 content-range content-security-policy date deprecation etag expires keep-alive"
    " last-modified link location p3p pragma proxy-authenticate public-key-pins refresh retry-after server"
    " set-cookie status strict-transport-security sunset trailer transfer-encoding tsv upgrade vary via warning"
    " www-authenticate x-content-type-options x-frame-options"
)
_STANDARD = frozenset(_STANDARD_NAMES.split())


def compare_response(subject: Subject) -> None:
    response = _described(subject)
    if response is None:
        return
    content = subject.content(response)
    _headers(subject, response)
    if _content_type_fits(subject, response, content):
        _body(subject, response, content)


def _described(subject: Subject) -> Node | None:
    interaction = subject.interaction
    responses = subject.operation.node.child("responses")
    status = str(interaction.status)
    steps = (*interaction.response.steps, "status")
    for key in (status, f"{status[:1]}XX", f"{status[:1]}xx"):
        if key in responses.mapping:
            return subject.document.follow(responses.child(key))
    if "default" in responses.mapping:
        message = f"{subject.operation} documents {status} only as its default response"
        subject.findings.warning(
            "response.status.default", message, steps, (*responses.steps, "default"), interaction.status
        )
        return subject.document.follow(responses.child("default"))
    documented = ", ".join(key for key in responses.mapping if not key.startswith("x-")) or "no response"
    message = f"{subject.operation} gives no {status}; it documents {documented}"
    subject.findings.error("response.status.unknown", message, steps, responses.steps, interaction.status)
    return None


def _headers(subject: Subject, response: Node) -> None:
    expected = subject.interaction.response
    described = {name.lower(): subject.document.follow(header) for name, header in response.child("headers").children()}
    for name, (texts, written) in expected.headers.items():
        if name == "content-type":
            continue
        steps = expected.header_steps(name)
        about = f"{subject.operation}: the response header {written}"
        if name in described:
            try:
                problems = text_problems(subject.document, described[name], texts, subject.budget, promised=True)
            except NotComparedError as reason:
                code = "response.header.unvalidatable"
                subject.findings.unproven(code, f"{about} {reason}", steps, described[name].steps)
                continue
            subject.findings.problems("response.header.incompatible", about, problems, steps)
        elif name in _STANDARD:
            message = f"{about} is not described"
            subject.findings.warning("response.header.undefined", message, steps, response.steps, texts)
        else:
            message = f"{about} is not described, so it is not promised"
            subject.findings.error("response.header.unknown", message, steps, response.steps, texts)


def _content_type_fits(subject: Subject, response: Node, content: dict[str, Node]) -> bool:
    expected = subject.interaction.response
    if not expected.content_type:
        return True
    steps = expected.header_steps("content-type")
    if not content:
        message = f"{subject.operation}: the response is expected as {expected.content_type}; no content is described"
        code = "response.content-type.unknown"
        subject.findings.warning(code, message, steps, response.steps, expected.content_type)
        return True
    if choose(expected.content_type, content) is None:
        message = (
            f"{subject.operation}: the response is expected as {expected.content_type}; it is {', '.join(content)}"
        )
        code = "response.content-type.incompatible"
        place = (*response.steps, "content")
        subject.findings.error(code, message, steps, place, expected.content_type)
        return False
    return True


def _body(subject: Subject, response: Node, content: dict[str, Node]) -> None:
    expected = subject.interaction.response
    if expected.body is None:
        return
    wanted = expected.content_type or subject.interaction.request.header("accept") or _JSON
    chosen = choose(wanted, content) or next(iter(content), None)
    # Without a schema JSON promises nothing of what is in it; a text or a file is one, whatever it says.
    if chosen is None or ("schema" not in content[chosen].mapping and is_structured(chosen)):
        message = f"{subject.operation}: a body is expected; the response describes none"
        if chosen is not None:
            message = f"{subject.operation}: a body is expected; {chosen} has no schema that describes one"
        place = response.steps if chosen is None else content[chosen].steps
        subject.findings.error("response.body.unknown", message, expected.body.steps, place)
        return
    compare_body(subject, "response", expected.body, expected.content_type or chosen, content[chosen].child("schema"))
