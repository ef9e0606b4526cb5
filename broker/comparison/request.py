"""The request of an interaction against the operation that it is for."""

from __future__ import annotations

from broker.comparison.bodies import compare_body
from broker.comparison.document import Node
from broker.comparison.effort import NotComparedError
from broker.comparison.findings import Subject
from broker.comparison.media import choose
from broker.comparison.parameters import cookies, is_empty_allowed, query_object, text_problems
from broker.comparison.pointers import Steps
from broker.comparison.schemas import Check
from broker.comparison.security import compare_security, credential_names

_JSON = "application/json"
# Headers that HTTP itself defines: a document need not describe them.
_STANDARD_NAMES = (
    "accept accept-charset accept-datetime accept-encoding accept-language authorization cache-control connection"
    " content-encoding content-language content-length content-md5 content-type cookie date expect forwarded from host"
    " if-match if-modified-since if-none-match if-range if-unmodified-since keep-alive max-forwards origin pragma"
    " proxy-authorization range referer te trailer transfer-encoding upgrade user-agent via warning"
)
_STANDARD = frozenset(_STANDARD_NAMES.split())


def compare_request(subject: Subject, path_values: dict[str, str]) -> None:
    """Nothing is asked of a request that is sent to be refused: that it breaks the document is its purpose."""
    if subject.interaction.expects_refusal:
        return
    compare_security(subject)
    _accept(subject)
    _path(subject, path_values)
    _headers(subject)
    _cookies(subject)
    _query(subject)
    _body(subject)


def _path(subject: Subject, values: dict[str, str]) -> None:
    steps = (*subject.interaction.request.steps, "path")
    for parameter in _of(subject, "path"):
        name = str(parameter.mapping.get("name"))
        if name in values:
            _compare_text(subject, "request.path.incompatible", parameter, [values[name]], steps)


def _headers(subject: Subject) -> None:
    request = subject.interaction.request
    described = set()
    for parameter in _of(subject, "header"):
        name = str(parameter.mapping.get("name"))
        described.add(name.lower())
        if name.lower() in ("accept", "content-type", "authorization"):
            continue  # OpenAPI has these described elsewhere
        given = request.headers.get(name.lower())
        if given is not None:
            _compare_text(subject, "request.header.incompatible", parameter, given[0], request.header_steps(name))
        else:
            _missing(subject, "request.header.incompatible", parameter, (*request.steps, "headers"))
    known = described | {name.lower() for name in credential_names(subject, "header")} | _STANDARD
    for name, (_, written) in request.headers.items():
        if name not in known:
            message = f"{subject.operation}: the request header {written} is not described"
            steps = subject.operation.node.steps
            subject.findings.warning("request.header.unknown", message, request.header_steps(name), steps)


def _cookies(subject: Subject) -> None:
    given = cookies(subject.interaction.request.header("cookie"))
    steps = subject.interaction.request.header_steps("cookie")
    for parameter in _of(subject, "cookie"):
        texts = given.get(str(parameter.mapping.get("name")))
        if texts is not None:
            _compare_text(subject, "request.cookie.incompatible", parameter, texts, steps)
        else:
            _missing(subject, "request.cookie.incompatible", parameter, steps)


def _query(subject: Subject) -> None:
    query = subject.interaction.query
    steps = (*subject.interaction.request.steps, "query")
    used = credential_names(subject, "query")
    for parameter in _of(subject, "query"):
        name = str(parameter.mapping.get("name"))
        value, names = query_object(subject.document, parameter, query)
        used |= {name, *names}
        if value is not None:
            _compare_value(subject, parameter, value, steps)
            continue
        texts = query.get(name, query.get(f"{name}[]"))  # name[] is how some clients write a list
        used.add(f"{name}[]")
        if texts is None:
            _missing(subject, "request.query.incompatible", parameter, steps)
        elif not is_empty_allowed(parameter, texts):
            _compare_text(subject, "request.query.incompatible", parameter, texts, (*steps, name))
    for name in sorted(query.keys() - used):
        message = f"{subject.operation}: the query parameter {name} is not described"
        place = subject.operation.node.steps
        subject.findings.warning("request.query.unknown", message, (*steps, name), place, query[name])


def _compare_text(subject: Subject, code: str, parameter: Node, texts: list[str], steps: Steps) -> None:
    try:
        problems = text_problems(subject.document, parameter, texts, subject.budget, promised=False)
    except NotComparedError as reason:
        _unproven(subject, code, parameter, reason, steps)
        return
    subject.findings.problems(code, _about(subject, parameter), problems, steps)


def _compare_value(subject: Subject, parameter: Node, value: object, steps: Steps) -> None:
    code = "request.query.incompatible"
    try:
        check = Check(subject.document, subject.budget.effort(value), promised=False)
        problems = check.problems(parameter.child("schema"), value)
    except NotComparedError as reason:
        _unproven(subject, code, parameter, reason, steps)
        return
    subject.findings.problems(code, _about(subject, parameter), problems, steps)


def _unproven(subject: Subject, code: str, parameter: Node, reason: NotComparedError, steps: Steps) -> None:
    place = code.removesuffix("incompatible") + "unvalidatable"
    subject.findings.unproven(place, f"{_about(subject, parameter)} {reason}", steps, parameter.steps)


def _missing(subject: Subject, code: str, parameter: Node, steps: Steps) -> None:
    if parameter.mapping.get("required") is True:
        message = f"{_about(subject, parameter)} is required and not sent"
        subject.findings.error(code, message, steps, parameter.steps)


def _about(subject: Subject, parameter: Node) -> str:
    kind = {"path": "path parameter", "query": "query parameter", "header": "request header", "cookie": "cookie"}
    stated = parameter.mapping
    return f"{subject.operation}: the {kind.get(str(stated.get('in')), 'parameter')} {stated.get('name')}"


def _of(subject: Subject, place: str) -> list[Node]:
    return [parameter for parameter in subject.operation.parameters if parameter.mapping.get("in") == place]


def _accept(subject: Subject) -> None:
    wanted = subject.interaction.request.header("accept")
    if not wanted:
        return
    responses = subject.operation.node.child("responses")
    produced = [
        name
        for _, response in responses.children()
        for name, _ in subject.document.follow(response).child("content").children()
    ]
    subject.budget.take(len(produced) * (1 + wanted.count(",")))
    steps = subject.interaction.request.header_steps("accept")
    if not produced:
        message = f"{subject.operation}: the request accepts {wanted}; no content type of a response is described"
        subject.findings.warning("request.accept.unknown", message, steps, responses.steps, wanted)
    elif choose(wanted, produced) is None:
        message = f"{subject.operation}: the request accepts {wanted}; the responses are {_listed(produced)}"
        subject.findings.error("request.accept.incompatible", message, steps, responses.steps, wanted)


def _body(subject: Subject) -> None:
    request = subject.interaction.request
    described = subject.document.follow(subject.operation.node.child("requestBody"))
    content = subject.content(described)
    steps = (*request.steps, "body")
    content_type = request.content_type
    if content_type and content and choose(content_type, content) is None:
        message = f"{subject.operation}: the request body is {content_type}; the operation takes {_listed(content)}"
        place = request.header_steps("content-type")
        subject.findings.error("request.content-type.incompatible", message, place, described.steps, content_type)
        return
    if request.body is None:
        if described.mapping.get("required") is True:
            message = f"{subject.operation}: the request body is required and not sent"
            subject.findings.error("request.body.incompatible", message, steps, described.steps)
        return
    if not content:
        message = f"{subject.operation}: a request body is sent; none is described"
        subject.findings.warning("request.body.unknown", message, steps, subject.operation.node.steps)
        return
    chosen = choose(content_type or _JSON, content) or next(iter(content))
    if not content_type:
        message = f"{subject.operation}: the request does not say its content type; {chosen} is assumed"
        subject.findings.warning("request.content-type.missing", message, request.steps, described.steps)
    if "schema" not in content[chosen].mapping:
        message = f"{subject.operation}: {chosen} has no schema that the request body could be compared with"
        subject.findings.warning("request.body.unknown", message, steps, content[chosen].steps)
        return
    compare_body(subject, "request", request.body, content_type or chosen, content[chosen].child("schema"))


def _listed(names: list[str] | dict[str, Node]) -> str:
    return ", ".join(dict.fromkeys(names))
