"""Calculating, again and again, in the background, across stops and failures."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from attrs import evolve

from provider_stub.engine.accounts import Account, BillingGroup, Project
from provider_stub.engine.adjustments import Adjustment, AdjustmentType, Level
from provider_stub.engine.contracts import ContractType
from provider_stub.engine.counters import Counter
from provider_stub.engine.credits import CreditType, EntryKind
from provider_stub.engine.errors import Conflict, IllegalTransition, NotFound
from provider_stub.engine.metering import CounterType
from provider_stub.engine.prices import per_unit
from provider_stub.store.protocol.records import JobKind, JobStatus, Window
from provider_stub.usecases import (
    accounts,
    adjustments,
    calculations,
    contracts,
    counters,
    jobs,
    metering,
    payments,
    statements,
)
from provider_stub.usecases import credits as credit
from provider_stub.usecases.context import plain
from provider_stub.usecases.metering import Reading
from tests.usecases.world import MONTH, World

EVERYTHING = Window(0, 100)


def _entries(world: World) -> list[tuple[EntryKind, int]]:
    history = credit.list_credit_history(world.ctx, "acme", None, EVERYTHING)
    return [(row.entry.kind, row.entry.amount) for row in reversed(history.entries.items)]


def test_calculating_twice_changes_neither_the_statement_nor_the_ledger(world: World) -> None:
    world.grant(300)
    world.use(10)
    world.calculate()
    first, entries = world.bill(), _entries(world)
    world.calculate()

    assert first == world.bill()
    assert entries == _entries(world) == [(EntryKind.GRANT, 300), (EntryKind.USE, -300)]


def test_a_new_calculation_first_gives_back_what_the_one_before_burnt(world: World) -> None:
    world.grant(3000)
    world.use(10)
    world.calculate()
    assert world.left() == 2000
    world.use(5)
    world.calculate()

    assert world.left() == 1500
    assert _entries(world)[1:] == [(EntryKind.USE, -1000), (EntryKind.RESTORE, 1000), (EntryKind.USE, -1500)]


def test_the_groups_of_an_account_share_its_credit_and_never_burn_it_twice(world: World) -> None:
    world.account("acme", ("main", "second"))
    world.grant(1500)
    world.use(10)
    world.use(10, group="second")
    world.calculate()
    assert world.bill().statement.total_credit == 1000
    assert world.bill(f"acme-second.{MONTH}").statement.total_credit == 500
    assert world.left() == 0


def test_closed_statements_are_left_alone_and_a_month_without_an_open_one_is_refused(world: World) -> None:
    world.account("acme", ("main", "second"))
    world.use(10)
    world.calculate()
    world.close()
    closed = world.bill()
    world.use(10)
    assert world.calculate().max_progress == 1
    assert closed == world.bill()
    world.close(world.place(group="acme-second"))
    with pytest.raises(IllegalTransition):
        world.calculate()


def test_the_usage_of_the_last_calculation_can_be_priced_again(world: World) -> None:
    world.use(10)
    world.calculate()
    world.use(10)
    price = Counter("compute", CounterType.DELTA, per_unit(Decimal(200), "HOURS", "KRW"), MONTH.first_day)
    counters.put_counter(world.ctx, price)

    world.calculate(include_usage=False)
    assert world.bill().statement.charge == 2000
    world.calculate()
    assert world.bill().statement.charge == 4000


def test_a_counter_without_a_price_fails_the_calculation_and_leaves_the_statement(world: World) -> None:
    world.use(10)
    world.calculate()
    before = world.bill()
    late = Counter("late", CounterType.DELTA, per_unit(Decimal(1), "COUNT", "KRW"), MONTH.next().first_day)
    counters.put_counter(world.ctx, late)
    reading = Reading(
        "acme-main-key", "late", CounterType.DELTA, "COUNT", Decimal(1), datetime(2026, 10, 9, tzinfo=UTC)
    )
    metering.record_meters(world.ctx, "acme", [reading], plain())

    job = world.calculate()

    assert (job.status, job.progress, job.max_progress) == (JobStatus.FAILED, 1, 1)
    assert "late" in job.errors[0].detail
    assert before == world.bill()


def test_a_cumulative_counter_carries_its_last_reading_into_the_month(world: World) -> None:
    total = Counter("total", CounterType.CUMULATIVE, per_unit(Decimal(1), "COUNT", "KRW"), MONTH.plus(-5).first_day)
    counters.put_counter(world.ctx, total)
    for day, volume in ((datetime(2026, 9, 30, tzinfo=UTC), 500), (datetime(2026, 10, 20, tzinfo=UTC), 800)):
        reading = Reading("acme-main-key", "total", CounterType.CUMULATIVE, "COUNT", Decimal(volume), day)
        metering.record_meters(world.ctx, "acme", [reading], plain())
    world.calculate()
    assert world.bill().statement.charge == 300


def test_a_second_start_joins_the_calculation_that_runs(world: World) -> None:
    world.use(10)
    first = jobs.start_calculation(world.ctx, "acme", MONTH, True, plain())
    assert first == jobs.start_calculation(world.ctx, "acme", MONTH, True, plain())
    world.work()
    assert first != jobs.start_calculation(world.ctx, "acme", MONTH, True, plain())


def test_a_start_with_other_usage_is_a_calculation_of_its_own(world: World) -> None:
    world.use(10)
    first = jobs.start_calculation(world.ctx, "acme", MONTH, False, plain())
    assert first != jobs.start_calculation(world.ctx, "acme", MONTH, True, plain())


def test_a_start_that_joins_a_calculation_does_it_where_the_process_that_took_it_is_gone(world: World) -> None:
    world.use(10)
    jobs.start_calculation(world.ctx, "acme", MONTH, True, plain())
    world.later.clear()
    assert world.calculate().status is JobStatus.DONE
    assert world.bill().statement.charge == 1000


def test_a_metered_project_does_not_move_between_groups_that_were_billed(world: World) -> None:
    world.account("beta", ["one", "two"])
    world.use(10, "beta", "one")
    world.calculate("beta")
    moved = Account(
        "beta",
        "KR",
        (
            BillingGroup("beta-one", "one", ()),
            BillingGroup("beta-two", "two", (Project("beta-one-web", "beta-one-key"),)),
        ),
    )
    with pytest.raises(Conflict):
        accounts.put_account(world.ctx, moved)


def test_deleting_what_was_calculated_gives_credit_back_and_keeps_the_meters(world: World) -> None:
    world.grant(300)
    world.use(10)
    world.calculate()
    calculations.delete_calculated_resources(world.ctx, "acme", MONTH)
    assert world.left() == 300
    assert statements.list_statements(world.ctx, "acme", MONTH, EVERYTHING).total == 0
    calculations.delete_calculated_resources(world.ctx, "acme", MONTH)
    world.calculate()
    assert world.bill().statement.charge == 1000
    world.close()
    with pytest.raises(IllegalTransition):
        calculations.delete_calculated_resources(world.ctx, "acme", MONTH)


def test_contracts_take_effect_from_their_month(world: World) -> None:
    agreed = contracts.AgreedPrice("compute", Decimal(50))
    terms = contracts.Terms("c", ContractType.PERIOD, "KRW", prices=(agreed,))
    contract = contracts.create_contract(world.ctx, terms, plain())
    changes = accounts.GroupChanges(contract_id=contract.contract_id, month_from=MONTH)
    accounts.update_billing_group(world.ctx, "acme-main", changes)
    for month in (MONTH.previous(), MONTH, MONTH.next()):
        world.use(10, month=month)
        world.calculate(month=month)
    charges = [world.bill(f"acme-main.{MONTH.plus(ahead)}").statement.charge for ahead in (-1, 0, 1)]
    assert charges == [1000, 500, 500]


def test_a_month_has_one_batch_of_late_fees_however_often_it_runs(world: World) -> None:
    world.account("globex")
    for account in ("acme", "globex"):
        world.use(10, account=account)
        world.calculate(account)
    world.close()
    for _ in range(2):
        job = jobs.start_batch(world.ctx, JobKind.CALC_LATE_FEE, date(2026, 11, 5), None, False, plain())
        assert (job.status, job.progress) == (JobStatus.DONE, job.max_progress)
    fees = [world.bill(f"{account}-main.{MONTH}").statement.late_fee for account in ("acme", "globex")]
    assert fees == [22, 22]
    assert world.pay().statement.payable == 1122


def test_the_late_fee_survives_a_new_calculation(world: World) -> None:
    world.use(10)
    world.calculate()
    jobs.start_batch(world.ctx, JobKind.CALC_LATE_FEE, date(2026, 11, 5), "KR", False, plain())
    world.calculate()
    assert world.bill().statement.late_fee == 22
    unpaid = statements.list_unpaid_statements(world.ctx, "acme", MONTH.next(), EVERYTHING)
    assert [one.payable for one in unpaid.items] == [1122]


def test_a_batch_calculates_every_account_of_its_region_and_names_those_that_failed(world: World) -> None:
    usd = Counter("compute", CounterType.DELTA, per_unit(Decimal("0.5"), "HOURS", "USD"), MONTH.first_day)
    counters.put_counter(world.ctx, usd)
    world.account("globex")
    world.account("tokyo", region="JP")
    world.account("us", region="ETC")
    for account in ("acme", "globex", "tokyo", "us"):
        world.use(10, account=account)

    job = jobs.start_batch(world.ctx, JobKind.CALCULATE_ALL, date(2026, 10, 31), None, True, plain())
    assert (job.status, job.max_progress) == (JobStatus.PENDING, 4)
    world.work()
    job = jobs.get_batch(world.ctx, job.job_id)

    assert (job.status, job.progress) == (JobStatus.FAILED, 4)
    assert [error.pointer for error in job.errors] == ["/tokyo/counterName"]
    assert world.bill(f"globex-main.{MONTH}").statement.charge == 1000
    assert world.bill(f"us-main.{MONTH}").statement.charge == 500
    korea = jobs.start_batch(world.ctx, JobKind.CALCULATE_ALL, date(2026, 10, 31), "KR", False, plain())
    assert (korea.status, korea.max_progress) == (JobStatus.DONE, 2)


def test_a_batch_that_was_stopped_goes_on_behind_its_last_account(world: World) -> None:
    for name in ("b", "c", "d"):
        world.account(name)
    steps = iter([False, False, True])
    world.ctx = evolve(world.ctx, stopping=lambda: next(steps))
    job = jobs.start_batch(world.ctx, JobKind.CALCULATE_ALL, date(2026, 10, 31), None, True, plain())
    world.work()
    stopped = jobs.get_batch(world.ctx, job.job_id)
    assert (stopped.status, stopped.progress, stopped.cursor) == (JobStatus.RUNNING, 2, "b")

    world.ctx = evolve(world.ctx, stopping=lambda: False)
    jobs.resume_jobs(world.ctx)
    world.work()

    ended = jobs.get_batch(world.ctx, job.job_id)
    assert (ended.status, ended.progress, ended.max_progress) == (JobStatus.DONE, 4, 4)
    assert world.bill(f"d-main.{MONTH}").statement.charge == 0


def test_a_job_of_an_account_that_was_removed_ends_quietly(world: World) -> None:
    jobs.start_calculation(world.ctx, "acme", MONTH, True, plain())
    accounts.delete_account(world.ctx, "acme")
    world.work()
    with pytest.raises(NotFound):
        jobs.get_progress(world.ctx, "acme", MONTH)


def test_a_defect_of_ours_ends_a_job_as_failed(world: World) -> None:
    job_id = jobs.start_calculation(world.ctx, "acme", MONTH, True, plain())

    def broken() -> bool:
        raise ZeroDivisionError

    world.ctx = evolve(world.ctx, stopping=broken)
    jobs.run_job(world.ctx, job_id)
    (job,) = jobs.get_progress(world.ctx, "acme", MONTH)
    assert (job.status, job.progress) == (JobStatus.FAILED, job.max_progress)


def test_credit_expires_by_batch_and_what_a_cancelled_payment_gives_back_later_expires_next_time(world: World) -> None:
    world.grant(2000, valid_to=date(2026, 11, 10))
    world.ready()
    world.pay()

    def expire() -> None:
        jobs.start_batch(world.ctx, JobKind.EXPIRE_CREDITS, date(2026, 11, 11), "KR", False, plain())

    expire()
    expire()
    assert world.left() == 0
    assert _entries(world)[-1] == (EntryKind.EXPIRE, -1000)
    payments.cancel_payment(world.ctx, world.place())
    assert world.left() == 1000
    expire()
    assert world.left() == 0


def test_percent_discounts_of_a_project_never_pass_100_together(world: World) -> None:
    discount = Adjustment("", Level.PROJECT, "acme-main-web", AdjustmentType.PERCENT_DISCOUNT, Decimal(60), MONTH)
    first = adjustments.create_adjustment(world.ctx, discount, plain())
    with pytest.raises(Exception, match="over 100"):
        adjustments.create_adjustment(world.ctx, discount, plain())
    adjustments.delete_adjustments(world.ctx, Level.PROJECT, [first.adjustment_id])
    adjustments.create_adjustment(world.ctx, discount, plain())
    with pytest.raises(NotFound):
        adjustments.delete_adjustments(world.ctx, Level.BILLING_GROUP, [first.adjustment_id])


def test_a_coupon_is_redeemed_once_and_cancelling_a_campaign_leaves_it(world: World) -> None:
    made = credit.redeem_coupon(world.ctx, "acme", "WELCOME-2026", plain())
    assert (made.left, made.grant.valid_to) == (100_000, date(2027, 11, 1))
    with pytest.raises(Conflict):
        credit.redeem_coupon(world.ctx, "acme", "WELCOME-2026", plain())
    world.grant(500, CreditType.PAID)
    assert [one.grant.amount for one in credit.cancel_credits(world.ctx, "spring", "mistake")] == [500]
    assert credit.cancel_credits(world.ctx, "spring", "mistake") == []
    with pytest.raises(NotFound):
        credit.cancel_credits(world.ctx, "none", "mistake")
    history = credit.list_credit_history(world.ctx, "acme", CreditType.PAID, EVERYTHING)
    assert (history.left, history.entries.items[0].reason, history.entries.total) == (0, "mistake", 2)


def test_a_period_of_months_ends_the_day_before_the_same_day(world: World) -> None:
    world.grant(500, valid_from=date(2026, 8, 31), months=6)
    with world.store.read() as tx:
        (grant,) = tx.credits.grants("acme")
    assert grant.valid_to == date(2027, 2, 27)
    assert credit.months_later(date(2026, 12, 31), 1) == date(2027, 1, 31)


def test_a_paid_month_takes_no_meters_and_loses_none(world: World) -> None:
    world.use(10)
    world.use(10, month=MONTH.next())
    world.calculate()
    world.close()
    world.pay()
    with pytest.raises(Conflict):
        world.use(1)
    with pytest.raises(Conflict):
        metering.delete_meters(world.ctx, "acme-main-key", date(2026, 10, 1), date(2026, 11, 30))
    assert metering.delete_meters(world.ctx, "acme-main-key", date(2026, 11, 1), date(2026, 11, 30)) == 1
    assert metering.delete_meters(world.ctx, "acme-main-key", date(2026, 10, 1), date(2026, 10, 2)) == 0


def test_a_refunded_month_takes_no_meters_since_it_is_never_billed_again(world: World) -> None:
    world.ready()
    world.pay()
    payments.refund_payment(world.ctx, world.place(), "goodwill", plain())
    with pytest.raises(Conflict):
        world.use(1)


def test_a_batch_of_meters_says_what_became_of_each_and_stores_the_good_ones(world: World) -> None:
    good = Reading("acme-main-key", "compute", CounterType.DELTA, "HOURS", Decimal(1), world.clock.now, meter_id="m-1")
    batch = [
        good,
        good,
        evolve(good, counter_volume=Decimal(2)),
        evolve(good, meter_id="m-2", counter_unit="GB"),
        evolve(good, meter_id=None, counter_name="none"),
        evolve(good, meter_id=None),
    ]
    said = metering.record_meters(world.ctx, "acme", batch, plain())
    assert [one.verdict.value for one in said] == [
        "ACCEPTED",
        "DUPLICATE",
        "CONFLICT",
        "REJECTED",
        "REJECTED",
        "ACCEPTED",
    ]
    assert [fault.pointer for one in said for fault in one.faults] == [
        "/meterList/2/meterId",
        "/meterList/3/counterUnit",
        "/meterList/4/counterName",
    ]
    again = metering.record_meters(world.ctx, "acme", batch[:2], plain())
    assert {one.verdict.value for one in again} == {"DUPLICATE"}


def test_the_month_of_a_reading_is_that_of_the_accounts_own_time_zone(world: World) -> None:
    world.use(1, at=datetime(2026, 9, 30, 15, 0, tzinfo=UTC))  # midnight in Seoul
    world.use(2, at=datetime(2026, 9, 30, 14, 59, 59, 999999, tzinfo=UTC))
    world.use(4, at=datetime(2026, 10, 31, 15, 0, tzinfo=UTC))
    world.calculate()
    assert world.bill().statement.charge == 100


def test_an_instant_that_is_not_of_this_century_in_utc_is_refused(world: World) -> None:
    east = datetime(2000, 1, 1, tzinfo=UTC) - timedelta(hours=1)
    with pytest.raises(Exception, match="2000 to 2099"):
        world.use(1, at=east)
