"""Everything that the billing domain refuses, as one tree.

    BillingError
    |-- Invalid                   well-formed, but wrong in the domain
    |   |-- InvalidValue          a number, month, date or name outside what the field allows
    |   |-- UnknownUnit           a unit that the counter cannot be measured in
    |   |-- UnknownRegion
    |   |-- UnknownCounter        a meter or contract price for a counter that is not in the price list
    |   |-- UnpricedCounter       usage of a counter without a price in that month
    |   |-- CurrencyMismatch      two currencies would meet in one sum
    |   |-- InvalidTiers          tiers that overlap, leave a gap or do not end open
    |   |-- PercentOverLimit      percent discounts of one level above 100
    |   `-- InvalidWindow         a period that ends before it begins, or has ended already
    |-- NotFound                  nothing has this id
    |-- Forbidden                 it exists, and belongs to another account
    |-- Conflict                  right in itself, but not in the present state
    |   |-- IllegalTransition     the payment state has no such move
    |   |-- MonthPaid             the month's statement is paid, hence immutable
    |   |-- MeterConflict         the same meter id with different content
    |   |-- IdempotencyConflict   the same Idempotency-Key with a different request
    |   |-- ContractInUse
    |   |-- PaymentInDoubt        a charge may or may not have happened; a second one must wait
    |   |-- PaymentDeclined
    |   |-- CoveredByCredits      credits paid everything, so no money was received
    |   `-- CreditSpent           a grant that has been used cannot be taken back whole
    `-- BrokenInvariant           the engine contradicts itself: a defect, never the caller's fault

`code` is the stable name of an error. The tree knows nothing of transports.
"""

# ruff: noqa: N818 - the names say what is the matter; every one of them is an error
from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, Self

from attrs import frozen


@frozen
class Fault:
    """One offending field: a JSON pointer relative to the value that was given, and what is wrong with it."""

    pointer: str
    detail: str


class BillingError(Exception):
    """The root. `detail` is a sentence for people, `faults` name the fields (possibly none)."""

    code: ClassVar[str] = "BILLING_ERROR"

    def __init__(self, detail: str, *faults: Fault) -> None:
        super().__init__(detail)
        self.detail = detail
        self.faults = faults

    @classmethod
    def at_field(cls, pointer: str, detail: str) -> Self:
        """An error about one field; its detail serves the field and the whole alike."""
        return cls(detail, Fault(pointer, detail))

    def under(self, prefix: str) -> Self:
        """The same error seen from outside: every pointer with `prefix` before it."""
        return type(self)(self.detail, *(Fault(prefix + f.pointer, f.detail) for f in self.faults))


class Invalid(BillingError):
    code = "INVALID"


class InvalidValue(Invalid):
    code = "INVALID_VALUE"


class UnknownUnit(Invalid):
    code = "UNKNOWN_UNIT"


class UnknownRegion(Invalid):
    code = "UNKNOWN_REGION"


class UnknownCounter(Invalid):
    code = "UNKNOWN_COUNTER"


class UnpricedCounter(Invalid):
    code = "UNPRICED_COUNTER"


class CurrencyMismatch(Invalid):
    code = "CURRENCY_MISMATCH"


class InvalidTiers(Invalid):
    code = "INVALID_TIERS"


class PercentOverLimit(Invalid):
    code = "PERCENT_OVER_LIMIT"


class InvalidWindow(Invalid):
    code = "INVALID_WINDOW"


class NotFound(BillingError):
    code = "NOT_FOUND"


class Forbidden(BillingError):
    code = "FORBIDDEN"


class Conflict(BillingError):
    code = "CONFLICT"


class IllegalTransition(Conflict):
    code = "ILLEGAL_TRANSITION"


class MonthPaid(Conflict):
    code = "MONTH_PAID"


class MeterConflict(Conflict):
    code = "METER_CONFLICT"


class IdempotencyConflict(Conflict):
    code = "IDEMPOTENCY_CONFLICT"


class ContractInUse(Conflict):
    code = "CONTRACT_IN_USE"


class PaymentInDoubt(Conflict):
    code = "PAYMENT_IN_DOUBT"


class PaymentDeclined(Conflict):
    code = "PAYMENT_DECLINED"


class CoveredByCredits(Conflict):
    code = "COVERED_BY_CREDITS"


class CreditSpent(Conflict):
    code = "CREDIT_SPENT"


class BrokenInvariant(BillingError):
    code = "BROKEN_INVARIANT"


def gathered(errors: Sequence[BillingError]) -> BillingError:
    """One error for several found together, with the faults of all; a single one stays what it is."""
    if len(errors) == 1:
        return errors[0]
    faults = [fault for error in errors for fault in error.faults]
    return Invalid("; ".join(error.detail for error in errors), *faults)


def found_by(*checks: Callable[[], object]) -> list[BillingError]:
    """What the checks raise: each of them is made, whatever another found."""
    errors = []
    for check in checks:
        try:
            check()
        except BillingError as error:
            errors.append(error)
    return errors


def check_all(*checks: Callable[[], object]) -> None:
    """Makes every check, and raises what they found as one error."""
    if errors := found_by(*checks):
        raise gathered(errors)
