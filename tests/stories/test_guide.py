"""What is written about the flows is true."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
import yaml
from billing_client import BillingClient, ForbiddenError
from billing_client.models import CalculationPolicy, Region

from consumer_tests.billing_flows.calculation import calculate, statements
from consumer_tests.billing_flows.credits import balance, ledger, redeem, uses
from consumer_tests.billing_flows.customers import Customer, close_customer, open_customer
from consumer_tests.billing_flows.debts import debts
from consumer_tests.billing_flows.payments import close, pay_and_verify
from consumer_tests.billing_flows.regions import ZONES, terms_of
from provider_stub.config import STATE, Settings
from provider_stub.tokens import issuer
from tests.serving import ROOT, Served
from tests.stories.play import MONTH, bill, use

pytestmark = pytest.mark.scenario

GUIDE = ROOT / "consumer_tests" / "billing_flows" / "README.md"
BUNDLE = ROOT / "spec" / "dist" / "openapi.yaml"


def test_the_example_of_the_guide_runs_and_ends_as_the_guide_says(bank: Served, token: str, tmp_path: Path) -> None:
    guide = GUIDE.read_text()
    (example,) = re.findall(r"```python\n(.*?)```", guide, re.DOTALL)
    (last_line,) = re.findall(r"it ends with `(.*?)`", guide)
    script = tmp_path / "october.py"
    script.write_text(example)

    ran = subprocess.run(
        [sys.executable, script, bank.url, token],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines()[-1] == last_line


def test_a_region_is_what_the_spec_says_of_it(client: BillingClient, region: Region) -> None:
    described = yaml.load(BUNDLE.read_text(), Loader=yaml.CSafeLoader)["components"]["schemas"]["Region"]["description"]
    rows = [[cell.strip() for cell in line.strip("| ").split("|")] for line in described.splitlines()]
    (said,) = [row for row in rows if row[0] == region]

    terms = terms_of(client, region)

    found = [terms.region, terms.currency, ZONES[region], percent(terms.vat), percent(terms.late_fee), terms.policy]
    assert found == said
    assert terms.policy.is_known
    assert isinstance(terms.policy, CalculationPolicy)


def percent(rate: Decimal) -> str:
    return f"{rate:f}".rstrip("0").rstrip(".") + "%"


def test_a_customer_pays_and_looks_with_its_own_token(bank: Served, client: BillingClient, customer: Customer) -> None:
    tokens = issuer(Settings(key_file=bank.folder / STATE / "billing-jwt.key"))
    with BillingClient(bank.url, tokens.console(customer.account)) as console:
        redeem(console, customer, "WELCOME-2026")
        use(console, customer, 100)
        with pytest.raises(ForbiddenError):
            calculate(console, customer, MONTH)
        statement = bill(client, customer)
        close(client, statement)

        settled = pay_and_verify(console, customer, statement)

        assert statements(console, customer, MONTH) == (settled.statement,)
        assert debts(console, customer, "2026-11").total == 0
        spent = sum(amount for _, amount in uses(console, customer, MONTH))
        left = balance(console, customer).total
        assert left + spent == ledger(console, customer)[0].amount


def test_a_customer_is_opened_again_as_it_was_and_is_gone_when_it_is_closed(
    client: BillingClient, customer: Customer
) -> None:
    use(client, customer, 1)
    again = open_customer(client, customer.account, customer.terms.region)
    assert (again, bill(client, again).charge) == (customer, 250)

    close_customer(client, customer)

    reopened = open_customer(client, customer.account, customer.terms.region)
    assert statements(client, reopened, MONTH) == ()
