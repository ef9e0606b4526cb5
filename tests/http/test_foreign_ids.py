"""A console acts for its own account, and on ids of its own account only."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.http.scene import ADJUSTMENTS, GRANT, GROUP, OPEN, PAID, PRICE, Scene, meter
from tests.serving import Api, Body, Served, calling

CONSOLE = [
    ("POST", "/meters", {"meterList": [meter("theirs")]}),
    ("GET", "/meters", None),
    ("GET", f"/meters/m-{OPEN}", None),
    ("GET", f"/payments/{PAID}/statements", None),
    ("GET", f"/payments/{PAID}/statements/unpaid", None),
    ("POST", f"/payments/{PAID}", {"paymentGroupId": f"theirs-main.{PAID}"}),
    ("GET", f"/payments/{PAID}/receipt?paymentGroupId=theirs-main.{PAID}", None),
    ("POST", "/coupons/WELCOME-2026", None),
    ("GET", "/credits/history", None),
    ("GET", "/v5.0/credits", None),
]
ADMIN = [
    ("PUT", "/admin/accounts/mine", {"region": "KR", "billingGroups": [GROUP]}),
    ("GET", "/admin/accounts/theirs", None),
    ("DELETE", "/admin/accounts/theirs", None),
    ("PUT", "/admin/counters/bad.storage", PRICE | {"price": "0"}),
    ("DELETE", f"/admin/meters?appKey=theirs-main-web&from={OPEN}-01&to={OPEN}-31", None),
    ("POST", "/admin/contracts", {"name": "n", "contractType": "PERIOD", "currency": "KRW"}),
    ("PUT", "/admin/billing-groups/theirs-main", {"name": "mine"}),
    ("DELETE", "/admin/billing-groups/theirs-main/contracts", None),
    ("GET", f"{ADJUSTMENTS['project']}?projectId=theirs-main-web", None),
    ("DELETE", f"{ADJUSTMENTS['project']}?adjustmentIds=a", None),
    ("GET", f"{ADJUSTMENTS['group']}?billingGroupId=theirs-main", None),
    ("POST", "/admin/campaign/bad/credits", {**GRANT, "uuidList": ["mine"]}),
    ("DELETE", "/admin/campaign/bad/credits?reason=r", None),
    ("POST", "/admin/calculations", {"month": OPEN, "uuid": "theirs"}),
    ("DELETE", f"/admin/resources?month={OPEN}", None),
    ("POST", "/admin/batches", {"batchJobCode": "CALC_LATE_FEE", "date": f"{OPEN}-01"}),
    ("GET", f"/admin/payments?monthFrom={PAID}&monthTo={OPEN}", None),
    ("PUT", f"/admin/payments/{OPEN}/status", {"paymentGroupId": f"mine-main.{OPEN}"}),
    ("DELETE", f"/admin/payments/{PAID}?paymentGroupId=mine-main.{PAID}", None),
    ("POST", f"/admin/payments/{PAID}/refund", {"paymentGroupId": f"mine-main.{PAID}", "reason": "r"}),
]


@pytest.fixture(scope="module")
def console(provider: Served) -> Iterator[Api]:
    """The console of the account `mine`."""
    with calling(provider.url, provider.token("--account", "mine")) as api:
        yield api


@pytest.mark.parametrize(("method", "path", "body"), [*CONSOLE, *ADMIN])
def test_a_console_reaches_nothing_of_another_account(
    scene: Scene, console: Api, method: str, path: str, body: Body | None
) -> None:
    assert scene.refused(method, path, body, by=console, uuid="theirs") == (403, 40300, [])


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/meters", {"meterList": [meter("theirs")]}),
        ("GET", "/meters?appKey=theirs-main-web", None),
        ("POST", f"/payments/{PAID}", {"paymentGroupId": f"theirs-main.{PAID}"}),
        ("GET", f"/payments/{PAID}/receipt?paymentGroupId=theirs-main.{PAID}", None),
        *ADMIN,
    ],
)
def test_a_console_names_ids_of_its_own_account_only(
    scene: Scene, console: Api, method: str, path: str, body: Body | None
) -> None:
    assert scene.refused(method, path, body, by=console) == (403, 40300, [])
