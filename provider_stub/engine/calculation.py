"""From a billing group's month of usage to its statement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import frozen

from provider_stub.engine.adjustments import Adjustment
from provider_stub.engine.contracts import Contract
from provider_stub.engine.credits import CreditBalance, CreditUse
from provider_stub.engine.metering import Usage
from provider_stub.engine.payments import PaymentState
from provider_stub.engine.period import Month
from provider_stub.engine.prices import Price
from provider_stub.engine.regions import Region
from provider_stub.engine.statements import Statement, Unpaid


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
