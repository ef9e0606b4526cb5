"""The journey that every part supports, over HTTP, from meters to the receipt and back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.serving import Api, Body, Served, calling

MONTH = "2026-10"


@pytest.fixture
def console(provider: Served, account: str) -> Iterator[Api]:
    """The account's own console."""
    with calling(provider.url, provider.token("--account", account)) as api:
        yield api


@pytest.fixture(autouse=True)
def _price(admin: Api) -> None:
    price = {"unit": "HOURS", "price": "250", "currency": "KRW", "effectiveFrom": "2026-01-01"}
    admin.call("PUT", "/admin/counters/journey.compute", {"counterType": "DELTA", **price})


def _meter(account: str, meter_id: str, hours: str) -> Body:
    return {
        "meterId": meter_id,
        "appKey": f"{account}-main-web",
        "counterName": "journey.compute",
        "counterType": "DELTA",
        "counterUnit": "HOURS",
        "counterVolume": hours,
        "timestamp": f"{MONTH}-05T09:00:00+09:00",
        "resourceId": "vm-1",
    }


def test_meters_become_a_paid_statement_and_a_receipt(admin: Api, console: Api, account: str) -> None:
    place = {"paymentGroupId": f"{account}-main.{MONTH}"}
    sent = console.call("POST", "/meters", {"meterList": [_meter(account, "m-1", "1000")]}, uuid=account)
    assert (sent["accepted"], sent["header"]["isSuccessful"]) == (1, True)
    terms = {"name": "agreed", "contractType": "PERIOD", "currency": "KRW", "baseFee": 1000, "discountRate": 10}
    contract = admin.call("POST", "/admin/contracts", terms, expect=201)["contract"]["contractId"]
    admin.call("PUT", f"/admin/billing-groups/{account}-main", {"contractId": contract, "monthFrom": MONTH})
    for path, target in (("projects", "projectId"), ("billing-groups", "billingGroupId")):
        value = f"{account}-main-web" if target == "projectId" else f"{account}-main"
        discount = {"adjustment": 10, "adjustmentTypeCode": "PERCENT_DISCOUNT", "monthFrom": MONTH, target: value}
        admin.call("POST", f"/admin/{path}/adjustments", discount, expect=201)
    gift = {"credit": 25_000, "creditName": "gift", "balancePriceTypeCode": "FREE", "uuidList": [account]}
    window = {"expirationDateFrom": "2026-01-01", "expirationDateTo": "2099-12-31"}
    admin.call("POST", f"/admin/campaign/{account}/credits", {**gift, **window}, expect=201)

    admin.calculated(account, MONTH)
    admin.call("PUT", f"/admin/payments/{MONTH}/status", {**place, "paymentStatusCode": "READY"})
    paid = console.call("POST", f"/payments/{MONTH}", place, uuid=account, Idempotency_Key="pay-1")
    again = console.call("POST", f"/payments/{MONTH}", place, uuid=account, Idempotency_Key="pay-1")

    # 225,000 less 25,000 of credit, less 10 percent twice, and VAT
    assert paid["payment"]["amount"] == 178_200
    assert paid == again
    statement = console.call("GET", f"/payments/{MONTH}/statements", uuid=account)["statements"][0]
    assert (statement["charge"], statement["totalCredit"], statement["payable"]) == (225_000, 25_000, 178_200)
    receipt = console.call("GET", f"/payments/{MONTH}/receipt?paymentGroupId={account}-main.{MONTH}", uuid=account)
    assert sum(line["amount"] for line in receipt["receipt"]["lines"]) == receipt["receipt"]["amount"] == 178_200
    history = console.call("GET", "/credits/history", uuid=account)
    assert (history["totalCreditAmt"], [entry["kind"] for entry in history["entries"]]) == (0, ["USE", "GRANT"])


def test_a_paid_month_is_cancelled_opened_and_calculated_again(admin: Api, account: str) -> None:
    place = {"paymentGroupId": f"{account}-main.{MONTH}"}
    admin.call("POST", "/meters", {"meterList": [_meter(account, "m-1", "1")]}, uuid=account)
    admin.calculated(account, MONTH)
    admin.call("PUT", f"/admin/payments/{MONTH}/status", place)
    admin.call("POST", f"/payments/{MONTH}", place, uuid=account)
    late = {"meterList": [_meter(account, "m-2", "1")]}
    refused = admin.call("POST", "/meters", late, uuid=account, expect=409)
    assert (refused["header"]["resultCode"], refused["errors"][0]["pointer"]) == (40901, "/meterList/0/timestamp")

    cancelled = admin.call("DELETE", f"/admin/payments/{MONTH}?paymentGroupId={account}-main.{MONTH}")
    opened = admin.call("PUT", f"/admin/payments/{MONTH}/status", place)
    assert [one["payment"]["paymentStatusCode"] for one in (cancelled, opened)] == ["READY", "REGISTERED"]
    admin.call("POST", "/meters", late, uuid=account)
    admin.calculated(account, MONTH)
    assert admin.statement(account, MONTH)["charge"] == 500


def test_everything_of_an_account_goes_with_it(admin: Api, account: str) -> None:
    admin.call("POST", "/meters", {"meterList": [_meter(account, "m-1", "1")]}, uuid=account)
    admin.calculated(account, MONTH)
    admin.call("DELETE", f"/admin/accounts/{account}")
    admin.call("GET", f"/payments/{MONTH}/statements", uuid=account, expect=404)
    admin.account(account)
    assert admin.call("GET", "/meters", uuid=account)["totalItems"] == 0
    assert admin.call("GET", f"/payments/{MONTH}/statements", uuid=account)["statements"] == []


def test_a_list_is_cut_into_pages(admin: Api, account: str) -> None:
    meters = [_meter(account, f"m-{number}", "1") for number in range(5)]
    admin.call("POST", "/meters", {"meterList": meters}, uuid=account)
    page = admin.call("GET", "/meters?page=2&itemsPerPage=2", uuid=account)
    assert ([meter["meterId"] for meter in page["meters"]], page["totalItems"]) == (["m-2", "m-3"], 5)
    assert admin.call("GET", "/meters?page=1000000&itemsPerPage=100", uuid=account)["meters"] == []
    assert page["meters"][0]["timestamp"] == f"{MONTH}-05T00:00:00Z"
    days = f"/meters?from={MONTH}-05&to={MONTH}-05&appKey={account}-main-web&counterName=journey.compute"
    assert admin.call("GET", days, uuid=account)["totalItems"] == 5
    assert (
        admin.call("DELETE", f"/admin/meters?appKey={account}-main-web&from={MONTH}-01&to={MONTH}-05")["deleted"] == 5
    )
