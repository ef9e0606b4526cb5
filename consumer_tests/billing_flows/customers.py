"""Customers to test with: each has an account, billing groups and counters that nobody else uses.

Whatever is named here begins with the seed that is given in, so that flows with different seeds never meet.
"""

import datetime as dt
from collections.abc import Mapping, Sequence

from attrs import field, frozen
from billing_client import BillingClient
from billing_client.models import (
    CounterType,
    Project,
    PutAccountRequest,
    PutBillingGroup,
    PutCounterRequest,
    Region,
    Unit,
)

from consumer_tests.billing_flows.regions import Terms, terms_of

LONGEST_SEED = 40
"""Characters; ids have 64 at most, and what they name is appended."""
EVER = dt.date(2000, 1, 1)
"""A price from this day on holds in every month that there is."""


@frozen
class Customer:
    """An account, which is also the prefix of everything that belongs to it."""

    account: str = field()
    terms: Terms
    groups: Mapping[str, Sequence[str]]
    """The projects of each billing group, by their short names."""

    def group(self, name: str = "main") -> str:
        """The id of a billing group. Raises KeyError for one that the customer has not."""
        return f"{self.account}-{name}" if name in self.groups else _missing(name)

    def project(self, name: str = "web") -> str:
        """The id of a project, which is its app key too. Raises KeyError for one that the customer has not."""
        every = {project for projects in self.groups.values() for project in projects}
        return f"{self.account}-{name}" if name in every else _missing(name)

    def counter(self, name: str) -> str:
        """The name of a counter of this customer alone."""
        return f"{self.account}.{name}"

    def statement(self, month: str, group: str = "main") -> str:
        """The payment group id of a month's statement."""
        return f"{self.group(group)}.{month}"


def open_customer(
    client: BillingClient, seed: str, region: Region, groups: Mapping[str, Sequence[str]] | None = None
) -> Customer:
    """Creates the account `seed`, or makes it be like this again; needs the token of an administrator.

    `groups` are the short names of the billing groups, each with those of its projects: `main` with `web` where nothing
    is said. Short names are unique within the customer. Raises ValueError for a seed that is too long for the ids.
    """
    if not 0 < len(seed) <= LONGEST_SEED:
        raise ValueError(f"a seed has 1 to {LONGEST_SEED} characters, not {len(seed)}")
    customer = Customer(seed, terms_of(client, region), groups or {"main": ("web",)})
    body = PutAccountRequest(
        region=region,
        billing_groups=[
            PutBillingGroup(billing_group_id=customer.group(name), name=name, projects=_projects(customer, projects))
            for name, projects in customer.groups.items()
        ],
    )
    client.accounts.put_account(uuid=customer.account, body=body)
    return customer


def close_customer(client: BillingClient, customer: Customer) -> None:
    """Removes the account and all that it has; counters and contracts stay. Raises NotFoundError where it is gone."""
    client.accounts.delete_account(uuid=customer.account)


def set_price(
    client: BillingClient,
    customer: Customer,
    counter: str,
    minor: int,
    *,
    kind: CounterType = CounterType.DELTA,
    unit: Unit = Unit.HOURS,
    since: dt.date = EVER,
) -> str:
    """Prices a counter of the customer's own, in minor units of its currency per unit; answers the counter's name.

    Raises ConflictError where the counter has another type, or a unit that measures something else.
    """
    name, terms = customer.counter(counter), customer.terms
    price = PutCounterRequest(
        counter_type=kind, unit=unit, price=terms.price(minor), currency=terms.currency, effective_from=since
    )
    client.counters.put_counter(counter_name=name, body=price)
    return name


def _projects(customer: Customer, names: Sequence[str]) -> list[Project]:
    return [Project(project_id=customer.project(name), app_key=customer.project(name)) for name in names]


def _missing(name: str) -> str:
    raise KeyError(name)
