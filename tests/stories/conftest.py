"""One served provider for the stories of a worker, with a gateway that errs by amount; each story has its customers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from billing_client import BillingClient, Resilience
from billing_client.models import Region

from consumer_tests.billing_flows.customers import Customer, open_customer, set_price
from tests.serving import Served, served
from tests.stories.play import HOUR

NewCustomer = Callable[..., Customer]


@pytest.fixture(scope="session")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("stories"), None, "--gateway", "sandbox", "--patience", "1") as running:
        yield running


@pytest.fixture(scope="session")
def token(bank: Served) -> str:
    return bank.token("--admin")


@pytest.fixture(scope="session")
def client(bank: Served, token: str) -> Iterator[BillingClient]:
    """An administrator, who tries once: a story says itself what is done when something goes wrong."""
    with BillingClient(bank.url, token, resilience=Resilience.off()) as calling:
        yield calling


@pytest.fixture(params=["KR", "JP", "ETC"])
def region(request: pytest.FixtureRequest) -> Region:
    return Region(request.param)


@pytest.fixture
def new_customer(client: BillingClient, region: Region) -> NewCustomer:
    """Opens a customer of the region, whose ids nobody else has; `compute` is priced by the hour."""

    def opened(**groups: tuple[str, ...]) -> Customer:
        made = open_customer(client, f"story-{uuid4().hex[:12]}", region, groups or None)
        set_price(client, made, "compute", HOUR)
        return made

    return opened


@pytest.fixture
def customer(new_customer: NewCustomer) -> Customer:
    """A customer with the billing group `main` and its project `web`."""
    return new_customer()
