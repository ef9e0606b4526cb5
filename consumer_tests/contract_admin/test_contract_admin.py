"""What the contract administration needs of the billing API."""

from decimal import Decimal
from typing import Any

import pytest
from billing_client import ConflictError, UnprocessableError
from billing_client.models import Currency
from pact import Pact, match
from pact.interaction import HttpInteraction

from consumer_tests.contract_admin.admin import (
    Contracts,
    GroupDiscounts,
    ProjectDiscounts,
)
from consumer_tests.interactions import amounts, ask, billing, decimal, identifier, one_of, refuse, succeed
from consumer_tests.states import (
    account,
    billing_group_adjustment,
    contract,
    contract_in_force,
    counter,
    meter,
    project_adjustment,
    statement,
)

COMPUTE = "compute.c2.c8m8"
CONTRACTS = "/billing/admin/contracts"
PERIOD = f"{CONTRACTS}/ct-period-2026"
PROJECTS = "/billing/admin/projects/adjustments"
GROUPS = "/billing/admin/billing-groups/adjustments"


def keyed(interaction: HttpInteraction, body: dict[str, Any]) -> HttpInteraction:
    """A creating request: the API must take our form's number as its key."""
    return interaction.with_header("Idempotency-Key", "form-4711").with_body(body, "application/json")


def agreed() -> dict[str, Any]:
    return {
        "contractId": identifier("ct-period-2026"),
        "name": match.str("Period 2026"),
        "contractType": one_of("PERIOD", "VOLUME", "PARTNER"),
        "currency": one_of("KRW", "JPY", "USD"),
        "discountRate": match.number(0),
        **amounts(baseFee=100000),
        "prices": match.each_like({"counterName": identifier(COMPUTE), "price": decimal("225")}),
    }


def adjustment(kind: str, value: int, *, adjustment_id: str, **target: str) -> dict[str, Any]:
    kinds = ("PERCENT_DISCOUNT", "STATIC_DISCOUNT", "PERCENT_EXTRA", "STATIC_EXTRA")
    level = "PROJECT" if "projectId" in target else "BILLING_GROUP"
    return {
        "adjustmentId": identifier(adjustment_id),
        "level": one_of(level, "PROJECT", "BILLING_GROUP"),
        "adjustment": match.number(value),
        "adjustmentTypeCode": one_of(kind, *kinds),
        "descriptions": match.type([]),
        "monthFrom": match.regex("2026-10", regex=r"^\d{4}-\d{2}$"),
        **target,
    }


def test_a_contract_is_agreed(pact: Pact) -> None:
    asked = ask(pact, "a new contract with an agreed price", counter(), request=f"POST {CONTRACTS}")
    prices = [{"counterName": COMPUTE, "price": "225"}]
    terms = {"name": "Period 2026", "contractType": "PERIOD", "currency": "KRW", "baseFee": 100000, "prices": prices}
    succeed(keyed(asked, terms), 201, contract=agreed())
    with billing(pact) as client:
        contract_id = Contracts(client).agree(
            "Period 2026", Currency.KRW, 100000, {COMPUTE: Decimal(225)}, key="form-4711"
        )
        assert contract_id == "ct-period-2026"


def test_a_price_for_something_that_is_not_sold_is_marked_in_the_form(pact: Pact) -> None:
    asked = ask(pact, "a new contract with a price for an unknown counter", request=f"POST {CONTRACTS}")
    prices = [{"counterName": "compute.unknown", "price": "225"}]
    terms = {"name": "Period 2026", "contractType": "PERIOD", "currency": "KRW", "baseFee": 0, "prices": prices}
    refuse(keyed(asked, terms), 422, 42203, "/prices/0/counterName")
    with billing(pact) as client, pytest.raises(UnprocessableError) as refused:
        Contracts(client).agree("Period 2026", Currency.KRW, 0, {"compute.unknown": Decimal(225)}, key="form-4711")
    assert refused.value.pointers == ("/prices/0/counterName",)


def test_tiers_that_do_not_fit_together_are_marked_in_the_form(pact: Pact) -> None:
    asked = ask(pact, "a new contract with overlapping tiers and no open one", counter(), request=f"POST {CONTRACTS}")
    tiers = [{"upTo": "100", "price": "225"}, {"upTo": "50", "price": "200"}]
    prices = [{"counterName": COMPUTE, "tiers": tiers}]
    terms = {"name": "Volume 2026", "contractType": "VOLUME", "currency": "KRW", "prices": prices}
    fields = ["/prices/0/tiers/1/upTo", "/prices/0/tiers"]
    refuse(keyed(asked, terms), 422, 42206, *fields)
    bounds = [(Decimal(100), Decimal(225)), (Decimal(50), Decimal(200))]
    with billing(pact) as client, pytest.raises(UnprocessableError) as refused:
        Contracts(client).agree_volume("Volume 2026", Currency.KRW, COMPUTE, bounds, key="form-4711")
    assert list(refused.value.pointers) == fields


def test_a_contract_is_shown(pact: Pact) -> None:
    succeed(ask(pact, "a contract", counter(), contract(), request=f"GET {PERIOD}"), contract=agreed())
    with billing(pact) as client:
        found = Contracts(client).find("ct-period-2026")
    assert found is not None
    assert (found.name, found.base_fee) == ("Period 2026", 100000)


def test_a_contract_that_does_not_exist_is_no_error(pact: Pact) -> None:
    refuse(ask(pact, "a contract that does not exist", request=f"GET {PERIOD}"), 404, 40400)
    with billing(pact) as client:
        assert Contracts(client).find("ct-period-2026") is None


def test_a_contract_that_nobody_is_under_is_withdrawn(pact: Pact) -> None:
    succeed(ask(pact, "deleting a contract", counter(), contract(), request=f"DELETE {PERIOD}"))
    with billing(pact) as client:
        Contracts(client).withdraw("ct-period-2026")


def test_a_contract_that_customers_are_under_stays(pact: Pact) -> None:
    states = account(), counter(), contract(), contract_in_force()
    refuse(ask(pact, "deleting a contract that is in use", *states, request=f"DELETE {PERIOD}"), 409, 40904)
    with billing(pact) as client, pytest.raises(ConflictError):
        Contracts(client).withdraw("ct-period-2026")


def apply(pact: Pact, description: str, currency: str) -> HttpInteraction:
    states = account(), counter(), contract(currency=currency)
    asked = ask(pact, description, *states, request="PUT /billing/admin/billing-groups/acme-main")
    return asked.with_body({"contractId": "ct-period-2026", "monthFrom": "2026-10"}, "application/json")


def test_a_billing_group_is_put_under_a_contract(pact: Pact) -> None:
    group = {
        "billingGroupId": "acme-main",
        "uuid": identifier("acme"),
        "name": match.str("Acme main"),
        "defaultYn": one_of("Y", "N"),
        "projects": match.each_like({"projectId": identifier("acme-web"), "appKey": identifier("ak-acme-web")}),
        "contracts": [{"contractId": "ct-period-2026", "monthFrom": "2026-10"}],
    }
    succeed(apply(pact, "putting a billing group under a contract", "KRW"), billingGroup=group)
    with billing(pact) as client:
        Contracts(client).apply("ct-period-2026", "acme-main", "2026-10")


def test_a_contract_in_another_currency_does_not_fit(pact: Pact) -> None:
    asked = apply(pact, "putting a billing group under a contract in another currency", "USD")
    refuse(asked, 422, 42205, "/contractId")
    with billing(pact) as client, pytest.raises(UnprocessableError) as refused:
        Contracts(client).apply("ct-period-2026", "acme-main", "2026-10")
    assert refused.value.pointers == ("/contractId",)


def test_savings_are_read_off_the_prices_under_a_contract(pact: Pact) -> None:
    asked = ask(pact, "prices under a contract", counter(), contract(), request=f"GET {PERIOD}/products/prices")
    asked.with_query_parameter("counterNames", COMPUTE)
    price = {
        "counterName": COMPUTE,
        "unit": match.str("HOURS"),
        "price": decimal("225"),
        "originalPrice": decimal("250"),
    }
    succeed(asked, prices=[price])
    with billing(pact) as client:
        assert Contracts(client).savings("ct-period-2026", [COMPUTE]) == {COMPUTE: Decimal(25)}


TEN_PERCENT = {"adjustmentTypeCode": "PERCENT_DISCOUNT", "projectId": "acme-web", "monthFrom": "2026-10"}


def test_a_project_gets_a_discount(pact: Pact) -> None:
    asked = ask(pact, "ten percent off a project", account(), request=f"POST {PROJECTS}")
    created = adjustment("PERCENT_DISCOUNT", 10, adjustment_id="adj-web-10-percent", projectId="acme-web")
    succeed(keyed(asked, {"adjustment": 10, **TEN_PERCENT}), 201, adjustments=[created], totalItems=1)
    with billing(pact) as client:
        assert ProjectDiscounts(client).give("acme-web", 10, "2026-10", key="form-4711") == "adj-web-10-percent"


def test_discounts_can_not_come_to_more_than_all(pact: Pact) -> None:
    states = account(), project_adjustment()
    asked = ask(pact, "discounts of more than 100 percent", *states, request=f"POST {PROJECTS}")
    refuse(keyed(asked, {"adjustment": 95, **TEN_PERCENT}), 422, 42207, "/adjustment")
    with billing(pact) as client, pytest.raises(UnprocessableError) as refused:
        ProjectDiscounts(client).give("acme-web", 95, "2026-10", key="form-4711")
    assert refused.value.pointers == ("/adjustment",)


def test_every_wrong_field_of_a_discount_is_marked_in_the_form(pact: Pact) -> None:
    asked = ask(pact, "a discount over 100 percent that ends before it begins", account(), request=f"POST {PROJECTS}")
    refuse(
        keyed(asked, {"adjustment": 101, **TEN_PERCENT, "monthTo": "2026-09"}), 422, 42200, "/adjustment", "/monthTo"
    )
    with billing(pact) as client, pytest.raises(UnprocessableError) as refused:
        ProjectDiscounts(client).give("acme-web", 101, "2026-10", key="form-4711", until="2026-09")
    assert refused.value.pointers == ("/adjustment", "/monthTo")


def test_a_discount_of_a_paid_month_comes_too_late(pact: Pact) -> None:
    states = account(), counter(), meter(), statement("PAID")
    asked = ask(pact, "a discount of a month that is paid", *states, request=f"POST {PROJECTS}")
    refuse(keyed(asked, {"adjustment": 10, **TEN_PERCENT, "monthTo": "2026-10"}), 409, 40901, "/monthFrom", "/monthTo")
    with billing(pact) as client, pytest.raises(ConflictError):
        ProjectDiscounts(client).give("acme-web", 10, "2026-10", key="form-4711", until="2026-10")


def test_discounts_of_a_project_are_listed(pact: Pact) -> None:
    asked = ask(pact, "the adjustments of a project", account(), project_adjustment(), request=f"GET {PROJECTS}")
    asked.with_query_parameter("projectId", "acme-web").with_query_parameter("page", "1")
    found = adjustment("PERCENT_DISCOUNT", 10, adjustment_id="adj-web-10-percent", projectId="acme-web")
    succeed(asked, adjustments=[found], totalItems=1)
    with billing(pact) as client:
        assert ProjectDiscounts(client).given("acme-web") == {"adj-web-10-percent": 10}


def test_discounts_of_projects_are_revoked_together(pact: Pact) -> None:
    states = account(), project_adjustment("adj-web-1"), project_adjustment("adj-web-2")
    asked = ask(pact, "deleting adjustments of projects", *states, request=f"DELETE {PROJECTS}")
    asked.with_query_parameter("adjustmentIds", "adj-web-1").with_query_parameter("adjustmentIds", "adj-web-2")
    gone = adjustment("PERCENT_DISCOUNT", 10, adjustment_id="adj-web-1", projectId="acme-web")
    succeed(asked, adjustments=match.each_like(gone), totalItems=match.int(2))
    with billing(pact) as client:
        ProjectDiscounts(client).revoke("adj-web-1", "adj-web-2")


def test_a_billing_group_gets_a_discount(pact: Pact) -> None:
    asked = ask(pact, "1,000 off a billing group", account(), request=f"POST {GROUPS}")
    target = {"adjustmentTypeCode": "STATIC_DISCOUNT", "billingGroupId": "acme-main", "monthFrom": "2026-10"}
    created = adjustment("STATIC_DISCOUNT", 1000, adjustment_id="adj-main-1000-off", billingGroupId="acme-main")
    succeed(keyed(asked, {"adjustment": 1000, **target}), 201, adjustments=[created], totalItems=1)
    with billing(pact) as client:
        assert GroupDiscounts(client).give("acme-main", 1000, "2026-10", key="form-4711") == "adj-main-1000-off"


def test_discounts_of_a_billing_group_are_listed(pact: Pact) -> None:
    states = account(), billing_group_adjustment()
    asked = ask(pact, "the adjustments of a billing group", *states, request=f"GET {GROUPS}")
    asked.with_query_parameter("billingGroupId", "acme-main").with_query_parameter("page", "1")
    found = adjustment("STATIC_DISCOUNT", 1000, adjustment_id="adj-main-1000-off", billingGroupId="acme-main")
    succeed(asked, adjustments=[found], totalItems=1)
    with billing(pact) as client:
        assert GroupDiscounts(client).given("acme-main") == {"adj-main-1000-off": 1000}


def test_a_discount_of_a_billing_group_is_revoked(pact: Pact) -> None:
    states = account(), billing_group_adjustment()
    asked = ask(pact, "deleting an adjustment of a billing group", *states, request=f"DELETE {GROUPS}")
    asked.with_query_parameter("adjustmentIds", "adj-main-1000-off")
    gone = adjustment("STATIC_DISCOUNT", 1000, adjustment_id="adj-main-1000-off", billingGroupId="acme-main")
    succeed(asked, adjustments=[gone], totalItems=1)
    with billing(pact) as client:
        GroupDiscounts(client).revoke("adj-main-1000-off")
