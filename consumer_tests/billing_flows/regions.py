"""What a region means for a bill, as the provider itself reckons it."""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from zoneinfo import ZoneInfo

from attrs import frozen
from billing_client import BillingClient
from billing_client.models import (
    CalculateRequest,
    CalculationPolicy,
    Currency,
    PriceInput,
    Region,
    Statement,
    Unit,
    UsageInput,
)

ZONES: Mapping[Region, str] = {Region.KR: "Asia/Seoul", Region.JP: "Asia/Tokyo", Region.ETC: "UTC"}
"""No operation answers the time zone; the description of the schema `Region` is the only place that says it."""

_COUNTER = "probe"
_MAJOR = 10_000  # large enough that a percentage with two places is a whole number of minor units


@frozen
class Terms:
    """A region's currency, its time zone and its rates; percentages are those of the law, 10 for 10%."""

    region: Region
    currency: Currency
    minor_digits: int
    """Decimal places of the currency: amounts are in units of 10 to the power of minus this."""
    vat: Decimal
    late_fee: Decimal
    policy: CalculationPolicy
    zone: ZoneInfo

    def price(self, minor: int) -> Decimal:
        """A price in major units, as counters and contracts want it, from one in minor units."""
        return Decimal(minor).scaleb(-self.minor_digits)

    def instant(self, month: str, day: int = 1, hour: int = 12, minute: int = 0) -> dt.datetime:
        """An instant of a month `YYYY-MM` by the region's clocks."""
        first = dt.date.fromisoformat(f"{month}-01")
        return dt.datetime(first.year, first.month, day, hour, minute, tzinfo=self.zone)


def terms_of(client: BillingClient, region: Region) -> Terms:
    """Asks the provider what a bill of a known size would be; nothing is stored.

    Needs the token of an administrator. Raises KeyError for a region whose time zone nobody has told us.
    """
    bill = _probe(client, region)
    return Terms(
        region=region,
        currency=bill.currency,
        minor_digits=len(str(bill.charge)) - len(str(_MAJOR)),
        vat=_percent(bill.tax_amount, bill.charge),
        late_fee=_percent(bill.late_fee, bill.total_amount),
        policy=bill.calculation_policy,
        zone=ZoneInfo(ZONES[region]),
    )


def _probe(client: BillingClient, region: Region) -> Statement:
    question = CalculateRequest(
        region=region,
        usage=[UsageInput(counter_name=_COUNTER, counter_unit=Unit.COUNT, counter_volume=Decimal(1))],
        prices=[PriceInput(counter_name=_COUNTER, unit=Unit.COUNT, price=Decimal(_MAJOR))],
        overdue=True,
    )
    return client.calculations.calculate(body=question).statement


def _percent(part: int, whole: int) -> Decimal:
    """With two places, which undoes that the part was rounded down."""
    return (Decimal(100) * part / whole).quantize(Decimal("0.01"))
