"""Who and what there is in the scenarios: accounts, prices, contracts, and the values that calls are made with."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Final

from attrs import frozen
from hypothesis import strategies as st

from provider_stub.engine.adjustments import Adjustment, AdjustmentType, Level
from provider_stub.engine.contracts import ContractType
from provider_stub.engine.counters import Counter
from provider_stub.engine.credits import CreditType
from provider_stub.engine.metering import CounterType
from provider_stub.engine.payments import PaymentState
from provider_stub.engine.period import Month
from provider_stub.engine.prices import Tier, per_unit
from provider_stub.engine.regions import region_of
from provider_stub.store.protocol.tx import Store
from provider_stub.usecases import contracts, counters
from provider_stub.usecases.context import plain
from provider_stub.usecases.credits import Gift
from provider_stub.usecases.metering import Reading
from tests.scenarios.model import ACCOUNTS, CURRENCIES, GROUPS, REGIONS, Sent
from tests.usecases.world import MONTH, World

NEXT: Final = MONTH.next()
LATER: Final = NEXT.next()
MONTHS: Final = (MONTH, NEXT)
PLACES: Final = tuple(f"{group}.{month}" for group in GROUPS for month in MONTHS)
UNITS: Final = {"compute": "HOURS", "traffic": "GB"}

accounts_ = st.sampled_from(tuple(ACCOUNTS))
groups_ = st.sampled_from(tuple(GROUPS))
months_ = st.sampled_from(MONTHS)
campaigns_ = st.sampled_from(("spring", "autumn"))
billed_ = st.sampled_from(((MONTH,), (MONTH,), MONTHS))
ends_ = st.sampled_from(("open", "closed", "fine", "fine", "loses", "drops"))
undoing_ = st.sampled_from(("fine", "fine", "loses", "drops", "overtaken"))
lines_ = st.sampled_from(("fine", "fine", "loses", "drops"))
charging_ = st.sampled_from(("fine", "fine", "fine", "declines", "loses", "drops", "killed", "late", "overtaken"))
days_ = st.sampled_from((NEXT.first_day, date(2026, 11, 20), date(2026, 11, 21), LATER.first_day, date(2027, 2, 1)))
wishes_ = st.sampled_from((None, None, PaymentState.READY, PaymentState.REGISTERED))
terms_ = st.none() | st.tuples(st.sampled_from(("KRW", "KRW", "USD")), st.integers(0, 1))
pauses_ = st.sampled_from((timedelta(seconds=10), timedelta(seconds=31), timedelta(days=1), timedelta(days=20)))


def sent_from(account: str) -> st.SearchStrategy[tuple[str | None, Sent]]:
    """A reading with its id, if it has one: one of few, so that it comes again with the same or another content."""
    zone = region_of(REGIONS[account]).zone

    @st.composite
    def reading(draw: st.DrawFn) -> tuple[str | None, Sent]:
        month = draw(months_)
        first, end = month.bounds(zone)
        at = draw(st.sampled_from((first, first + timedelta(days=12), end - timedelta(seconds=1))))
        group = draw(st.sampled_from([group for group, owner in GROUPS.items() if owner == account]))
        sent = Sent(group, month, draw(st.sampled_from(tuple(UNITS))), draw(st.integers(0, 40)), at)
        return draw(st.sampled_from((None, None, "a", "b", "c"))), sent

    return reading()


batches_ = accounts_.flatmap(
    lambda account: st.tuples(st.just(account), st.lists(sent_from(account), min_size=1, max_size=4))
)


def reading_of(meter_id: str | None, sent: Sent) -> Reading:
    unit, volume = UNITS[sent.counter], Decimal(sent.volume)
    return Reading(f"{sent.group}-key", sent.counter, CounterType.DELTA, unit, volume, sent.at, meter_id)


@st.composite
def adjustments_(draw: st.DrawFn) -> Adjustment:
    level, group = draw(st.sampled_from(Level)), draw(groups_)
    kind = draw(st.sampled_from(AdjustmentType))
    percent = kind in (AdjustmentType.PERCENT_DISCOUNT, AdjustmentType.PERCENT_EXTRA)
    return Adjustment(
        "",
        level,
        f"{group}-web" if level is Level.PROJECT else group,
        kind,
        Decimal(draw(st.sampled_from((0, 7, 33, 60, 100)) if percent else st.integers(0, 3000))),
        draw(months_),
        draw(st.none() | months_),
    )


WINDOWS: Final = (
    (MONTH.plus(-6).first_day, None),
    (MONTH.first_day, date(2026, 11, 20)),
    (NEXT.first_day, NEXT.last_day),
    (LATER.first_day, None),
    (LATER.first_day, NEXT.first_day),
)


@st.composite
def gifts_(draw: st.DrawFn) -> Gift:
    """One thing is wrong with a gift at most, so that it is clear how it is refused."""
    together = draw(st.sampled_from((("acme",), ("twin",), ("abroad",), ("twin", "acme"), ("acme", "abroad"))))
    valid_from, valid_to = draw(st.sampled_from(WINDOWS[:1] if together == ("acme", "abroad") else WINDOWS))
    return Gift(
        draw(st.integers(1, 6000)),
        "gift",
        draw(st.sampled_from(CreditType)),
        together,
        counters=draw(st.sampled_from(((), (), ("compute",), ("traffic",), ("compute", "traffic")))),
        valid_from=valid_from,
        valid_to=valid_to,
    )


def middle_of(month: Month) -> datetime:
    return datetime(month.year, month.number, 12, 9, tzinfo=UTC)


def unrestricted(amount: int) -> Gift:
    """For all who are billed in won, for as long as they like."""
    return Gift(amount, "welcome", CreditType.PROMOTIONAL, ("acme", "twin"), valid_from=MONTH.first_day)


def refusal_of(gift: Gift, now: datetime) -> str:
    """The code with which a gift is refused, "" where it is granted."""
    if len({CURRENCIES[account] for account in gift.account_ids}) > 1:
        return "CURRENCY_MISMATCH"
    if gift.valid_to is None or gift.valid_from is None:
        return ""
    today = min(now.astimezone(region_of(REGIONS[account]).zone).date() for account in gift.account_ids)
    return "INVALID_WINDOW" if gift.valid_to < max(gift.valid_from, today) else ""


@frozen
class Stage:
    """A provider at work, and its contracts by currency."""

    world: World
    agreed: dict[str, list[str]]


def founded(store: Store) -> Stage:
    store.clear()
    world = World(store)
    for account, groups in ACCOUNTS.items():
        world.account(account, groups, REGIONS[account])
    for name, currency, price in (("traffic", "KRW", "7.5"), ("compute", "USD", "0.37"), ("traffic", "USD", "0.015")):
        listed = per_unit(Decimal(price), UNITS[name], currency)
        counters.put_counter(world.ctx, Counter(name, CounterType.DELTA, listed, MONTH.plus(-20).first_day))
    return Stage(world, {currency: _agreed(world, currency) for currency in ("KRW", "USD")})


def _agreed(world: World, currency: str) -> list[str]:
    steps = (Tier(Decimal(20), Decimal(90)), Tier(None, Decimal("33.3")))
    tiers = contracts.AgreedPrice("compute", tiers=steps)
    every = (
        contracts.Terms("least", ContractType.PERIOD, currency, base_fee=2500, discount_rate=Decimal("12.5")),
        contracts.Terms("tiers", ContractType.VOLUME, currency, prices=(tiers,)),
    )
    return [str(contracts.create_contract(world.ctx, terms, plain()).contract_id) for terms in every]
