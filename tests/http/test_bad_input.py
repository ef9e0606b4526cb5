"""Bad input is refused with a pointer to each offending field, and changes nothing that anybody can read."""

from __future__ import annotations

import pytest

from tests.http.scene import ADJUSTMENTS, GRANT, OPEN, PAID, Scene, case, meter
from tests.serving import Api, Body

NO_MONTHS = ("2026-13", "2026-00", "0000-00", "1999-12", "2026-1")

BAD_METERS = [
    *(
        case(f"a volume of {volume[:20]!r}", [{"counterVolume": volume}], 400, ["/meterList/0/counterVolume"])
        for volume in ("-1", "1" * 40, "9" * 16, "1e400", "NaN", "Infinity", "1.1234567890123", "", "0x10")
    ),
    *(
        case(f"the instant {instant}", [{"timestamp": instant}], 400, ["/meterList/0/timestamp"])
        for instant in (
            "2026-13-05T09:00:00Z",
            "0000-00-00T00:00:00Z",
            "2026-02-30T00:00:00Z",
            "2026-10-05T24:00:00Z",
            "2026-10-05",
        )
    ),
    case(
        "several malformed fields of several readings",
        [{"counterVolume": "-1", "counterUnit": "no unit"}, {}, {"appKey": "", "timestamp": "x"}],
        400,
        [f"/meterList/{at}" for at in ("0/counterUnit", "0/counterVolume", "2/appKey", "2/timestamp")],
    ),
    case(
        "unknown counter, unit and app key of several readings",
        [{"counterName": "bad.none"}, {"counterUnit": "PARSEC", "appKey": "nobody"}, {"counterUnit": "HOURS"}],
        422,
        [f"/meterList/{at}" for at in ("0/counterName", "1/appKey", "1/counterUnit", "2/counterUnit")],
    ),
    case("another account's app key", [{}, {"appKey": "theirs-main-web"}], 403, []),
    case("a paid month", [{"timestamp": f"{PAID}-05T00:00:00Z"}], 409, ["/meterList/0/timestamp"]),
]


@pytest.mark.parametrize(("changes", "status", "pointers"), BAD_METERS)
def test_meters(scene: Scene, changes: list[Body], status: int, pointers: list[str]) -> None:
    found = scene.refused("POST", "/meters", {"meterList": [meter(**each) for each in changes]})
    assert (found[0], sorted(found[2])) == (status, sorted(pointers))


def tiers(*bounds: str | None, price: str = "1") -> Body:
    given = [{"price": price} if bound is None else {"upTo": bound, "price": price} for bound in bounds]
    return {"prices": [{"counterName": "bad.storage", "tiers": given}]}


AT = "/prices/0/tiers"


@pytest.mark.parametrize(
    ("terms", "status", "pointers"),
    [
        case("tiers out of order", tiers("10", "5", None), 422, [f"{AT}/1/upTo"]),
        case("overlapping tiers", tiers("10", "10", None), 422, [f"{AT}/1/upTo"]),
        case("two tiers inside another", tiers("10", "5", "7", None), 422, [f"{AT}/1/upTo", f"{AT}/2/upTo"]),
        case("an empty first tier", tiers("0", None), 422, [f"{AT}/0/upTo"]),
        case("a closed last tier", tiers("10"), 422, [AT]),
        case("two open tiers", tiers(None, None), 422, [f"{AT}/0/upTo"]),
        case("an open tier before a closed one", tiers(None, "10"), 422, [f"{AT}/0/upTo", AT]),
        case("out of order and closed", tiers("10", "5"), 422, [f"{AT}/1/upTo", AT]),
        case("no tier", tiers(), 400, [AT]),
        case("a negative bound", tiers("-1", None), 400, [f"{AT}/0/upTo"]),
        case("negative prices", tiers("1", None, price="-1"), 400, [f"{AT}/0/price", f"{AT}/1/price"]),
        case("absurd prices", tiers("1", None, price="9" * 16), 400, [f"{AT}/0/price", f"{AT}/1/price"]),
        case("amounts", {"baseFee": -1, "discountRate": 101, "currency": "EUR"}, 400, ["base", "disc", "curr"]),
        case(
            "several wrong prices and a rate",
            {
                "discountRate": 0.1234567890123,
                "prices": [
                    {"counterName": "bad.none", "price": "1"},
                    {"counterName": "bad.storage"},
                    {"counterName": "bad.storage", "price": "1"},
                ],
            },
            422,
            ["/prices/0/counterName", "/prices/1/price", "/prices/1/tiers", "/prices/2/counterName", "/discountRate"],
        ),
    ],
)
def test_contracts(scene: Scene, terms: Body, status: int, pointers: list[str]) -> None:
    names = {"base": "/baseFee", "disc": "/discountRate", "curr": "/currency"}
    body = {"name": "n", "contractType": "PERIOD", "currency": "KRW", **terms}
    found = scene.refused("POST", "/admin/contracts", body)
    assert (found[0], sorted(found[2])) == (status, sorted(names.get(one, one) for one in pointers))


@pytest.mark.parametrize("level", ADJUSTMENTS)
@pytest.mark.parametrize(
    ("changes", "status", "code", "pointers"),
    [
        case("over 100", {"adjustment": 100.5}, 422, 42201, ["/adjustment"]),
        case(
            "a surcharge over 100",
            {"adjustment": 101, "adjustmentTypeCode": "PERCENT_EXTRA"},
            422,
            42201,
            ["/adjustment"],
        ),
        case("negative", {"adjustment": -1}, 400, 40000, ["/adjustment"]),
        case("together over 100 in a month in common", {"adjustment": 40.5}, 422, 42207, ["/adjustment"]),
        case("over 100 in its last month", {"adjustment": 41, "monthFrom": "2026-09"}, 422, 42207, ["/adjustment"]),
        case("over 100 in its first month", {"adjustment": 41, "monthFrom": "2026-12"}, 422, 42207, ["/adjustment"]),
        case("value and window", {"adjustment": 101, "monthTo": "2026-09"}, 422, 42200, ["/adjustment", "/monthTo"]),
        case("type, value", {"adjustment": -1, "adjustmentTypeCode": "X"}, 400, 40000, ["/adjustment", "/type"]),
        case("a paid month", {"monthFrom": PAID, "monthTo": PAID}, 409, 40901, ["/monthFrom", "/monthTo"]),
        *(
            case(f"the months {month}", {"monthFrom": month, "monthTo": month}, 400, 40000, ["/monthFrom", "/monthTo"])
            for month in NO_MONTHS
        ),
    ],
)
def test_adjustments(scene: Scene, level: str, changes: Body, status: int, code: int, pointers: list[str]) -> None:
    target = {"projectId": "mine-main-web"} if level == "project" else {"billingGroupId": "mine-main"}
    good = {"adjustment": 10, "adjustmentTypeCode": "PERCENT_DISCOUNT", "monthFrom": OPEN}
    found = scene.refused("POST", ADJUSTMENTS[level], {**good, **target, **changes})
    expected = [{"/type": "/adjustmentTypeCode"}.get(one, one) for one in pointers]
    assert found == (status, code, expected)


def test_percent_discounts_may_come_to_100_exactly_and_to_more_in_different_months(admin: Api, account: str) -> None:
    good = {"adjustmentTypeCode": "PERCENT_DISCOUNT", "projectId": f"{account}-main-web"}
    for value, first, last in ((60, "2026-01", "2026-03"), (40, "2026-03", "2026-04"), (60, "2026-04", "2026-12")):
        months = {"monthFrom": first, "monthTo": last}
        admin.call("POST", ADJUSTMENTS["project"], {**good, **months, "adjustment": value}, expect=201)
    one = {**good, "monthFrom": "2026-01", "monthTo": "2026-01", "adjustment": 40}
    admin.call("POST", ADJUSTMENTS["project"], one, expect=201)
    admin.call("POST", ADJUSTMENTS["project"], {**one, "adjustment": 0.000000000001}, expect=422)


@pytest.mark.parametrize(
    ("changes", "status", "pointers"),
    [
        case("a window that ends before it begins", {"expirationDateTo": "2025-12-31"}, 422, ["/expirationDateTo"]),
        case("a window that is over", {"expirationDateTo": "2026-01-31"}, 422, ["/expirationDateTo"]),
        case("a period that is over", {"expirationPeriod": 1}, 422, ["/expirationPeriod"]),
        case("a day that does not exist", {"expirationDateTo": "2027-02-29"}, 400, ["/expirationDateTo"]),
        case("a month that does not exist", {"expirationDateTo": "2027-13-01"}, 400, ["/expirationDateTo"]),
        case("unknown account", {"uuidList": ["mine", "nobody"]}, 422, ["/uuidList/1"]),
        case("an account twice", {"uuidList": ["mine", "mine"]}, 400, ["/uuidList"]),
        case(
            "account, counters and window",
            {"uuidList": ["nobody"], "counterNames": ["bad.storage", "none"], "expirationDateTo": "2026-01-31"},
            422,
            ["/counterNames/1", "/expirationDateTo", "/uuidList/0"],
        ),
        case("amount and type", {"credit": 0, "balancePriceTypeCode": "X"}, 400, ["/balancePriceTypeCode", "/credit"]),
        case("an absurd amount", {"credit": 10**16}, 400, ["/credit"]),
    ],
)
def test_credit(scene: Scene, changes: Body, status: int, pointers: list[str]) -> None:
    found = scene.refused("POST", "/admin/campaign/bad/credits", {**GRANT, "uuidList": ["mine"], **changes})
    assert (found[0], sorted(found[2])) == (status, pointers)


@pytest.mark.parametrize(
    ("changes", "status", "pointers"),
    [
        case(
            "usage, adjustments, credit, debts and prices",
            {
                "usage": [
                    {"counterName": "bad.storage", "counterUnit": "HOURS", "counterVolume": "1"},
                    {"counterName": "none", "counterUnit": "GB", "counterVolume": "1"},
                ],
                "adjustments": [
                    {"level": "PROJECT", "adjustmentTypeCode": "PERCENT_DISCOUNT", "adjustment": 101},
                    {"level": "BILLING_GROUP", "adjustmentTypeCode": "STATIC_EXTRA", "adjustment": 1, "projectId": "p"},
                ],
                "credits": [
                    {
                        "credit": 1,
                        "balancePriceTypeCode": "FREE",
                        "counterNames": ["none"],
                        "expirationDateFrom": "2026-02-02",
                        "expirationDateTo": "2026-02-01",
                    }
                ],
                "unpaid": [{"month": OPEN, "amount": 1}],
                "prices": [{"counterName": "bad.storage", "unit": "GB", "price": "1"}] * 2,
                "contract": tiers("10"),
            },
            422,
            [
                "/adjustments/0/adjustment",
                "/adjustments/1/projectId",
                "/contract/prices/0/tiers",
                "/credits/0/counterNames/0",
                "/credits/0/expirationDateTo",
                "/prices/1/counterName",
                "/unpaid/0/month",
                "/usage/1/counterName",
            ],
        ),
        case(
            "a unit that measures something else",
            {"usage": [{"counterName": "bad.storage", "counterUnit": "HOURS", "counterVolume": "1"}]},
            422,
            ["/usage/0/counterUnit"],
        ),
        case(
            "discounts of one project over 100 together",
            {
                "adjustments": [
                    {"level": "PROJECT", "adjustmentTypeCode": "PERCENT_DISCOUNT", "adjustment": value}
                    for value in (60, 40, 1)
                ]
            },
            422,
            ["/adjustments/2/adjustment"],
        ),
        case("region and month", {"region": "XX", "month": "2026-13"}, 400, ["/month", "/region"]),
    ],
)
def test_what_ifs(scene: Scene, changes: Body, status: int, pointers: list[str]) -> None:
    usage = [{"counterName": "bad.storage", "counterUnit": "GB", "counterVolume": "1"}]
    found = scene.refused("POST", "/admin/calculate", {"region": "KR", "month": OPEN, "usage": usage, **changes})
    assert (found[0], sorted(found[2])) == (status, pointers)
