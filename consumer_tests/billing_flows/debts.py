"""What stays unpaid, and what that costs."""

import datetime as dt

from attrs import frozen
from billing_client import BillingClient
from billing_client.models import BatchJobCode, Region, UnpaidStatement

from consumer_tests.billing_flows.calculation import OnProgress, Progress, run_batch
from consumer_tests.billing_flows.customers import Customer
from consumer_tests.billing_flows.waiting import PATIENT, Patience


@frozen
class Debts:
    """What the months before one still owe, oldest first; amounts in minor units."""

    statements: tuple[UnpaidStatement, ...]

    @property
    def total(self) -> int:
        """With the late fees."""
        return sum(each.payable for each in self.statements)

    @property
    def late_fees(self) -> int:
        return sum(each.late_fee for each in self.statements)


def mark_overdue(
    client: BillingClient,
    region: Region,
    today: dt.date,
    *,
    on_progress: OnProgress | None = None,
    patience: Patience = PATIENT,
) -> Progress:
    """Marks whatever is unpaid of the months before that of `today`, in the region, **whoever owes it**.

    Running it again changes nothing. Flows that go on beside each other use months far apart, or regions of their own.
    """
    return run_batch(
        client, BatchJobCode.CALC_LATE_FEE, today, region=region, on_progress=on_progress, patience=patience
    )


def leave_unpaid(client: BillingClient, customer: Customer, month: str, *, patience: Patience = PATIENT) -> Debts:
    """Lets the first day of the next month come: whatever the customer did not pay until then becomes overdue.

    Answers what the next month begins with. It does so with `mark_overdue`, so what is said there holds here.
    """
    first = dt.date.fromisoformat(f"{month}-01")
    today = (first + dt.timedelta(days=31)).replace(day=1)
    mark_overdue(client, customer.terms.region, today, patience=patience)
    return debts(client, customer, f"{today:%Y-%m}")


def debts(client: BillingClient, customer: Customer, month: str) -> Debts:
    """What the months before `month` still owe."""
    return Debts(tuple(client.payments.iter_unpaid_statements(month=month, uuid=customer.account)))
