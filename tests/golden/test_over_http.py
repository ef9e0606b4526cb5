"""The observed totals, over HTTP from a served provider: readings in, statements out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.golden import figures
from tests.golden.figures import CASES, TWO_MONTHS, Case
from tests.postgres import Postgres
from tests.serving import Api, Body, calling, served

MONTH = "2026-11"
TWO_BEFORE = "2026-09"
UNITS = {counter: unit for counter, (unit, _) in figures.LIST_PRICES.items()}


@pytest.fixture(scope="module")
def market(admin: Api) -> Api:
    """The provider, with the price list of the observed system."""
    _list_prices(admin)
    return admin


@pytest.fixture
def postgres_market(tmp_path: Path, postgres: Postgres) -> Iterator[Api]:
    """The same on PostgreSQL."""
    with served(tmp_path, postgres.database()) as provider, calling(provider.url, provider.token("--admin")) as api:
        _list_prices(api)
        yield api


def _list_prices(api: Api) -> None:
    for counter, (unit, price) in figures.LIST_PRICES.items():
        kind = "GAUGE" if counter in figures.GAUGES else "DELTA"
        row = {"counterType": kind, "unit": unit, "price": str(price), "currency": "KRW", "effectiveFrom": "2026-01-01"}
        api.call("PUT", f"/admin/counters/{counter}", row)


@pytest.fixture
def customer(market: Api, account: str) -> str:  # noqa: ARG001 - the price list is there before anybody is billed
    return account


def _prepare(api: Api, customer: str, case: Case, month: str) -> None:
    """Everything that a case says of one month, except its calculation."""
    meters = [
        {
            "meterId": f"{month}-{counter}",
            "appKey": f"{customer}-main-web",
            "counterName": counter,
            "counterType": "GAUGE" if counter in figures.GAUGES else "DELTA",
            "counterUnit": unit,
            "counterVolume": str(volume),
            "timestamp": f"{month}-10T12:00:00+09:00",
        }
        for counter, unit, volume in figures.USAGE[case.usage]
    ]
    api.call("POST", "/meters", {"meterList": meters}, uuid=customer)
    if case.contract:
        kind, prices = figures.CONTRACTS[case.contract]
        agreed = [{"counterName": counter, "price": str(price)} for counter, price in prices.items()]
        terms = {"name": case.contract, "contractType": kind, "currency": "KRW", "baseFee": 100000, "prices": agreed}
        contract = api.call("POST", "/admin/contracts", terms, expect=201)["contract"]["contractId"]
        api.call("PUT", f"/admin/billing-groups/{customer}-main", {"contractId": contract, "monthFrom": month})
    project, group = {"projectId": f"{customer}-main-web"}, {"billingGroupId": f"{customer}-main"}
    for path, target, given in (("projects", project, case.project), ("billing-groups", group, case.group)):
        for kind, value in given:
            adjustment = {"adjustment": value, "adjustmentTypeCode": kind, "monthFrom": month, "monthTo": month}
            api.call("POST", f"/admin/{path}/adjustments", {**adjustment, **target}, expect=201)


def _marked_overdue(api: Api, date: str) -> Body:
    batch = {"batchJobCode": "CALC_LATE_FEE", "date": date, "async": False}
    return dict(api.call("POST", "/admin/batches", batch, expect=201)["batch"])


def _left(api: Api, customer: str) -> int:
    return int(api.call("GET", "/v5.0/credits", uuid=customer)["stats"]["totalAmount"])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_an_observed_total_comes_out_of_a_stored_month(market: Api, customer: str, case: Case) -> None:
    _prepare(market, customer, case, MONTH)
    market.calculated(customer, MONTH)

    assert case.payable == market.statement(customer, MONTH)["payable"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_an_observed_total_comes_out_of_a_what_if(market: Api, case: Case) -> None:
    usage = [
        {"counterName": counter, "counterUnit": unit, "counterVolume": str(volume)}
        for counter, unit, volume in figures.USAGE[case.usage]
    ]
    levels = (("PROJECT", case.project), ("BILLING_GROUP", case.group))
    adjustments = [
        {"level": level, "adjustmentTypeCode": kind, "adjustment": value} for level, of in levels for kind, value in of
    ]
    question: Body = {"region": "KR", "month": MONTH, "usage": usage, "adjustments": adjustments}
    if case.contract:
        kind, prices = figures.CONTRACTS[case.contract]
        agreed = [{"counterName": counter, "price": str(price)} for counter, price in prices.items()]
        question["contract"] = {"contractType": kind, "baseFee": figures.BASE_FEE, "prices": agreed}

    assert case.payable == market.call("POST", "/admin/calculate", question)["statement"]["payable"]


def test_a_bill_that_stays_unpaid_gets_its_late_fee_once(market: Api, customer: str) -> None:
    _prepare(market, customer, CASES[-1], MONTH)
    market.calculated(customer, MONTH)
    for _ in range(2):
        assert _marked_overdue(market, "2026-12-05")["status"] == "DONE"

    (unpaid,) = market.call("GET", "/payments/2026-12/statements/unpaid", uuid=customer)["statements"]

    assert unpaid["totalAmount"] == figures.NO_CONTRACT_WITH_LATE_FEE
    assert unpaid["payable"] == figures.NO_CONTRACT_WITH_LATE_FEE
    assert market.statement(customer, MONTH)["totalAmount"] == CASES[-1].payable


def test_two_months_with_a_restricted_free_credit_give_the_observed_figures(market: Api, customer: str) -> None:
    _two_months(market, customer)


def test_two_months_give_the_observed_figures_on_postgresql_too(postgres_market: Api) -> None:
    postgres_market.account("acme")
    _two_months(postgres_market, "acme")


def _two_months(market: Api, customer: str) -> None:
    grant = {
        "credit": TWO_MONTHS.credit,
        "creditName": "welcome",
        "balancePriceTypeCode": "FREE",
        "counterNames": list(TWO_MONTHS.credit_counters),
        "expirationDateFrom": "2026-09-01",
        "expirationDateTo": "2099-12-31",
        "uuidList": [customer],
    }
    market.call("POST", f"/admin/campaign/{customer}/credits", grant, expect=201)

    _prepare(market, customer, TWO_MONTHS.earlier, TWO_BEFORE)
    market.calculated(customer, TWO_BEFORE)
    _marked_overdue(market, "2026-10-05")
    assert TWO_MONTHS.earlier_with_late_fee == market.statement(customer, TWO_BEFORE)["payable"]
    assert TWO_MONTHS.credit_after_earlier == _left(market, customer)

    _prepare(market, customer, TWO_MONTHS.later, MONTH)
    market.calculated(customer, MONTH)
    statement = market.statement(customer, MONTH)
    assert TWO_MONTHS.later.payable == statement["payable"]
    assert TWO_MONTHS.earlier_with_late_fee == statement["unpaidAmount"]
    assert TWO_MONTHS.credit_after_later == _left(market, customer)
