"""Accounts, and the contracts and adjustments that hang on them."""

from __future__ import annotations

from decimal import Decimal

from provider_stub.engine.adjustments import Adjustment, AdjustmentType, Description, Level
from provider_stub.engine.contracts import Contract, ContractPrice, ContractTerm, ContractType
from provider_stub.engine.period import Month
from provider_stub.engine.prices import PriceModel, Tier, per_unit, tiered
from provider_stub.store.protocol.records import (
    IdempotencyKey,
    Job,
    JobKind,
    Window,
)
from provider_stub.store.protocol.tx import Store
from tests.store.builders import EVERYTHING, MONTH, NOW, account, attempt, bill, entry, grant, meter


def test_an_account_comes_back_as_it_was_put(store: Store) -> None:
    wanted = account("globex", "JP", ("main", "second"))
    with store.write() as tx:
        tx.accounts.put(wanted)
    with store.read() as tx:
        assert wanted == tx.accounts.get("globex")
        assert wanted == tx.accounts.of_group("globex-second")
        assert wanted == tx.accounts.of_project("globex-main-web")
        assert tx.accounts.get("nobody") is None
        assert tx.accounts.owners(["acme-main", "none"], [], ["globex-main-key"]) == (
            {"acme-main": "acme"},
            {},
            {"globex-main-key": "globex"},
        )
        assert tx.accounts.ids(None, "", 10) == ("acme", "globex")
        assert tx.accounts.ids(None, "acme", 10) == ("globex",)
        assert (tx.accounts.ids("JP", "", 10), tx.accounts.count("JP")) == (("globex",), 1)


def test_a_billing_group_that_stays_keeps_its_contract_terms(store: Store) -> None:
    with store.write() as tx:
        tx.accounts.put(account("acme", groups=("main", "second")))
        tx.contracts.add(Contract("c-1", "one", ContractType.PERIOD, "KRW"))
        tx.contracts.set_term(ContractTerm("acme-main", "c-1", MONTH))
        tx.contracts.set_term(ContractTerm("acme-second", "c-1", MONTH))
        tx.accounts.put(account("acme"))
    with store.read() as tx:
        assert tx.contracts.terms(["acme-main", "acme-second"]) == (ContractTerm("acme-main", "c-1", MONTH),)


def test_removing_an_account_removes_all_that_it_has_and_nothing_else(store: Store) -> None:
    key = IdempotencyKey("pay", "acme", "k", "digest")
    with store.write() as tx:
        tx.accounts.put(account("globex"))
        tx.contracts.add(Contract("c-1", "one", ContractType.PERIOD, "KRW"))
        tx.contracts.set_term(ContractTerm("acme-main", "c-1", MONTH))
        tx.meters.add("acme", [meter("m-1")])
        tx.statements.save(bill(), None)
        tx.credits.grant(grant("g-1"), entry("e-1", "g-1", 1000))
        tx.payments.start("acme", attempt("a-1"))
        tx.jobs.add(Job("j-1", JobKind.CALCULATION, MONTH, NOW, account_id="acme"))
        tx.keys.claim(key, NOW)
    with store.write() as tx:
        assert tx.accounts.remove("acme")
        assert not tx.accounts.remove("acme")
    with store.read() as tx:
        assert tx.accounts.get("globex") is not None
        assert tx.contracts.get("c-1") is not None
        assert not tx.contracts.in_use("c-1")
        assert tx.meters.get("acme", "m-1") is None
        assert tx.statements.get("acme-main.2026-11") is None
        assert tx.credits.of_campaign("spring") == ()
        assert tx.payments.get("a-1") is None
        assert tx.jobs.get("j-1") is None
        assert tx.keys.find(key) is None


def test_contracts_and_terms_come_back_exactly(store: Store) -> None:
    tiers = (Tier(Decimal("10.5"), Decimal("0.000000000001")), Tier(None, Decimal(3)))
    prices = (
        ContractPrice("compute", per_unit(Decimal("225.5"), "HOURS", "KRW")),
        ContractPrice("storage", tiered(PriceModel.VOLUME, tiers, "GB", "KRW")),
    )
    contract = Contract("c-1", "계약", ContractType.VOLUME, "KRW", 100_000, Decimal("12.5"), prices)
    with store.write() as tx:
        tx.contracts.add(contract)
        tx.contracts.add(Contract("c-0", "zero", ContractType.PERIOD, "KRW"))
        tx.contracts.set_term(ContractTerm("acme-main", "c-0", MONTH))
        tx.contracts.set_term(ContractTerm("acme-main", "c-1", MONTH))
    with store.write() as tx:
        assert contract == tx.contracts.get("c-1")
        assert [one.contract_id for one in tx.contracts.page(EVERYTHING).items] == ["c-0", "c-1"]
        assert (tx.contracts.in_use("c-1"), tx.contracts.in_use("c-0")) == (True, False)
        tx.contracts.clear_terms("acme-main")
        assert tx.contracts.remove("c-1")
        assert not tx.contracts.remove("c-1")


def test_adjustments_are_listed_by_month_and_kept_apart_by_level(store: Store) -> None:
    def one(adjustment_id: str, level: Level, target: str, month: Month) -> Adjustment:
        return Adjustment(
            adjustment_id,
            level,
            target,
            AdjustmentType.PERCENT_DISCOUNT,
            Decimal("0.1"),
            month,
            None,
            (Description("ko", "할인"),),
        )

    late = one("a-1", Level.PROJECT, "acme-main-web", MONTH.next())
    early = one("a-2", Level.PROJECT, "acme-main-web", MONTH)
    group = one("a-3", Level.BILLING_GROUP, "acme-main", MONTH)
    with store.write() as tx:
        for each in (late, early, group):
            tx.adjustments.add("acme", each)
    with store.write() as tx:
        assert tx.adjustments.page(Level.PROJECT, "acme-main-web", Window(0, 1)).items == (early,)
        assert tx.adjustments.of(Level.PROJECT, ["acme-main-web"]) == (early, late)
        assert tx.adjustments.named(Level.PROJECT, ["a-3", "a-1"]) == (late,)
        tx.adjustments.remove(["a-1"])
        assert tx.adjustments.page(Level.PROJECT, "acme-main-web", EVERYTHING).total == 1
