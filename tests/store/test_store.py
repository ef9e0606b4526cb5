"""What every store promises, asked of each of them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from attrs import evolve

from provider_stub.engine.accounts import Account, BillingGroup, Project
from provider_stub.engine.adjustments import Adjustment, AdjustmentType, Description, Level
from provider_stub.engine.calculation import CalculationInput, calculate
from provider_stub.engine.contracts import Contract, ContractPrice, ContractTerm, ContractType
from provider_stub.engine.counters import Counter
from provider_stub.engine.credits import CreditGrant, CreditType, EntryKind, LedgerEntry
from provider_stub.engine.metering import CounterType, Meter, Usage
from provider_stub.engine.payments import AttemptState, PaymentAttempt, PaymentState
from provider_stub.engine.period import Month
from provider_stub.engine.prices import PriceModel, Tier, per_unit, tiered
from provider_stub.engine.regions import REGIONS
from provider_stub.store.memory.store import MemoryStore
from provider_stub.store.protocol.records import (
    Bill,
    Charge,
    ChargeState,
    IdempotencyKey,
    Job,
    JobError,
    JobKind,
    JobStatus,
    KeptReply,
    Window,
)
from provider_stub.store.protocol.tx import Store
from provider_stub.store.sql.database import open_store

NOW = datetime(2026, 11, 20, 9, 30, 0, 123456, tzinfo=UTC)
MONTH = Month(2026, 11)
EVERYTHING = Window(0, 100)


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    opened: Store = MemoryStore() if request.param == "memory" else open_store(f"sqlite:///{tmp_path / 'billing.db'}")
    with opened.write() as tx:
        tx.accounts.put(account("acme"))
    yield opened
    opened.close()


def account(name: str, region: str = "KR", groups: tuple[str, ...] = ("main",)) -> Account:
    made = []
    for group in groups:
        own = f"{name}-{group}"
        made.append(BillingGroup(own, group, (Project(f"{own}-web", f"{own}-key"),), group == "main"))
    return Account(name, region, tuple(made))


def meter(meter_id: str, *, hour: int = 0, volume: str = "1", kind: CounterType = CounterType.DELTA) -> Meter:
    return Meter(
        meter_id,
        "acme-main-web",
        "acme-main-key",
        "compute",
        kind,
        "HOURS",
        Decimal(volume),
        NOW + timedelta(hours=hour),
        "vm-1",
        "web 웹",
        "",
        "agent",
    )


def bill(status: PaymentState = PaymentState.REGISTERED, month: Month = MONTH, *, hours: str = "10.5") -> Bill:
    usage = (Usage("acme-main-web", "compute", "HOURS", Decimal(hours)),)
    calculation = calculate(
        CalculationInput(
            region=REGIONS["KR"],
            month=month,
            account_id="acme",
            billing_group_id="acme-main",
            payment_group_id=f"acme-main.{month}",
            usage=usage,
            prices={"compute": per_unit(Decimal("5.6"), "HOURS", "KRW")},
            project_adjustments=[
                Adjustment(
                    "a-1", Level.PROJECT, "acme-main-web", AdjustmentType.PERCENT_DISCOUNT, Decimal("7.5"), month
                )
            ],
            payment_status=status,
        )
    )
    return Bill(calculation.statement, usage, calculation.credit_uses)


def grant(grant_id: str, kind: CreditType = CreditType.FREE, valid_to: date | None = None) -> CreditGrant:
    return CreditGrant(
        grant_id, "acme", kind, 1000, "KRW", date(2026, 1, 1), valid_to, NOW, frozenset({"compute"}), "gift", "spring"
    )


def entry(entry_id: str, grant_id: str, amount: int, reverses: str | None = None) -> LedgerEntry:
    kind = EntryKind.GRANT if amount > 0 else EntryKind.USE
    return LedgerEntry(entry_id, grant_id, kind, amount, NOW, "acme-main.2026-11", MONTH, reverses)


def attempt(attempt_id: str) -> PaymentAttempt:
    return PaymentAttempt(attempt_id, "acme-main.2026-11", 100, "KRW", AttemptState.STARTED, NOW)


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


def test_a_unit_of_work_that_raises_has_not_happened(store: Store) -> None:
    def fail() -> None:
        with store.write() as tx:
            tx.accounts.put(account("globex"))
            tx.meters.add("acme", [meter("m-1")])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with store.read() as tx:
        assert tx.accounts.get("globex") is None
        assert tx.meters.get("acme", "m-1") is None


def test_counters_are_listed_by_name_with_all_their_prices(store: Store) -> None:
    rows = [
        Counter("a", CounterType.DELTA, per_unit(Decimal("0.1"), "GB", "KRW"), date(2026, 1, 1)),
        Counter("a", CounterType.DELTA, per_unit(Decimal("0.2"), "GB", "KRW"), date(2026, 2, 1)),
        Counter("a", CounterType.DELTA, per_unit(Decimal("0.3"), "GB", "USD"), date(2026, 1, 1)),
        Counter("b", CounterType.GAUGE, per_unit(Decimal(7), "COUNT", "KRW"), date(2026, 1, 1)),
    ]
    with store.write() as tx:
        for row in reversed(rows):
            tx.counters.put(evolve(row, price=per_unit(Decimal(99), row.price.unit, row.price.currency)))
            tx.counters.put(row)
    with store.read() as tx:
        assert tuple(rows) == tx.counters.rows()
        assert (rows[3],) == tx.counters.rows(["b", "none"])
        page = tx.counters.names(Window(1, 1))
        assert (page.items, page.total) == (("b",), 2)


def test_meters_that_are_there_stay_and_are_handed_back(store: Store) -> None:
    first = meter("m-1", volume="123456789012345.123456789012")
    with store.write() as tx:
        assert tx.meters.add("acme", [first, meter("m-2", hour=1)]) == {}
    with store.write() as tx:
        assert tx.meters.add("acme", [meter("m-1", volume="2"), meter("m-3")]) == {"m-1": first}
        assert tx.meters.add("acme", []) == {}
    with store.read() as tx:
        assert first == tx.meters.get("acme", "m-1")
        assert tx.meters.any_of(["acme-main-web", "none"]) == {"acme-main-web"}


def test_meters_are_found_by_half_open_spans_of_time(store: Store) -> None:
    with store.write() as tx:
        tx.meters.add("acme", [meter(f"m-{hour}", hour=hour) for hour in (3, 1, 2, 0)])
    first, end = NOW + timedelta(hours=1), NOW + timedelta(hours=3)
    projects = ["acme-main-web"]
    with store.write() as tx:
        page = tx.meters.page(projects, first, end, None, EVERYTHING)
        assert ([one.meter_id for one in page.items], page.total) == (["m-1", "m-2"], 2)
        assert tx.meters.page(projects, None, None, None, Window(1, 2)).items == page.items
        assert tx.meters.page(projects, None, None, "other", EVERYTHING).total == 0
        assert tx.meters.spans("acme-main-web", first, end) == (first, first + timedelta(hours=1))
        assert tx.meters.remove("acme-main-web", first, end) == 2
        assert tx.meters.spans("acme-main-web", first, end) is None
        assert tx.meters.page(projects, None, None, None, EVERYTHING).total == 2


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


def test_what_is_left_of_a_grant_is_the_sum_of_its_entries(store: Store) -> None:
    with store.write() as tx:
        assert tx.credits.grant(grant("g-1"), entry("e-1", "g-1", 1000), coupon="WELCOME")
        assert not tx.credits.grant(grant("g-2"), entry("e-2", "g-2", 1000), coupon="WELCOME")
        assert tx.credits.grant(grant("g-3", CreditType.PAID), entry("e-3", "g-3", 1000))
        tx.credits.book("acme", [entry("e-4", "g-1", -300)], reason="why")
    with store.read() as tx:
        assert tx.credits.left("acme") == {"g-1": 700, "g-3": 1000}
        assert tx.credits.grants("acme") == (grant("g-1"), grant("g-3", CreditType.PAID))
        history = tx.credits.history("acme", CreditType.FREE, EVERYTHING)
        assert [(one.entry.entry_id, one.coupon, one.reason) for one in history.items] == [
            ("e-4", "WELCOME", "why"),
            ("e-1", "WELCOME", None),
        ]
        assert tx.credits.history("acme", None, Window(0, 1)).total == 3
        assert {one.entry_id for one in tx.credits.of_payment_group("acme-main.2026-11")} == {"e-1", "e-3", "e-4"}


def test_the_same_use_is_never_given_back_twice(store: Store) -> None:
    with store.write() as tx:
        tx.credits.grant(grant("g-1"), entry("e-1", "g-1", 1000))
        tx.credits.book("acme", [entry("e-2", "g-1", -300), entry("e-3", "g-1", 300, reverses="e-2")])

    def again() -> None:
        with store.write() as tx:
            tx.credits.book("acme", [entry("e-4", "g-1", 300, reverses="e-2")])

    with pytest.raises(Exception, match=r"(?i)unique|already"):
        again()
    with store.read() as tx:
        assert tx.credits.left("acme") == {"g-1": 1000}


def test_only_holders_of_ended_credit_are_found(store: Store) -> None:
    with store.write() as tx:
        tx.credits.grant(grant("g-1", valid_to=date(2026, 6, 30)), entry("e-1", "g-1", 1000))
        tx.credits.grant(grant("g-2", valid_to=date(2026, 5, 31)), entry("e-2", "g-2", 1000))
        tx.credits.grant(grant("g-3"), entry("e-3", "g-3", 1000))
    with store.write() as tx:
        assert tx.credits.holders_of_ended(date(2026, 7, 1), "KR", "", 10) == ("acme",)
        assert tx.credits.holders_of_ended(date(2026, 7, 1), None, "acme", 10) == ()
        assert tx.credits.count_holders_of_ended(date(2026, 7, 1), None) == 1
        assert tx.credits.count_holders_of_ended(date(2026, 7, 1), "JP") == 0
        assert tx.credits.holders_of_ended(date(2026, 5, 31), None, "", 10) == ()


def test_a_bill_comes_back_to_the_last_digit(store: Store) -> None:
    stored = evolve(bill(), paid_at=NOW, refunded_at=NOW, reason="왜")
    with store.write() as tx:
        assert tx.statements.save(stored, None)
    with store.read() as tx:
        assert stored == tx.statements.get("acme-main.2026-11")
        assert tx.statements.of_month("acme", MONTH) == (stored,)
        assert tx.statements.groups_with(["acme-main", "none"]) == {"acme-main"}
        assert tx.statements.states("acme", [MONTH]) == {("acme-main", MONTH): PaymentState.REGISTERED}


def test_a_bill_is_saved_only_from_the_state_that_it_is_expected_in(store: Store) -> None:
    with store.write() as tx:
        assert not tx.statements.save(bill(), PaymentState.REGISTERED)
        assert tx.statements.save(bill(), None)
        assert not tx.statements.save(bill(), None)
        assert tx.statements.save(bill(PaymentState.READY), PaymentState.REGISTERED)
        assert not tx.statements.save(bill(PaymentState.READY), PaymentState.REGISTERED)
        assert not tx.statements.remove("acme-main.2026-11")
        assert tx.statements.save(bill(), PaymentState.READY)
        assert tx.statements.remove("acme-main.2026-11")


def test_debts_are_found_until_they_are_paid_or_marked(store: Store) -> None:
    october, september = bill(month=MONTH.previous()), bill(month=MONTH.plus(-2))
    nothing = bill(month=MONTH.plus(-3), hours="0")
    with store.write() as tx:
        for each in (october, september, nothing, bill()):
            tx.statements.save(each, None)
    with store.write() as tx:
        assert tx.statements.owed_before("acme", MONTH) == (september, october)
        assert tx.statements.debtors_before(MONTH, "KR", "", 10) == ("acme",)
        assert tx.statements.count_debtors_before(MONTH, None) == 1
        for each in (october, september):
            tx.statements.save(evolve(each, statement=evolve(each.statement, overdue=True)), PaymentState.REGISTERED)
        assert tx.statements.count_debtors_before(MONTH, None) == 0
        assert len(tx.statements.owed_before("acme", MONTH)) == 2
        page = tx.statements.page(MONTH.plus(-2), MONTH, None, Window(1, 1))
        assert (page.items[0].statement.month, page.total) == (MONTH.previous(), 3)


def test_a_statement_has_at_most_one_live_attempt(store: Store) -> None:
    with store.write() as tx:
        assert tx.payments.start("acme", attempt("a-1"))
        assert not tx.payments.start("acme", attempt("a-2"))
        assert tx.payments.started_before(NOW + timedelta(seconds=1)) == (attempt("a-1"),)
        declined = evolve(attempt("a-1"), state=AttemptState.DECLINED, reason="no")
        assert tx.payments.save(declined, AttemptState.STARTED)
        assert not tx.payments.save(declined, AttemptState.STARTED)
        assert tx.payments.get("a-1") == declined
        assert tx.payments.start("acme", attempt("a-2"))
        assert tx.payments.live("acme-main.2026-11") == attempt("a-2")
        assert tx.payments.started_before(NOW) == ()


def test_a_job_only_goes_forward_and_ends_once(store: Store) -> None:
    job = Job("j-1", JobKind.CALCULATION, MONTH, NOW, account_id="acme", max_progress=3)
    later = evolve(job, status=JobStatus.RUNNING, progress=2, cursor="acme")
    ended = evolve(later, status=JobStatus.FAILED, progress=3, errors=(JobError("/a", "b"),), finished_at=NOW)
    with store.write() as tx:
        tx.jobs.add(job)
        tx.jobs.add(Job("j-2", JobKind.CALCULATION, MONTH, NOW, account_id="acme"))
        assert tx.jobs.unfinished()[0] == job
        assert [one.job_id for one in tx.jobs.latest(JobKind.CALCULATION, "acme", MONTH, 9)] == ["j-2", "j-1"]
        assert tx.jobs.latest(JobKind.CALCULATE_ALL, None, None, 9) == ()
        assert tx.jobs.save(later)
        assert not tx.jobs.save(evolve(job, status=JobStatus.RUNNING, progress=1))
        assert tx.jobs.save(ended)
        assert not tx.jobs.save(evolve(later, progress=3))
        assert tx.jobs.get("j-1") == ended


def test_a_key_is_taken_once_and_keeps_its_reply(store: Store) -> None:
    key = IdempotencyKey("pay", "acme", "k", "digest")
    with store.write() as tx:
        assert tx.keys.find(key) is None
        assert tx.keys.claim(key, NOW) is None
        assert tx.keys.claim(key, NOW) == KeptReply("digest", None, None)
        tx.keys.about(key, "attempt")
        tx.keys.keep(key, {"amount": 1, "name": "웹"})
        assert tx.keys.claim(evolve(key, account_id="globex"), NOW) is None
    with store.read() as tx:
        assert tx.keys.find(key) == KeptReply("digest", {"amount": 1, "name": "웹"}, "attempt")


def test_the_gateways_book_has_one_line_an_attempt(store: Store) -> None:
    line = Charge("a-1", "g-1", ChargeState.CAPTURED, 100, "KRW", NOW)
    with store.write() as tx:
        assert tx.charges.add(line) == line
        assert tx.charges.add(evolve(line, state=ChargeState.DECLINED)) == line
        assert tx.charges.move("a-1", ChargeState.CAPTURED, ChargeState.VOIDED)
        assert not tx.charges.move("a-1", ChargeState.CAPTURED, ChargeState.REFUNDED)
        assert tx.charges.all() == (evolve(line, state=ChargeState.VOIDED),)


def test_writers_that_lock_the_account_lose_no_update(store: Store) -> None:
    with store.write() as tx:
        tx.jobs.add(Job("j-1", JobKind.CALCULATION, MONTH, NOW, account_id="acme", max_progress=1000))

    def work() -> None:
        for _ in range(10):
            with store.write() as tx:
                tx.accounts.lock("acme")
                job = tx.jobs.get("j-1")
                assert job is not None
                assert tx.jobs.save(evolve(job, progress=job.progress + 1))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.read() as tx:
        job = tx.jobs.get("j-1")
        assert job is not None
        assert job.progress == 80


def test_only_a_file_of_sqlite_or_a_postgresql_url_is_a_database(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="sqlite:/// or postgresql://"):
        open_store("mysql://localhost/billing")
    with pytest.raises(ValueError, match="memory store"):
        open_store("sqlite://")
    open_store(f"sqlite:///{tmp_path / 'new' / 'folder' / 'billing.db'}").close()
