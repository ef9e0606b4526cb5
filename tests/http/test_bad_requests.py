"""What every other operation refuses, in its parameters and in its body; and months that no calendar has."""

from __future__ import annotations

import pytest

from tests.http.scene import ADJUSTMENTS, GROUP, OPEN, PAID, PRICE, Scene
from tests.serving import Body

TAKEN: Body = {
    "billingGroupId": "theirs-main",
    "name": "b",
    "projects": [{"projectId": "theirs-main-web", "appKey": "theirs-main-web"}],
}
IN_GROUP = "/billingGroups/0/"
OTHERS = [
    ("PUT", "/admin/accounts/new", {"region": "XX", "billingGroups": []}, 400, ["/region", "/billingGroups"]),
    (
        "PUT",
        "/admin/accounts/new",
        {"region": "KR", "billingGroups": [TAKEN]},
        409,
        [f"{IN_GROUP}billingGroupId", f"{IN_GROUP}projects/0/projectId", f"{IN_GROUP}projects/0/appKey"],
    ),
    (
        "PUT",
        "/admin/accounts/new",
        {
            "region": "KR",
            "billingGroups": [GROUP | {"billingGroupId": "adjustments", "projects": GROUP["projects"] * 2}],
        },
        422,
        [
            *(f"{IN_GROUP}projects/{at}" for at in ("0/projectId", "1/projectId", "0/appKey", "1/appKey")),
            f"{IN_GROUP}billingGroupId",
        ],
    ),
    (
        "PUT",
        "/admin/counters/bad.new",
        {"counterType": "X", "unit": "PARSEC", "price": "-1", "currency": "EUR", "effectiveFrom": "2026-02-30"},
        400,
        ["/counterType", "/unit", "/price", "/currency", "/effectiveFrom"],
    ),
    ("PUT", "/admin/counters/bad.new", PRICE | {"price": "9" * 16}, 400, ["/price"]),
    ("PUT", "/admin/counters/bad.storage", PRICE | {"unit": "HOURS"}, 409, []),
    ("GET", "/meters?from=2026-13-01&to=2026-02-30&page=0", None, 400, ["from", "to", "page"]),
    ("GET", "/meters?from=2026-10-02&to=2026-10-01", None, 422, ["to"]),
    ("GET", "/meters?appKey=theirs-main-web", None, 403, []),
    ("DELETE", "/admin/meters?appKey=mine-main-web&from=2026-02-30&to=0000-00-00", None, 400, ["from", "to"]),
    ("DELETE", "/admin/meters?appKey=mine-main-web&from=2026-10-06&to=2026-10-01", None, 422, ["to"]),
    ("DELETE", f"/admin/meters?appKey=mine-main-web&from={PAID}-01&to={OPEN}-31", None, 409, []),
    ("PUT", "/admin/billing-groups/mine-main", {"contractId": "none", "monthFrom": OPEN}, 422, ["/contractId"]),
    ("PUT", "/admin/billing-groups/mine-main", {"defaultYn": "X", "name": ""}, 400, ["/defaultYn", "/name"]),
    ("PUT", "/admin/billing-groups/mine-main", {"name": "new", "monthFrom": OPEN}, 422, ["/monthFrom"]),
    (
        "GET",
        f"{ADJUSTMENTS['project']}?projectId=&page=0&itemsPerPage=101",
        None,
        400,
        ["projectId", "page", "itemsPerPage"],
    ),
    (
        "DELETE",
        f"{ADJUSTMENTS['project']}?adjustmentIds=a&adjustmentIds=b",
        None,
        404,
        ["adjustmentIds/0", "adjustmentIds/1"],
    ),
    ("DELETE", f"{ADJUSTMENTS['group']}?adjustmentIds=a", None, 404, ["adjustmentIds/0"]),
    ("DELETE", "/admin/campaign/bad/credits", None, 400, ["reason"]),
    ("DELETE", "/admin/campaign/none/credits?reason=r", None, 404, []),
    ("POST", "/coupons/NONE-2026", None, 404, []),
    ("GET", "/credits/history?balancePriceTypeCode=X&page=0", None, 400, ["balancePriceTypeCode", "page"]),
    (
        "POST",
        "/admin/calculations",
        {"month": "2026-13", "includeUsage": "x"},
        400,
        ["/uuid", "/month", "/includeUsage"],
    ),
    ("POST", "/admin/calculations", {"month": OPEN, "uuid": "nobody"}, 404, []),
    ("POST", "/admin/calculations", {"month": PAID, "uuid": "mine"}, 409, []),
    ("DELETE", f"/admin/resources?month={PAID}", None, 409, []),
    ("GET", "/admin/progress?month=2026-13&uuid=", None, 400, ["uuid", "month"]),
    (
        "POST",
        "/admin/batches",
        {"batchJobCode": "X", "date": "2026-02-30", "region": "XX"},
        400,
        ["/batchJobCode", "/date", "/region"],
    ),
    ("GET", "/admin/payments?monthFrom=2026-13&monthTo=0000-00", None, 400, ["monthFrom", "monthTo"]),
    ("GET", "/admin/payments?monthFrom=2026-11&monthTo=2026-10", None, 422, ["monthTo"]),
    ("PUT", f"/admin/payments/{PAID}/status", {"paymentGroupId": f"mine-main.{PAID}"}, 409, []),
    (
        "PUT",
        f"/admin/payments/{OPEN}/status",
        {"paymentGroupId": "", "paymentStatusCode": "X"},
        400,
        ["/paymentGroupId", "/paymentStatusCode"],
    ),
    ("POST", f"/payments/{PAID}", {"paymentGroupId": f"mine-main.{PAID}"}, 409, []),
    ("POST", f"/payments/{OPEN}", {"paymentGroupId": f"mine-main.{OPEN}"}, 409, []),
    ("POST", f"/payments/{OPEN}", {"paymentGroupId": f"mine-main.{PAID}"}, 404, []),
    ("POST", f"/payments/{PAID}", {"paymentGroupId": f"theirs-main.{PAID}"}, 403, []),
    ("GET", f"/payments/{PAID}/receipt?paymentGroupId=theirs-main.{PAID}", None, 403, []),
    (
        "POST",
        f"/admin/payments/{PAID}/refund",
        {"paymentGroupId": "", "reason": ""},
        400,
        ["/paymentGroupId", "/reason"],
    ),
]


@pytest.mark.parametrize(("method", "path", "body", "status", "names"), OTHERS)
def test_other_operations(
    scene: Scene, method: str, path: str, body: Body | None, status: int, names: list[str]
) -> None:
    """Parameters are named by themselves, members of the body by their pointer."""
    expected = [name if name.startswith("/") else f"/query/{name}" for name in names]
    found = scene.refused(method, path, body)
    assert (found[0], sorted(found[2])) == (status, sorted(expected))


@pytest.mark.parametrize("month", ["2026-13", "0000-00"])
@pytest.mark.parametrize(
    ("method", "path", "body", "pointer"),
    [
        ("PUT", "/admin/billing-groups/mine-main", {"contractId": "c", "monthFrom": "<month>"}, "/monthFrom"),
        ("POST", "/admin/calculations", {"month": "<month>", "uuid": "mine"}, "/month"),
        ("DELETE", "/admin/resources?month=<month>", None, "/query/month"),
        ("GET", "/admin/progress?month=<month>", None, "/query/month"),
        ("GET", f"/admin/payments?monthFrom=<month>&monthTo={OPEN}", None, "/query/monthFrom"),
        ("GET", "/payments/<month>/statements", None, "/path/month"),
        ("GET", "/payments/<month>/statements/unpaid", None, "/path/month"),
        ("PUT", "/admin/payments/<month>/status", {"paymentGroupId": f"mine-main.{OPEN}"}, "/path/month"),
        ("POST", "/payments/<month>", {"paymentGroupId": f"mine-main.{OPEN}"}, "/path/month"),
        ("DELETE", f"/admin/payments/<month>?paymentGroupId=mine-main.{PAID}", None, "/path/month"),
        (
            "POST",
            "/admin/payments/<month>/refund",
            {"paymentGroupId": f"mine-main.{PAID}", "reason": "r"},
            "/path/month",
        ),
        ("GET", f"/payments/<month>/receipt?paymentGroupId=mine-main.{PAID}", None, "/path/month"),
    ],
)
def test_months_that_do_not_exist(
    scene: Scene, method: str, path: str, body: Body | None, pointer: str, month: str
) -> None:
    given = None if body is None else {name: month if value == "<month>" else value for name, value in body.items()}
    found = scene.refused(method, path.replace("<month>", month), given)
    assert found == (400, 40000, [pointer])
