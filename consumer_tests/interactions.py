"""How every consumer writes an interaction: who asks, what is answered, and what of the answer it depends on."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from billing_client import BillingClient, Resilience
from pact import Pact, match
from pact.interaction import HttpInteraction

from consumer_tests.states import State

INSTANT = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?Z$"
DECIMAL = r"^(0|[1-9]\d*)(\.\d+)?$"
IDENTIFIER = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"


def ask(pact: Pact, description: str, *states: State, request: str, account: str | None = None) -> HttpInteraction:
    """An interaction that begins with `request` ("GET /path") in the given states, as `account` where one is named."""
    method, path = request.split(" ")
    interaction = pact.upon_receiving(description)
    for state in states:
        interaction.given(state.name, state.parameters)
    interaction.with_request(method, path)
    interaction.with_header("Authorization", match.regex("Bearer token", regex="^Bearer .+$"))
    return interaction if account is None else interaction.with_header("uuid", account)


def succeed(interaction: HttpInteraction, status: int = 200, **body: object) -> None:
    """Answers with the success header, which every consumer reads, and the members of `body`."""
    header = {"isSuccessful": True, "resultCode": 0, "resultMessage": match.str("SUCCESS")}
    interaction.will_respond_with(status).with_header("Content-Type", "application/json")
    interaction.with_body({"header": header, **body}, "application/json")


def refuse(interaction: HttpInteraction, status: int, result_code: int, *pointers: str) -> None:
    """Answers with a problem. Status, result code and pointers are what consumers decide by; words may change."""
    header = {"isSuccessful": False, "resultCode": result_code, "resultMessage": match.str("What went wrong")}
    problem: dict[str, Any] = {
        "type": match.regex("about:blank", regex=r"^(about:blank|urn:problem:billing:[a-z-]+)$"),
        "title": match.str("A kind of problem"),
        "status": status,
        "detail": match.str("What went wrong"),
        "header": header,
    }
    if pointers:
        problem["errors"] = [{"pointer": pointer, "detail": match.str("What is wrong")} for pointer in pointers]
    interaction.will_respond_with(status).with_header("Content-Type", "application/problem+json")
    interaction.with_body(problem, "application/problem+json")


def one_of(example: str, *others: str) -> Any:
    """One of several words; the client refuses any other."""
    return match.regex(example, regex=f"^({'|'.join(sorted({example, *others}))})$")


def identifier(example: str) -> Any:
    """An id that the provider chooses."""
    return match.regex(example, regex=IDENTIFIER)


def decimal(example: str) -> Any:
    """A decimal number in a string."""
    return match.regex(example, regex=DECIMAL)


def instant(example: str) -> Any:
    """An instant in UTC."""
    return match.regex(example, regex=INSTANT)


def amounts(**examples: int) -> Mapping[str, Any]:
    """Amounts in minor units; a consumer depends on their being whole numbers, not on their values."""
    return {name: match.int(example) for name, example in examples.items()}


@contextmanager
def billing(pact: Pact) -> Iterator[BillingClient]:
    """A client of a server that answers as the interactions of `pact` say, and fails when one was not asked for.

    Each call is one request: a second try would be an interaction of its own.
    """
    with pact.serve() as server, BillingClient(str(server.url), "a-token", resilience=Resilience.off()) as client:
        yield client
