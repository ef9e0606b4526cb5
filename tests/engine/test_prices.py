from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider_stub.engine.contracts import ContractPrice, ContractTerm, check_contract, prices_under, term_in_force
from provider_stub.engine.errors import CurrencyMismatch, InvalidTiers, InvalidValue, UnpricedCounter
from provider_stub.engine.money import LINE
from provider_stub.engine.prices import Price, PriceModel, Tier, cost, discounted, per_unit, tiered
from provider_stub.engine.rating import rate
from tests.engine.builders import MONTH, contract, hourly, used

BOUNDS = st.lists(st.decimals("0.001", 10**6, places=3), min_size=1, max_size=4, unique=True).map(sorted)
PRICES = st.decimals(0, 1000, places=4)
QUANTITIES = st.decimals(0, 2 * 10**6, places=4)


def _price(model: PriceModel, bounds: Sequence[Decimal], prices: Sequence[Decimal]) -> Price:
    uppers: list[Decimal | None] = [*bounds, None]
    return tiered(model, [Tier(*pair) for pair in zip(uppers, prices, strict=True)], "HOURS", "USD")


@st.composite
def tiered_prices(draw: st.DrawFn, model: PriceModel) -> Price:
    bounds = draw(BOUNDS)
    count = len(bounds) + 1
    return _price(model, bounds, draw(st.lists(PRICES, min_size=count, max_size=count)))


GRADUATED = tiered_prices(PriceModel.GRADUATED)
VOLUME = tiered_prices(PriceModel.VOLUME)


@given(GRADUATED, QUANTITIES, QUANTITIES)
def test_a_graduated_price_never_falls_as_usage_grows(price: Price, one: Decimal, other: Decimal) -> None:
    assert cost(price, min(one, other)) <= cost(price, max(one, other))


@given(GRADUATED)
def test_a_graduated_price_does_not_jump_at_a_bound(price: Price) -> None:
    step = Decimal("0.0000001")
    dearest = max(tier.price for tier in price.tiers)
    for tier in price.tiers[:-1]:
        assert tier.up_to is not None
        rise = cost(price, tier.up_to + step) - cost(price, tier.up_to)
        assert 0 <= rise <= step * dearest * 100


@given(VOLUME, QUANTITIES)
def test_every_quantity_hits_exactly_one_tier(price: Price, quantity: Decimal) -> None:
    lower = Decimal(-1)
    hits = []
    for tier in price.tiers:
        if quantity > lower and (tier.up_to is None or quantity <= tier.up_to):
            hits.append(tier)
        lower = lower if tier.up_to is None else tier.up_to
    assert len(hits) == 1
    assert cost(price, quantity) == quantity * hits[0].price * 100


@given(GRADUATED, QUANTITIES, st.sampled_from([1, 60, 3600]))
def test_a_graduated_price_equals_the_sum_of_its_parts_in_fractions(
    price: Price, quantity: Decimal, scale: int
) -> None:
    total, lower = Fraction(0), Fraction(0)
    for tier in price.tiers:
        upper = Fraction(quantity) / scale
        upper = upper if tier.up_to is None else min(upper, Fraction(tier.up_to))
        total += max(Fraction(0), upper - lower) * Fraction(tier.price)
        lower = max(lower, upper)
    whole, rest = divmod(total * 100, 1)
    assert LINE.minor(cost(price, quantity, scale)) == whole + (rest >= Fraction(1, 2))


def test_a_bound_belongs_to_the_tier_below_it() -> None:
    bounds, prices = [Decimal(100)], [Decimal(10), Decimal(7)]
    volume = _price(PriceModel.VOLUME, bounds, prices)
    graduated = _price(PriceModel.GRADUATED, bounds, prices)
    assert [cost(volume, Decimal(q)) for q in (0, 100, 101)] == [0, 100_000, 70_700]
    assert [cost(graduated, Decimal(q)) for q in (0, 100, 101)] == [0, 100_000, 100_700]


def test_a_package_is_billed_when_it_is_begun_and_a_flat_price_once() -> None:
    package = Price("HOURS", "KRW", (Tier(None, Decimal(500)),), PriceModel.PACKAGE, Decimal(100))
    flat = Price("HOURS", "KRW", (Tier(None, Decimal(9900)),), PriceModel.FLAT)
    assert [cost(package, Decimal(q)) for q in ("0", "0.1", "100", "100.1")] == [0, 500, 500, 1000]
    assert cost(package, Decimal(360_001), 3600) == 1000
    assert [cost(flat, Decimal(q)) for q in (0, 1, 720)] == [0, 9900, 9900]


@pytest.mark.parametrize(
    "bounds", [[], ["10"], ["10", "10", None], ["10", "5", None], ["0", None], [None, None], ["-1", None]]
)
def test_tiers_that_overlap_or_do_not_end_open_are_refused(bounds: list[str | None]) -> None:
    tiers = [Tier(None if bound is None else Decimal(bound), Decimal(1)) for bound in bounds]
    with pytest.raises(InvalidTiers):
        tiered(PriceModel.GRADUATED, tiers, "HOURS", "KRW")


def test_a_negative_price_is_refused_where_it_stands() -> None:
    with pytest.raises(InvalidValue) as refusal:
        _price(PriceModel.VOLUME, [Decimal(10)], [Decimal(1), Decimal(-1)])
    assert [fault.pointer for fault in refusal.value.faults] == ["/tiers/1/price"]
    with pytest.raises(InvalidValue):
        per_unit(Decimal(-1), "HOURS", "KRW")


def test_half_a_won_is_rounded_up_even_when_the_hours_are_an_endless_fraction() -> None:
    (line,) = rate([used(1, unit="MINUTES")], {"compute": hourly(30)}, "KRW").lines([0])
    assert (line.amount, line.exact_amount) == (1, Decimal("0.5"))


def test_kilobytes_are_priced_as_gigabytes_of_1024_squared() -> None:
    prices = {"storage": per_unit(Decimal("0.16"), "GB", "KRW")}
    (line,) = rate([used(524_288_000, counter="storage", unit="KB")], prices, "KRW").lines([0])
    assert (line.quantity, line.unit) == (Decimal(500), "GB")
    assert (line.price, line.amount) == (Decimal("0.16"), 80)


def test_a_line_keeps_the_exact_amount_beside_the_rounded_one() -> None:
    (line,) = rate([used("1.5")], {"compute": hourly("0.333", "USD")}, "USD").lines([0])
    assert (line.amount, line.exact_amount) == (50, Decimal("49.95"))


def test_usage_of_one_counter_is_added_up_before_it_is_rounded() -> None:
    halves = [used("0.5"), used(30, unit="MINUTES"), used("0.5")]
    (line,) = rate(halves, {"compute": hourly(1)}, "KRW").lines([0])
    assert (line.amount, line.exact_amount) == (2, Decimal("1.5"))


def test_every_counter_without_a_price_is_named() -> None:
    usage = [used(1), used(1, counter="gpu"), used(0, counter="disk")]
    with pytest.raises(UnpricedCounter, match="disk, gpu") as refusal:
        rate(usage, {"compute": hourly(1)}, "KRW")
    assert len(refusal.value.faults) == 2


def test_a_negative_quantity_is_not_rated() -> None:
    with pytest.raises(InvalidValue):
        rate([used(-1)], {"compute": hourly(1)}, "KRW")


def test_a_price_in_another_currency_is_not_rated() -> None:
    with pytest.raises(CurrencyMismatch):
        rate([used(1)], {"compute": hourly(1, "USD")}, "KRW")


def test_an_agreed_price_is_final_and_the_discount_rate_lowers_the_list_price_of_the_others() -> None:
    listed = {"compute": hourly(250), "gpu": hourly(1639), "unused": hourly(1)}
    agreed = contract(discount_rate="12.5", compute=hourly(225))
    assert prices_under(agreed, listed, ["compute", "gpu", "unknown"]) == {
        "compute": hourly(225),
        "gpu": hourly("1434.125"),
    }
    assert prices_under(None, listed, ["compute"]) == {"compute": hourly(250)}


@given(GRADUATED, st.decimals(0, 100, places=2))
def test_a_discount_lowers_every_tier_and_moves_no_bound(price: Price, percent: Decimal) -> None:
    lower = discounted(price, percent)
    assert [tier.up_to for tier in lower.tiers] == [tier.up_to for tier in price.tiers]
    assert [tier.price for tier in lower.tiers] == [tier.price * (100 - percent) / 100 for tier in price.tiers]


def test_the_latest_contract_that_has_begun_is_in_force() -> None:
    terms = [ContractTerm("main", name, MONTH.plus(n)) for name, n in (("now", 0), ("old", -5), ("next", 1))]
    assert [term_in_force(terms, month) for month in (MONTH.plus(-6), MONTH, MONTH.next())] == [
        None,
        terms[0],
        terms[2],
    ]


def test_a_contract_with_a_wrong_field_is_refused() -> None:
    check_contract(contract(100_000, 100, compute=hourly(225)))
    twice = contract(compute=hourly(1))
    for wrong in (
        contract(-1),
        contract(0, 101),
        contract(compute=hourly(1, "USD")),
        type(twice)("c", "c", twice.contract_type, "KRW", prices=(ContractPrice("compute", hourly(1)),) * 2),
    ):
        with pytest.raises((InvalidValue, CurrencyMismatch)):
            check_contract(wrong)
