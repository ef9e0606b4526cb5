"""From a billing group's month of usage to its statement."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import repeat
from operator import add, sub
from types import MappingProxyType
from typing import Final

from attrs import define, field, frozen

from provider_stub.engine.adjustments import Adjustment, AppliedAdjustment, Outcome, adjust, covers
from provider_stub.engine.contracts import Contract, prices_under
from provider_stub.engine.credits import OWN_MONEY, CreditBalance, CreditUse, burn_key, usable
from provider_stub.engine.errors import BrokenInvariant
from provider_stub.engine.latefee import late_fee
from provider_stub.engine.metering import Usage
from provider_stub.engine.money import VAT, same_currency, split
from provider_stub.engine.payments import PaymentState
from provider_stub.engine.period import Month
from provider_stub.engine.policies import STEPS, Step
from provider_stub.engine.prices import Price
from provider_stub.engine.rating import Rated, rate
from provider_stub.engine.regions import Region
from provider_stub.engine.statements import (
    Statement,
    TraceEntry,
    Unpaid,
    checked,
    unpaid_total,
)


@frozen
class CalculationInput:
    """One billing group's month. The order within any sequence is without meaning.

    `prices` is the list price by counter. Adjustments of other months and credits outside their window are
    skipped; `credits` are balances without what an earlier calculation of this same statement burnt.
    `unpaid` are statements of earlier months.
    """

    region: Region
    month: Month
    account_id: str
    billing_group_id: str
    payment_group_id: str
    usage: Sequence[Usage]
    prices: Mapping[str, Price]
    contract: Contract | None = None
    project_adjustments: Sequence[Adjustment] = ()
    group_adjustments: Sequence[Adjustment] = ()
    credits: Sequence[CreditBalance] = ()
    unpaid: Sequence[Unpaid] = ()
    overdue: bool = False
    payment_status: PaymentState = PaymentState.REGISTERED


@frozen
class Calculation:
    """A statement, and the credit that the caller must write to the ledger in the same transaction."""

    statement: Statement
    credit_uses: tuple[CreditUse, ...]


def calculate(inputs: CalculationInput) -> Calculation:
    """One billing group's statement, by the steps of its region's policy (billing rules, Credits).

    The same inputs in any order give the same statement. Raises UnpricedCounter, CurrencyMismatch,
    PercentOverLimit, InvalidValue, UnknownUnit; BrokenInvariant when the result contradicts itself.
    """
    bill = _Bill(inputs, _in_burn_order(inputs))
    for step in STEPS[inputs.region.policy]:
        base = bill.amount
        change = _ACTIONS[step](bill)
        bill.amount = base + change
        bill.trace.append(TraceEntry(step, base, change, bill.amount))
    _check_credits(bill)
    return Calculation(_statement(bill), tuple(bill.uses))


def _in_burn_order(inputs: CalculationInput) -> list[CreditBalance]:
    held = [one for one in inputs.credits if one.balance > 0 and usable(one.grant, inputs.month)]
    for one in held:
        same_currency(inputs.region.currency, one.grant.currency, f"credit {one.grant.grant_id}")
    if len({one.grant.grant_id for one in held}) != len(held):
        raise BrokenInvariant("one credit grant was given twice, and would be applied twice")
    return sorted(held, key=lambda one: burn_key(one.grant))


_NO_SHARES: Final = slice(0, 0)
_ALL_SHARES: Final = slice(None)
_NOTHING: Final = Rated({}, (), (), (), (), (), ())


@define
class _Bill:
    """A calculation under way. `left` is `amount` in shares, those of the priced lines first and in their order;
    a credit restricted to counters pays those whose entry in `counters` it names (empty: nobody's usage).
    """

    inputs: CalculationInput
    credits: list[CreditBalance]
    credits_pending: bool = field(init=False)
    amount: int = 0
    rated: Rated = _NOTHING
    counters: list[str] = field(factory=list)
    left: list[int] = field(factory=list)
    credit_applied: Iterable[int] = repeat(0)
    discount: int = 0
    extra: int = 0
    top_up: int = 0
    tax: int = 0
    applied: list[AppliedAdjustment] = field(factory=list)
    uses: list[CreditUse] = field(factory=list)
    trace: list[TraceEntry] = field(factory=list)

    @credits_pending.default
    def _any_credits(self) -> bool:
        return bool(self.credits)


# Each step returns by how much it changes the amount.


def _price_usage(bill: _Bill) -> int:
    inputs = bill.inputs
    used = {one.counter_name for one in inputs.usage}
    prices = prices_under(inputs.contract, inputs.prices, used)
    bill.rated = rate(inputs.usage, prices, inputs.region.currency)
    bill.counters += bill.rated.counters
    bill.left += bill.rated.amounts
    return sum(bill.left)


def _adjust_projects(bill: _Bill) -> int:
    """Each project by itself: its adjustments see what is left of its own lines."""
    by_project: dict[str, list[Adjustment]] = {}
    for one in bill.inputs.project_adjustments:
        if covers(one, bill.inputs.month):
            by_project.setdefault(one.target_id, []).append(one)
    change = 0
    for project_id, adjustments in sorted(by_project.items()):
        own = bill.rated.spans.get(project_id, _NO_SHARES)
        outcome = adjust(sum(bill.left[own]), adjustments)
        change += _book(bill, outcome, own)
    return change


def _adjust_group(bill: _Bill) -> int:
    """On the sum of what the projects' adjustments left."""
    mine = [one for one in bill.inputs.group_adjustments if covers(one, bill.inputs.month)]
    return _book(bill, adjust(bill.amount, mine), _ALL_SHARES)


def _book(bill: _Bill, outcome: Outcome, among: slice) -> int:
    bill.discount += outcome.discount
    bill.extra += outcome.extra
    bill.applied += outcome.applied
    _share(bill, outcome.change, among)
    return outcome.change


def _share(bill: _Bill, change: int, among: slice) -> None:
    """Spreads a change over the shares `among`, in proportion; where these are nothing, it is a share of its own.

    Once no credit is left to come, nobody asks any more whose money it is, and the change stays whole.
    """
    if not change:
        return
    weights = bill.left[among] if bill.credits_pending else []
    if any(weights):
        bill.left[among] = map(add, weights, split(change, weights))
    else:
        bill.counters.append("")
        bill.left.append(change)


def _raise_to_base_fee(bill: _Bill) -> int:
    """charge = max(adjusted, base fee): the top-up is nobody's usage, so only unrestricted credit pays it."""
    contract = bill.inputs.contract
    if contract is None:
        return 0
    same_currency(bill.inputs.region.currency, contract.currency, f"contract {contract.contract_id}")
    bill.top_up = max(0, contract.base_fee - bill.amount)
    _share(bill, bill.top_up, _NO_SHARES)
    return bill.top_up


def _burn_credits(bill: _Bill) -> int:
    """Each grant in burn order pays what it may, spread over the eligible shares in proportion."""
    before, left = bill.left[:], bill.left
    for held in bill.credits:
        grant = held.grant
        eligible = _eligible(bill, grant.counters)
        weights = [left[index] for index in eligible]
        amount = min(held.balance, sum(weights))
        if amount:
            for index, part in zip(eligible, split(amount, weights), strict=True):
                left[index] -= part
            bill.uses.append(CreditUse(grant.grant_id, grant.credit_type, bool(grant.counters), amount))
    bill.credits_pending = False
    # Only the priced lines, which come first, can show the credit that they got.
    bill.credit_applied = list(map(sub, before, bill.left))
    return -sum(use.amount for use in bill.uses)


def _eligible(bill: _Bill, counters: frozenset[str]) -> Sequence[int]:
    """The shares that a credit for these counters may pay: all, where it names none."""
    if not counters:
        return range(len(bill.left))
    return [index for index, name in enumerate(bill.counters) if name in counters]


def _add_vat(bill: _Bill) -> int:
    bill.tax = VAT.percent(bill.amount, bill.inputs.region.vat_rate)
    _share(bill, bill.tax, _ALL_SHARES)
    return bill.tax


_ACTIONS: Final[Mapping[Step, Callable[[_Bill], int]]] = MappingProxyType(
    {
        Step.PRICED_USAGE: _price_usage,
        Step.PROJECT_ADJUSTMENTS: _adjust_projects,
        Step.GROUP_ADJUSTMENTS: _adjust_group,
        Step.BASE_FEE: _raise_to_base_fee,
        Step.CREDITS: _burn_credits,
        Step.VAT: _add_vat,
    }
)


def _check_credits(bill: _Bill) -> None:
    if bill.credits_pending:
        raise BrokenInvariant("credit was left over: no step of the policy applied it")
    balances = {held.grant.grant_id: held.balance for held in bill.credits}
    if any(not 0 < use.amount <= balances.pop(use.grant_id, 0) for use in bill.uses):
        raise BrokenInvariant("credit was applied twice, or beyond its balance")
    if sum(bill.left) != bill.amount:
        raise BrokenInvariant("the shares do not sum to the bill")


def _statement(bill: _Bill) -> Statement:
    inputs, region = bill.inputs, bill.inputs.region
    charge = bill.trace[0].result
    total_amount = charge - bill.discount + bill.extra + bill.top_up + bill.tax
    total_credit = sum(use.amount for use in bill.uses)
    principal = total_amount - total_credit
    fee = late_fee(region, principal) if inputs.overdue else 0
    unpaid = unpaid_total(inputs.unpaid, inputs.month, region.currency)
    return checked(
        Statement(
            payment_group_id=inputs.payment_group_id,
            account_id=inputs.account_id,
            billing_group_id=inputs.billing_group_id,
            region=region.code,
            month=inputs.month,
            currency=region.currency,
            payment_status=inputs.payment_status,
            calculation_policy=region.policy,
            charge=charge,
            total_discount=bill.discount,
            total_extra=bill.extra,
            base_fee_top_up=bill.top_up,
            tax_amount=bill.tax,
            total_amount=total_amount,
            free_credit_limit=_credit(bill, restricted=True, paid=False),
            free_credit_all=_credit(bill, restricted=False, paid=False),
            paid_credit_limit=_credit(bill, restricted=True, paid=True),
            paid_credit_all=_credit(bill, restricted=False, paid=True),
            total_credit=total_credit,
            late_fee=fee,
            payable=principal + fee,
            unpaid_amount=unpaid,
            total_due=principal + fee + unpaid,
            overdue=inputs.overdue,
            line_items=bill.rated.lines(bill.credit_applied),
            adjustments=tuple(bill.applied),
            trace=tuple(bill.trace),
        )
    )


def _credit(bill: _Bill, *, restricted: bool, paid: bool) -> int:
    return sum(
        use.amount for use in bill.uses if use.restricted is restricted and (use.credit_type in OWN_MONEY) is paid
    )
