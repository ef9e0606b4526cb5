"""An operation in words: what it does, what its arguments mean, what it returns and raises."""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from contractkit.generate import texts

if TYPE_CHECKING:
    from contractkit.generate.client.operations import Endpoint

ERRORS: Mapping[str, str] = {
    "400": "BadRequestError", "401": "UnauthorizedError", "403": "ForbiddenError", "404": "NotFoundError",
    "409": "ConflictError", "410": "GoneError", "412": "PreconditionFailedError", "415": "UnsupportedMediaTypeError",
    "422": "UnprocessableError", "429": "RateLimitedError", "500": "InternalServerError", "502": "BadGatewayError",
    "503": "ServiceUnavailableError", "504": "GatewayTimeoutError",
}  # fmt: skip
CLASSES = {"3": "RedirectionError", "4": "ClientError", "5": "ServerError", "d": "ProblemError"}
RAW_ERRORS = (
    ("UnexpectedResponse", "The answer is not as documented."),
    ("httpx.TransportError", "There is no answer; a httpx.TimeoutException if it took too long."),
)


def docstring(endpoint: "Endpoint", indent: int, *, detailed: bool) -> list[str]:
    """The operation in words; `detailed` for the functions of `api`, which return errors like successes."""
    head = texts.paragraph(endpoint.node.get("summary")).rstrip(".") or texts.in_words(endpoint.name)
    about = [each for each in texts.paragraphs(endpoint.node.get("description")) if each.rstrip(".") != head]
    deprecated = ["Deprecated."] if endpoint.node.get("deprecated") is True else []
    sections = [
        *_section("Args", _about_arguments(endpoint, deadline=not detailed)),
        *([] if detailed else _section("Returns", _about_success(endpoint))),
        *_section("Raises", RAW_ERRORS if detailed else _about_errors(endpoint)),
    ]
    return texts.long_docstring([f"{head}.", *deprecated, *about], sections, indent)


def _about_arguments(endpoint: "Endpoint", *, deadline: bool) -> Iterator[tuple[str, str]]:
    yield from ((each.name, each.about) for each in endpoint.arguments if each.about)
    if deadline:
        yield "deadline", "Seconds for the call with all its tries; None leaves it to the Resilience."


def _about_success(endpoint: "Endpoint") -> Iterator[tuple[str, str]]:
    about = {
        status: endpoint.document.follow(reply) for status, reply in (endpoint.node.get("responses") or {}).items()
    }
    statuses = sorted(endpoint.redirects) or [each.status for each in endpoint.operation.successes]
    found = (texts.paragraph((about.get(each) or {}).get("description")) for each in statuses)
    text = " ".join(dict.fromkeys(each for each in found if each))
    if endpoint.redirects:
        text = f"The Location of the answer, which is not followed. {text}".strip()
    if text:
        yield "", text


def _about_errors(endpoint: "Endpoint") -> Iterator[tuple[str, str]]:
    successes = endpoint.redirects or {each.status for each in endpoint.operation.successes}
    for status, reply in (endpoint.node.get("responses") or {}).items():
        name = ERRORS.get(status) or CLASSES.get(status[:1])
        if name and status not in successes:
            yield name, texts.paragraph(endpoint.document.follow(reply).get("description"))
    yield "ApiError", "Any other answer, or none: UnexpectedResponse, TransportError, CircuitOpenError."


def _section(title: str, entries: Iterable[tuple[str, str]]) -> list[str]:
    found = list(entries)
    return [f"{title}:", *(f"    {name}: {text}" if name else f"    {text}" for name, text in found)] if found else []
