"""Credit: given by a campaign or for a coupon, what is left of it, and where it went."""

import datetime as dt
from collections.abc import Mapping, Sequence

from attrs import frozen
from billing_client import BillingClient
from billing_client.models import (
    BalancePriceTypeCode,
    BatchJobCode,
    Credit,
    CreditEntry,
    CreditEntryKind,
    GrantCreditsRequest,
    Region,
)

from consumer_tests.billing_flows.calculation import Progress, run_batch
from consumer_tests.billing_flows.customers import Customer
from consumer_tests.billing_flows.waiting import PATIENT, Patience

FIRST_DAY = dt.date(2000, 1, 1)
"""Credit from this day on can pay for every month that there is."""


@frozen(kw_only=True)
class Gift:
    """Credit to grant: `amount` in minor units, usable from `first` to `last`, both days included.

    `name` becomes part of an id, so it has letters, digits, dots and dashes alone. `counters` are short names of the
    customer's counters, which are all that it may pay for; none: it pays for all.
    """

    name: str
    amount: int
    kind: BalancePriceTypeCode = BalancePriceTypeCode.FREE
    first: dt.date = FIRST_DAY
    last: dt.date | None = None
    counters: Sequence[str] = ()


@frozen
class Balance:
    """What is left, in minor units, in all and by type."""

    total: int
    by_kind: Mapping[BalancePriceTypeCode, int]


def grant(client: BillingClient, customer: Customer, gift: Gift) -> Credit:
    """Grants the gift under a campaign of its own, `<account>-<name>`; done twice it is granted once.

    Raises UnprocessableError for a window that has ended.
    """
    body = GrantCreditsRequest(
        credit=gift.amount,
        currency=customer.terms.currency,
        credit_name=gift.name,
        balance_price_type_code=gift.kind,
        counter_names=[customer.counter(name) for name in gift.counters] or None,
        expiration_date_from=gift.first,
        expiration_date_to=gift.last,
        uuid_list=[customer.account],
    )
    campaign = campaign_of(customer, gift)
    return client.credits.grant_credits(campaign_id=campaign, body=body, idempotency_key=campaign).credits[0]


def take_back(client: BillingClient, customer: Customer, gift: Gift, reason: str) -> tuple[Credit, ...]:
    """Takes back what is left of a gift. Raises NotFoundError where it was never granted."""
    return tuple(client.credits.cancel_credits(campaign_id=campaign_of(customer, gift), reason=reason).credits)


def redeem(client: BillingClient, customer: Customer, coupon: str) -> Credit:
    """The credit that a coupon stands for. Raises ConflictError the second time, NotFoundError for an unknown one."""
    return client.credits.redeem_coupon(coupon_code=coupon, uuid=customer.account).credit


def balance(client: BillingClient, customer: Customer) -> Balance:
    """What is left of the customer's credit."""
    stats = client.credits.get_credit_balance(uuid=customer.account).stats
    rest = {each.balance_price_type_code: each.rest_amount for each in stats.rest_credits_by_balance_price_type_code}
    return Balance(stats.total_amount, rest)


def ledger(
    client: BillingClient, customer: Customer, kind: BalancePriceTypeCode | None = None
) -> tuple[CreditEntry, ...]:
    """Every entry, oldest first; of one type of credit or of all."""
    newest_first = tuple(
        client.credits.iter_credit_history(uuid=customer.account, balance_price_type_code=kind, items_per_page=100)
    )
    return newest_first[::-1]


def uses(client: BillingClient, customer: Customer, month: str) -> tuple[tuple[str, int], ...]:
    """What a month's statements used, as (name of the credit, minor units), in the order in which it burnt.

    What a later calculation or a cancelled payment gave back is left out.
    """
    used: dict[tuple[str, str], int] = {}
    for entry in ledger(client, customer):
        if entry.month == month and entry.kind in (CreditEntryKind.USE, CreditEntryKind.RESTORE):
            key = entry.credit_id, entry.credit_name
            used[key] = used.get(key, 0) - entry.amount
            if not used[key]:
                del used[key]
    return tuple((name, amount) for (_, name), amount in used.items())


def expire(client: BillingClient, region: Region, today: dt.date, patience: Patience = PATIENT) -> Progress:
    """Takes back all credit in the region whose last day is before `today`, **whoever's it is**."""
    return run_batch(client, BatchJobCode.EXPIRE_CREDITS, today, region=region, patience=patience)


def campaign_of(customer: Customer, gift: Gift) -> str:
    return f"{customer.account}-{gift.name}"
