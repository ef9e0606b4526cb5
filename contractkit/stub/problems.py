"""Errors as RFC 9457 problem documents."""

from collections.abc import Callable, Mapping
from http import HTTPStatus

import orjson
from attrs import field, frozen
from starlette.responses import Response

from contractkit.errors import ToolkitError

MEDIA_TYPE = "application/problem+json"
MAX_FIELD_ERRORS = 20


class StubError(ToolkitError):
    """The document cannot be served, or handlers and security checks do not fit it."""


@frozen
class FieldError:
    """One fault of a request: `pointer` is a JSON pointer into the body, or `/query/page`, `/header/uuid` and so on."""

    pointer: str
    detail: str


@frozen
class Problem(Exception):  # noqa: N818 - RFC 9457's own word for it
    """An answer with an error status; a handler's domain errors become one through `to_problem`.

    `title` is the status' own phrase unless given; `extensions` are further members of the document.
    """

    status: int
    title: str = ""
    detail: str = ""
    type: str = "about:blank"
    errors: tuple[FieldError, ...] = ()
    extensions: Mapping[str, object] = field(factory=dict)
    headers: Mapping[str, str] = field(factory=dict)


ToProblem = Callable[[Exception], Problem | None]
ExtendProblem = Callable[[Problem], Mapping[str, object]]


def render(problem: Problem, *, instance: str, extend: ExtendProblem, request_id: str) -> Response:
    """The problem as a response; `instance` is the path of the request that met it."""
    members: dict[str, object] = {
        "type": problem.type,
        "title": problem.title or phrase(problem.status),
        "status": problem.status,
    }
    if problem.detail:
        members["detail"] = problem.detail
    members["instance"] = instance
    if problem.errors:
        members["errors"] = [
            {"pointer": each.pointer, "detail": each.detail} for each in problem.errors[:MAX_FIELD_ERRORS]
        ]
    members |= problem.extensions
    members |= extend(problem)
    headers = {**problem.headers, "X-Request-Id": request_id}
    return Response(orjson.dumps(members), problem.status, headers=headers, media_type=MEDIA_TYPE)


def phrase(status: int) -> str:
    """The standard phrase of a status; `Error` for one that has none."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"


def never(_error: Exception) -> None:
    """A `to_problem` that knows no error, so that each of them is a 500."""


def nothing(_problem: Problem) -> Mapping[str, object]:
    """An `extend_problem` that adds nothing."""
    return {}
