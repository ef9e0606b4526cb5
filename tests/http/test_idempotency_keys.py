"""Whose an Idempotency-Key is: it belongs to an account, and goes with it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.serving import Api, Body

MONTH = "2026-10"


def _project_adjustment(admin: Api, account: str, key: str) -> Body:
    body = {"adjustment": 10, "adjustmentTypeCode": "PERCENT_DISCOUNT", "monthFrom": MONTH}
    target = {"projectId": f"{account}-main-web"}
    return admin.call("POST", "/admin/projects/adjustments", body | target, expect=201, Idempotency_Key=key)


def _group_adjustment(admin: Api, account: str, key: str) -> Body:
    body = {"adjustment": 10, "adjustmentTypeCode": "PERCENT_DISCOUNT", "monthFrom": MONTH}
    target = {"billingGroupId": f"{account}-main"}
    return admin.call("POST", "/admin/billing-groups/adjustments", body | target, expect=201, Idempotency_Key=key)


def _grant(admin: Api, account: str, key: str) -> Body:
    body = {"credit": 100, "creditName": "c", "balancePriceTypeCode": "FREE", "uuidList": [account]}
    return admin.call("POST", "/admin/campaign/keys/credits", body, expect=201, Idempotency_Key=key)


def _refund(admin: Api, account: str, key: str) -> Body:
    """Of a month that is paid just before, unless it was refunded already."""
    if not admin.call("GET", f"/payments/{MONTH}/statements", uuid=account)["statements"]:
        admin.calculated(account, MONTH)
        place = {"paymentGroupId": f"{account}-main.{MONTH}"}
        admin.call("PUT", f"/admin/payments/{MONTH}/status", place)
        admin.call("POST", f"/payments/{MONTH}", place, uuid=account)
    body = {"paymentGroupId": f"{account}-main.{MONTH}", "reason": "sorry"}
    return admin.call("POST", f"/admin/payments/{MONTH}/refund", body, Idempotency_Key=key)


@pytest.mark.parametrize("operation", [_project_adjustment, _group_adjustment, _grant, _refund])
def test_a_key_goes_with_its_account_and_works_anew_for_the_next_of_that_name(
    admin: Api, account: str, operation: Callable[[Api, str, str], Body]
) -> None:
    key = f"key-of-{account}"
    first = operation(admin, account, key)
    assert operation(admin, account, key) == first
    admin.call("DELETE", f"/admin/accounts/{account}")
    admin.account(account)
    anew = operation(admin, account, key)
    assert anew != first
    assert operation(admin, account, key) == anew


def test_a_grant_to_several_accounts_is_done_once_for_each_of_them(admin: Api, account: str) -> None:
    other = f"{account}-other"
    admin.account(other)
    body = {"credit": 100, "creditName": "c", "balancePriceTypeCode": "FREE", "uuidList": [account, other]}

    def grant(**changes: object) -> tuple[Body, dict[str, int]]:
        key = f"key-of-{account}"
        expect = 409 if changes else 201
        reply = admin.call("POST", "/admin/campaign/keys/credits", body | changes, expect=expect, Idempotency_Key=key)
        names = (account, other)
        return reply, {name: admin.call("GET", "/v5.0/credits", uuid=name)["stats"]["totalAmount"] for name in names}

    first = grant()
    assert first[1] == {account: 100, other: 100}
    assert grant() == first
    admin.call("DELETE", f"/admin/accounts/{other}")
    admin.account(other)
    again, left = grant()
    assert left == {account: 100, other: 100}
    assert again["credits"][0] == first[0]["credits"][0]
    assert grant(uuidList=[other])[1] == left
