"""What the usage calculator needs of the billing API."""

from datetime import date
from typing import Any

import httpx
import pytest
from billing_client import BillingClient, ConflictError, NotFoundError
from billing_client.models import Region
from pact import Pact, match
from pact.interaction import HttpInteraction

from consumer_tests.interactions import amounts, ask, billing, identifier, instant, one_of, refuse, succeed
from consumer_tests.states import State, account, batch, calculation, counter, credit, meter, regional_batch, statement
from consumer_tests.usage_calculator.calculator import (
    Calculator,
    NeverStartedError,
    Outcome,
)

CALCULATIONS = "/billing/admin/calculations"
BATCHES = "/billing/admin/batches"


def never() -> None:
    pytest.fail("the job has ended, there is nothing to wait for")


def calculator(client: BillingClient) -> Calculator:
    return Calculator(client, pause=never)


def starting(pact: Pact, description: str, *states: State) -> HttpInteraction:
    asked = ask(pact, description, *states, request=f"POST {CALCULATIONS}")
    return asked.with_body({"month": "2026-10", "uuid": "acme", "includeUsage": True}, "application/json")


def progress(pact: Pact, description: str, *states: State) -> HttpInteraction:
    asked = ask(pact, description, *states, request="GET /billing/admin/progress")
    return asked.with_query_parameters({"uuid": "acme", "month": "2026-10"})


def discarding(pact: Pact, description: str, *states: State) -> HttpInteraction:
    asked = ask(pact, description, *states, request="DELETE /billing/admin/resources", account="acme")
    return asked.with_query_parameter("month", "2026-10")


def job(status: str, **more: Any) -> dict[str, Any]:
    """A calculation that has ended. That `progress` then equals `maxProgress` is more than a matcher can say."""
    return {
        "progressCode": "API_CALCULATE_USAGE_AND_PRICE",
        "calculationId": identifier("calc-7f3a"),
        "uuid": "acme",
        "month": "2026-10",
        "status": status,
        **amounts(progress=4, maxProgress=4),
        **more,
    }


def regional(code: str, **more: Any) -> dict[str, Any]:
    """A batch over the accounts of Korea."""
    named = {"batchId": identifier("batch-2026-10-kr"), "batchJobCode": code, "date": "2026-10-31", "region": "KR"}
    return run(**named, **more)


def starting_batch(pact: Pact, description: str, *states: State, code: str) -> HttpInteraction:
    asked = ask(pact, description, *states, request=f"POST {BATCHES}")
    body = {"batchJobCode": code, "date": "2026-10-31", "region": "KR"}
    return asked.with_body(body, "application/json")


def run(**more: Any) -> dict[str, Any]:
    return {
        "batchId": identifier("batch-2026-11-fee"),
        "batchJobCode": "CALC_LATE_FEE",
        "date": "2026-11-01",
        "startedAt": instant("2026-11-21T00:00:00Z"),
        **amounts(progress=3, maxProgress=3),
        **more,
    }


def test_a_calculation_is_started(pact: Pact) -> None:
    asked = starting(pact, "starting a calculation", account(), counter(), meter())
    succeed(asked, 202, calculationId=identifier("calc-7f3a"))
    with billing(pact) as client:
        assert calculator(client).start("acme", "2026-10") == "calc-7f3a"


def test_a_closed_month_is_not_calculated_again(pact: Pact) -> None:
    states = account(), counter(), meter(), statement("READY")
    refuse(starting(pact, "starting a calculation of a closed month", *states), 409, 40902)
    with billing(pact) as client, pytest.raises(ConflictError):
        calculator(client).start("acme", "2026-10")


def test_an_unknown_account_is_not_calculated(pact: Pact) -> None:
    refuse(starting(pact, "starting a calculation of an unknown account"), 404, 40400)
    with billing(pact) as client, pytest.raises(NotFoundError):
        calculator(client).start("acme", "2026-10")


def test_a_calculation_that_went_well_is_done(pact: Pact) -> None:
    asked = progress(pact, "the progress of a calculation", account(), counter(), meter(), calculation())
    succeed(asked, progressStatusList=[job("DONE")])
    with billing(pact) as client:
        assert calculator(client).outcome("acme", "2026-10") == Outcome(succeeded=True)


def test_a_calculation_that_failed_says_why(pact: Pact) -> None:
    unpriced = counter(currency="USD", price="0.2")
    asked = progress(pact, "the progress of a calculation that failed", account(), unpriced, meter(), calculation())
    faults = match.each_like({"pointer": match.str("/counterName"), "detail": match.str("compute has no price")})
    succeed(asked, progressStatusList=[job("FAILED", errors=faults)])
    with billing(pact) as client:
        outcome = calculator(client).outcome("acme", "2026-10")
    assert outcome == Outcome(succeeded=False, faults=("compute has no price",))


def test_a_month_that_was_never_calculated_has_no_outcome(pact: Pact) -> None:
    succeed(progress(pact, "the progress of a month that was never calculated", account()), progressStatusList=[])
    with billing(pact) as client, pytest.raises(NeverStartedError):
        calculator(client).outcome("acme", "2026-10")


def test_a_calculation_that_runs_is_looked_at_again() -> None:
    ended = {"progressCode": "API_CALCULATE_USAGE_AND_PRICE", "calculationId": "c", "uuid": "acme", "month": "2026-10"}
    looks = iter([{"status": "RUNNING", "progress": 1}, {"status": "DONE", "progress": 4}])
    header = {"isSuccessful": True, "resultCode": 0, "resultMessage": "SUCCESS"}
    pauses: list[None] = []

    def look(_: httpx.Request) -> httpx.Response:
        latest = {**ended, "maxProgress": 4, **next(looks)}
        return httpx.Response(200, json={"header": header, "progressStatusList": [latest]})

    with BillingClient("http://billing.example", "a-token", transport=httpx.MockTransport(look)) as client:
        outcome = Calculator(client, pause=lambda: pauses.append(None)).outcome("acme", "2026-10")
    assert (outcome, len(pauses)) == (Outcome(succeeded=True), 1)


def test_what_was_calculated_is_discarded(pact: Pact) -> None:
    states = account(), counter(), meter(), statement("REGISTERED")
    succeed(discarding(pact, "deleting what was calculated", *states))
    with billing(pact) as client:
        calculator(client).discard("acme", "2026-10")


def test_a_paid_month_is_not_discarded(pact: Pact) -> None:
    states = account(), counter(), meter(), statement("PAID")
    refuse(discarding(pact, "deleting what was calculated for a paid month", *states), 409, 40902)
    with billing(pact) as client, pytest.raises(ConflictError):
        calculator(client).discard("acme", "2026-10")


def test_the_late_fee_batch_is_started(pact: Pact) -> None:
    states = account(), counter(), meter(), statement("READY")
    asked = ask(pact, "starting the late-fee batch", *states, request=f"POST {BATCHES}")
    asked.with_body({"batchJobCode": "CALC_LATE_FEE", "date": "2026-11-01"}, "application/json")
    succeed(asked, 201, batch=run(status=one_of("RUNNING", "PENDING", "DONE", "FAILED")))
    with billing(pact) as client:
        assert calculator(client).mark_overdue(date(2026, 11, 1)) == "batch-2026-11-fee"


def test_a_batch_that_went_well_is_done(pact: Pact) -> None:
    asked = ask(pact, "the progress of a batch", batch(), request=f"GET {BATCHES}/batch-2026-11-fee")
    succeed(asked, batch=run(status="DONE"))
    with billing(pact) as client:
        assert calculator(client).batch_outcome("batch-2026-11-fee") == Outcome(succeeded=True)


def test_a_region_is_calculated_as_a_whole(pact: Pact) -> None:
    asked = starting_batch(pact, "calculating a region", account(), counter(), meter(), code="CALCULATE_ALL")
    succeed(asked, 201, batch=regional("CALCULATE_ALL", status=one_of("PENDING", "RUNNING", "DONE", "FAILED")))
    with billing(pact) as client:
        assert calculator(client).calculate_all(Region.KR, date(2026, 10, 31)) == "batch-2026-10-kr"


def test_credit_of_a_region_is_expired(pact: Pact) -> None:
    asked = starting_batch(pact, "expiring the credit of a region", account(), credit(500), code="EXPIRE_CREDITS")
    succeed(asked, 201, batch=regional("EXPIRE_CREDITS", status=one_of("PENDING", "RUNNING", "DONE", "FAILED")))
    with billing(pact) as client:
        assert calculator(client).expire_credits(Region.KR, date(2026, 10, 31)) == "batch-2026-10-kr"


def test_a_region_that_was_calculated_is_done(pact: Pact) -> None:
    states = account(), counter(), meter(), regional_batch("CALCULATE_ALL")
    asked = ask(pact, "the progress of calculating a region", *states, request=f"GET {BATCHES}/batch-2026-10-kr")
    finished = instant("2026-11-21T00:00:00Z")
    succeed(asked, batch=regional("CALCULATE_ALL", status="DONE", finishedAt=finished))
    with billing(pact) as client:
        assert calculator(client).batch_outcome("batch-2026-10-kr") == Outcome(succeeded=True)


def test_a_region_that_was_not_calculated_whole_says_whose_account_is_missing(pact: Pact) -> None:
    unpriced = counter(currency="USD", price="0.2")
    states = account(), unpriced, meter(), regional_batch("CALCULATE_ALL", status="FAILED")
    asked = ask(pact, "calculating a region that failed", *states, request=f"GET {BATCHES}/batch-2026-10-kr")
    fault = {"pointer": match.regex("/acme/counterName", regex="^/acme(/.*)?$"), "detail": match.str("no price")}
    succeed(asked, batch=regional("CALCULATE_ALL", status="FAILED", errors=match.each_like(fault)))
    with billing(pact) as client:
        outcome = calculator(client).batch_outcome("batch-2026-10-kr")
    assert outcome == Outcome(succeeded=False, faults=("no price",), accounts=("acme",))


def test_calculations_that_have_ended_are_not_running(pact: Pact) -> None:
    states = account(), counter(), meter(), calculation()
    asked = ask(pact, "the calculations of a month", *states, request="GET /billing/admin/progress")
    succeed(asked.with_query_parameter("month", "2026-10"), progressStatusList=match.each_like(job("DONE")))
    with billing(pact) as client:
        assert calculator(client).running("2026-10") == {}


def test_a_batch_that_does_not_exist_can_not_be_waited_for(pact: Pact) -> None:
    refuse(ask(pact, "a batch that does not exist", request=f"GET {BATCHES}/batch-2026-11-fee"), 404, 40400)
    with billing(pact) as client, pytest.raises(NotFoundError):
        calculator(client).batch_outcome("batch-2026-11-fee")
