"""What the provider refuses: always a documented problem that points at the place, never a 500."""

from __future__ import annotations

from typing import Any

import pytest

from tests.serving import Api, Body

MONTH = "2026-10"


@pytest.fixture(autouse=True)
def _price(admin: Api) -> None:
    price = {"unit": "GB", "price": "1", "currency": "KRW", "effectiveFrom": "2026-01-01"}
    admin.call("PUT", "/admin/counters/refused.storage", {"counterType": "DELTA", **price})


def _refused(problem: Body) -> tuple[int, int, list[str]]:
    assert problem["header"]["isSuccessful"] is False
    assert problem["header"]["resultMessage"]
    pointers = [error["pointer"] for error in problem.get("errors", [])]
    return problem["status"], problem["header"]["resultCode"], pointers


def _meter(account: str, **changes: Any) -> Body:
    good = {
        "appKey": f"{account}-main-web",
        "counterName": "refused.storage",
        "counterType": "DELTA",
        "counterUnit": "GB",
        "counterVolume": "1",
        "timestamp": f"{MONTH}-05T09:00:00+09:00",
    }
    return {**good, **changes}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"counterVolume": "-1"}, (400, 40000, "counterVolume")),
        ({"counterVolume": 1}, (400, 40000, "counterVolume")),
        ({"timestamp": "2026-10-05T09:00:00"}, (400, 40000, "timestamp")),
        ({"resourceName": "a\x00b"}, (400, 40000, "resourceName")),
        ({"counterUnit": "PARSEC"}, (422, 42202, "counterUnit")),
        ({"counterUnit": "HOURS"}, (422, 42202, "counterUnit")),
        ({"counterName": "none"}, (422, 42203, "counterName")),
        ({"counterType": "GAUGE"}, (422, 42201, "counterType")),
        ({"appKey": "nobody"}, (422, 42210, "appKey")),
        ({"timestamp": "2000-01-01T00:00:00+14:00"}, (422, 42201, "timestamp")),
    ],
)
def test_a_meter_that_cannot_be_billed(admin: Api, account: str, changes: Body, expected: tuple[int, int, str]) -> None:
    status, code, member = expected
    body = {"meterList": [_meter(account, **changes)]}
    problem = admin.call("POST", "/meters", body, uuid=account, expect=status)
    assert _refused(problem)[:2] == (status, code)
    assert {error["pointer"] for error in problem["errors"]} == {f"/meterList/0/{member}"}


def test_all_faults_of_a_meter_are_named_at_once(admin: Api, account: str) -> None:
    body = {"meterList": [_meter(account, counterUnit="PARSEC", counterType="GAUGE", appKey="nobody")]}
    status, code, pointers = _refused(admin.call("POST", "/meters", body, uuid=account, expect=422))
    assert (status, code) == (422, 42200)
    assert pointers == ["/meterList/0/appKey", "/meterList/0/counterType", "/meterList/0/counterUnit"]


def test_one_app_key_of_another_account_refuses_the_batch(admin: Api, account: str) -> None:
    admin.account(f"{account}-other")
    body = {"meterList": [_meter(account), _meter(f"{account}-other")]}
    assert _refused(admin.call("POST", "/meters", body, uuid=account, expect=403))[1] == 40300
    assert admin.call("GET", "/meters", uuid=account)["totalItems"] == 0


_TERMS: Body = {"name": "n", "contractType": "PERIOD", "currency": "KRW"}
_PRICE: Body = {"counterName": "refused.storage", "price": "1"}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"prices": [{**_PRICE, "counterName": "none"}]}, (422, 42203, ["/prices/0/counterName"])),
        ({"prices": [{"counterName": "refused.storage"}]}, (422, 42201, ["/prices/0/price", "/prices/0/tiers"])),
        ({"prices": [{**_PRICE, "tiers": [{"price": "1"}]}]}, (422, 42201, ["/prices/0/price", "/prices/0/tiers"])),
        ({"prices": [{**_PRICE, "tierMode": "VOLUME"}]}, (422, 42201, ["/prices/0/tierMode"])),
        (
            {"prices": [{"counterName": "refused.storage", "tiers": [{"price": "1", "upTo": "10"}]}]},
            (422, 42206, ["/prices/0/tiers"]),
        ),
        (
            {
                "prices": [
                    {
                        "counterName": "refused.storage",
                        "tiers": [{"price": "1", "upTo": "10"}, {"price": "1", "upTo": "10"}, {"price": "1"}],
                    }
                ]
            },
            (422, 42206, ["/prices/0/tiers/1/upTo"]),
        ),
        ({"prices": [_PRICE, _PRICE]}, (422, 42201, ["/prices/1/counterName"])),
        ({"discountRate": 0.1234567890123}, (422, 42201, ["/discountRate"])),
        ({"discountRate": 101}, (400, 40000, ["/discountRate"])),
    ],
)
def test_terms_that_are_no_contract(admin: Api, changes: Body, expected: tuple[int, int, list[str]]) -> None:
    assert expected == _refused(admin.call("POST", "/admin/contracts", {**_TERMS, **changes}, expect=expected[0]))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"adjustment": 100.5}, (422, 42201, ["/adjustment"])),
        ({"adjustment": 0.5, "adjustmentTypeCode": "STATIC_EXTRA"}, (422, 42201, ["/adjustment"])),
        ({"monthTo": "2026-09"}, (422, 42208, ["/monthTo"])),
        ({"monthFrom": "2026-13"}, (400, 40000, ["/monthFrom"])),
        ({"projectId": "nobody"}, (404, 40400, [])),
    ],
)
def test_adjustments_that_cannot_be(
    admin: Api, account: str, changes: Body, expected: tuple[int, int, list[str]]
) -> None:
    good = {"adjustment": 10, "adjustmentTypeCode": "PERCENT_DISCOUNT", "monthFrom": MONTH}
    body = {**good, "projectId": f"{account}-main-web", **changes}
    problem = admin.call("POST", "/admin/projects/adjustments", body, expect=expected[0])
    assert _refused(problem) == expected


def test_percent_discounts_over_100_together_are_refused_and_nothing_is_stored(admin: Api, account: str) -> None:
    project = f"{account}-main-web"
    body = {"adjustment": 60, "adjustmentTypeCode": "PERCENT_DISCOUNT", "monthFrom": MONTH, "projectId": project}
    admin.call("POST", "/admin/projects/adjustments", body, expect=201)
    assert _refused(admin.call("POST", "/admin/projects/adjustments", body, expect=422))[1] == 42207
    assert admin.call("GET", f"/admin/projects/adjustments?projectId={project}")["totalItems"] == 1


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"uuidList": ["nobody"]}, (422, 42210, ["/uuidList/0"])),
        ({"counterNames": ["none"]}, (422, 42203, ["/counterNames/0"])),
        ({"currency": "USD"}, (422, 42205, ["/uuidList/0"])),
        ({"expirationDateTo": "2020-01-01"}, (422, 42208, ["/expirationDateTo"])),
        ({"expirationDateTo": "2026-02-30"}, (400, 40000, ["/expirationDateTo"])),
        ({"credit": 0}, (400, 40000, ["/credit"])),
    ],
)
def test_credit_that_cannot_be_granted(
    admin: Api, account: str, changes: Body, expected: tuple[int, int, list[str]]
) -> None:
    good = {"credit": 100, "creditName": "c", "balancePriceTypeCode": "FREE", "uuidList": [account]}
    body = {**good, "expirationDateFrom": "2019-01-01", **changes}
    assert expected == _refused(admin.call("POST", "/admin/campaign/x/credits", body, expect=expected[0]))


def test_accounts_may_not_take_each_others_ids_nor_lose_what_was_billed(admin: Api, account: str) -> None:
    group = {"billingGroupId": f"{account}-main", "name": "taken", "projects": []}
    taken = admin.call("PUT", "/admin/accounts/thief", {"region": "KR", "billingGroups": [group]}, expect=409)
    assert _refused(taken) == (409, 40905, ["/billingGroups/0/billingGroupId"])
    both = {"region": "KR", "billingGroups": [{**group, "billingGroupId": "x"}] * 2}
    twice = admin.call("PUT", "/admin/accounts/thief", both, expect=422)
    assert _refused(twice)[2] == ["/billingGroups/0/billingGroupId", "/billingGroups/1/billingGroupId"]
    admin.call("POST", "/meters", {"meterList": [_meter(account)]}, uuid=account)
    lost = admin.call("PUT", f"/admin/accounts/{account}", {"region": "KR", "billingGroups": [group]}, expect=409)
    moved = {**group, "projects": [{"projectId": f"{account}-main-web", "appKey": f"{account}-main-web"}]}
    region = admin.call("PUT", f"/admin/accounts/{account}", {"region": "JP", "billingGroups": [moved]}, expect=409)
    assert [_refused(one)[1] for one in (lost, region)] == [40900, 40900]


def test_a_contract_in_use_is_not_deleted(admin: Api, account: str) -> None:
    contract = admin.call("POST", "/admin/contracts", _TERMS, expect=201)["contract"]["contractId"]
    admin.call("PUT", f"/admin/billing-groups/{account}-main", {"contractId": contract})
    assert _refused(admin.call("DELETE", f"/admin/contracts/{contract}", expect=409))[1] == 40904
    admin.call("DELETE", f"/admin/billing-groups/{account}-main/contracts")
    admin.call("DELETE", f"/admin/contracts/{contract}")
    admin.call("DELETE", f"/admin/contracts/{contract}", expect=404)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"monthFrom": MONTH}, (422, 42201, ["/monthFrom"])),
        ({"contractId": "none"}, (422, 42210, ["/contractId"])),
    ],
)
def test_a_billing_group_under_nothing(
    admin: Api, account: str, body: Body, expected: tuple[int, int, list[str]]
) -> None:
    assert expected == _refused(admin.call("PUT", f"/admin/billing-groups/{account}-main", body, expect=422))


def test_a_contract_in_another_currency_is_refused(admin: Api, account: str) -> None:
    contract = admin.call("POST", "/admin/contracts", {**_TERMS, "currency": "USD"}, expect=201)["contract"]
    body = {"contractId": contract["contractId"]}
    problem = admin.call("PUT", f"/admin/billing-groups/{account}-main", body, expect=422)
    assert _refused(problem) == (422, 42205, ["/contractId"])


def test_a_counter_keeps_its_type_and_what_it_measures(admin: Api) -> None:
    price = {"counterType": "DELTA", "unit": "HOURS", "price": "1", "currency": "KRW", "effectiveFrom": "2026-01-01"}
    assert _refused(admin.call("PUT", "/admin/counters/refused.storage", price, expect=409))[1] == 40900


def test_a_key_is_good_for_one_request(admin: Api) -> None:
    first = admin.call("POST", "/admin/contracts", _TERMS, expect=201, Idempotency_Key="one-key")
    again = admin.call("POST", "/admin/contracts", _TERMS, expect=201, Idempotency_Key="one-key")
    assert first == again
    other = {**_TERMS, "name": "other"}
    problem = admin.call("POST", "/admin/contracts", other, expect=409, Idempotency_Key="one-key")
    assert _refused(problem) == (409, 40903, ["/header/Idempotency-Key"])


def test_a_what_if_names_every_fault(admin: Api) -> None:
    body = {
        "region": "KR",
        "month": MONTH,
        "usage": [{"counterName": "none", "counterUnit": "GB", "counterVolume": "1"}],
        "adjustments": [
            {"level": "PROJECT", "adjustmentTypeCode": "STATIC_EXTRA", "adjustment": 0.5},
        ],
        "unpaid": [{"month": MONTH, "amount": 1}],
    }
    status, code, pointers = _refused(admin.call("POST", "/admin/calculate", body, expect=422))
    assert (status, code) == (422, 42200)
    assert pointers == ["/usage/0/counterName", "/adjustments/0/adjustment", "/unpaid/0/month"]


@pytest.mark.parametrize(
    "path",
    [
        "/admin/accounts/nobody",
        "/admin/counters/nothing",
        "/admin/contracts/none",
        "/admin/contracts/none/products/prices",
        "/admin/billing-groups/none",
        "/admin/projects/adjustments?projectId=none",
        "/admin/billing-groups/adjustments?billingGroupId=none",
        "/admin/progress?uuid=nobody",
        "/admin/batches/none",
        f"/admin/payments?monthFrom={MONTH}&monthTo={MONTH}&uuid=nobody",
    ],
)
def test_what_is_not_there_is_not_found(admin: Api, path: str) -> None:
    assert _refused(admin.call("GET", path, expect=404))[1] == 40400


def test_months_in_the_wrong_order_are_refused(admin: Api, account: str) -> None:
    problem = admin.call("GET", "/admin/payments?monthFrom=2026-10&monthTo=2026-09", expect=422)
    assert _refused(problem) == (422, 42208, ["/query/monthTo"])
    problem = admin.call("GET", "/meters?from=2026-10-02&to=2026-10-01", uuid=account, expect=422)
    assert _refused(problem) == (422, 42208, ["/query/to"])


@pytest.mark.parametrize(
    ("content", "media_type", "status"),
    [
        (b'{"meterList": [', "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b'{"name": "\\ud800"}', "application/json", 400),
        (b"[" * 5000, "application/json", 400),
        (b"<a/>", "application/xml", 415),
        (b"{}", "application/json; charset=utf-16", 415),
    ],
)
def test_a_body_that_is_no_json(admin: Api, account: str, content: bytes, media_type: str, status: int) -> None:
    headers = {"uuid": account, "Content-Type": media_type}
    reply = admin.client.post("/billing/meters", content=content, headers=headers)
    assert reply.status_code == status
    assert reply.headers["Content-Type"] == "application/problem+json"
    assert reply.json()["header"]["resultCode"] == status * 100


def test_unknown_paths_and_methods_are_problems_too(admin: Api) -> None:
    assert _refused(admin.call("GET", "/nothing", expect=404))[1] == 40400
    assert _refused(admin.call("PATCH", "/meters", expect=405))[1] == 40500
