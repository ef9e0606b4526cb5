"""A provider that is called in any order, with a payment gateway on a bad line, and never loses sight of the money."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from datetime import date, timedelta
from typing import TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from provider_stub.engine.adjustments import Adjustment, AdjustmentType, Level
from provider_stub.engine.payments import PaymentState
from provider_stub.engine.period import Month
from provider_stub.store.protocol.records import JobKind, JobStatus, Window
from provider_stub.store.protocol.tx import Store
from provider_stub.usecases import accounts, adjustments, calculations, credits, jobs, metering, payments, statements  # noqa: A004 - the field's word
from provider_stub.usecases.context import Once, once, plain
from provider_stub.usecases.credits import Gift
from provider_stub.usecases.metering import Recorded
from tests.scenarios import laws, setting
from tests.scenarios.desk import Desk, place_of
from tests.scenarios.line import on
from tests.scenarios.model import ACCOUNTS, CURRENCIES, GROUPS, Model, Sent, Slip
from tests.scenarios.picture import picture_of
from tests.scenarios.setting import LATER, PLACES
from tests.usecases.world import MONTH

T = TypeVar("T")
Batch = tuple[str, list[tuple[str | None, Sent]]]

EVERYTHING = Window(0, 1000)
NOTHING = Slip("", MONTH)


def in_state(*states: str) -> st.SearchStrategy[str]:
    """Statements in one of the states as far as there are such; now and then any other place."""

    def found(machine: Provider) -> st.SearchStrategy[str]:
        slips = machine.model.slips
        return st.sampled_from([each for each in PLACES if each in slips and slips[each].state in states] or PLACES)

    return st.integers(0, 5).flatmap(lambda number: st.runner().flatmap(found) if number else st.sampled_from(PLACES))


class Provider(RuleBasedStateMachine):
    """The rules call the provider, the model foretells each answer, and after every call the laws are looked at."""

    def __init__(self, store: Store) -> None:
        super().__init__()
        stage = setting.founded(store)
        self.world, self.agreed = stage.world, stage.agreed
        self.model = Model()
        self.desk = Desk(self.world, self.model)
        self.before, self.was, self.shown = Model(), picture_of(store), dict[str, str]()

    @initialize(hours=st.integers(1, 30), gift=st.integers(0, 900), months=setting.billed_, end=setting.ends_)
    def months_are_billed(self, hours: int, gift: int, months: Sequence[Month], end: str) -> None:
        """With the same usage for every group, and two gifts; then the last is closed, or paid over a line."""
        for campaign in ("spring", "autumn") if gift else ():
            self.grants(campaign, setting.unrestricted(gift))
        for month in months:
            for group, account in GROUPS.items():
                sent = Sent(group, month, "compute", hours, setting.middle_of(month))
                self.ingests((account, [(None, sent)]), keyed=False)
            self.calculates("", month, include_usage=True, twice=False)
        for group in GROUPS if end != "open" else ():
            self.closes_or_opens(f"{group}.{months[-1]}", None)
            if end != "closed":
                self.desk.pays(f"{group}.{months[-1]}", end, None)

    # Metering

    @rule(batch=setting.batches_, keyed=st.booleans())
    def ingests(self, batch: Batch, *, keyed: bool) -> None:
        account, sent = batch
        expected = self.model.records(account, sent)
        key = self.desk.key(wanted=keyed)
        readings = [setting.reading_of(*each) for each in sent]

        def call() -> dict[str, list[list[str]]]:
            kept: Once[Sequence[Recorded], dict[str, list[list[str]]]] = once(_verdicts, "meters", key, repr(readings))
            return metering.record_meters(self.world.ctx, account, readings, kept)

        refusal = "" if {*expected} - {"REJECTED"} else "MONTH_PAID"
        reply = self.desk.expects(refusal, call)
        if reply is None:
            return
        assert [verdict for verdict, _ in reply["became"]] == expected
        for (meter_id, one), (verdict, given) in zip(sent, reply["became"], strict=True):
            if meter_id is None and verdict == "ACCEPTED":
                self.model.arrived(account, given, one)
        self.desk.may_come_again(key, call, reply)

    @rule(group=setting.groups_, month=setting.months_)
    def removes_meters(self, group: str, month: Month) -> None:
        refusal = self.model.removes_meters(group, month)
        days = month.first_day, month.last_day
        self.desk.expects(refusal, lambda: metering.delete_meters(self.world.ctx, f"{group}-key", *days))

    # Prices

    @rule(group=setting.groups_, month=setting.months_, terms=setting.terms_)
    def agrees(self, group: str, month: Month, terms: tuple[str, int] | None) -> None:
        """On a contract, or on none any more."""
        if terms is None:
            self.model.terms = {key: value for key, value in self.model.terms.items() if key[0] != group}
            accounts.remove_billing_group_contracts(self.world.ctx, group)
            return
        currency, number = terms
        changes = accounts.GroupChanges(contract_id=self.agreed[currency][number], month_from=month)
        refusal = "CURRENCY_MISMATCH" if currency != CURRENCIES[GROUPS[group]] else ""
        if not refusal:
            self.model.terms[group, month] = self.agreed[currency][number]
        self.desk.expects(refusal, lambda: accounts.update_billing_group(self.world.ctx, group, changes))

    @rule(wanted=setting.adjustments_())
    def adjusts(self, wanted: Adjustment) -> None:
        percent = wanted.adjustment_type is AdjustmentType.PERCENT_DISCOUNT
        terms = wanted.target_id, int(wanted.value), wanted.month_from, wanted.month_to
        refusal = self.model.adjusts(*terms, setting.MONTHS, limited=percent)
        made = self.desk.expects(refusal, lambda: adjustments.create_adjustment(self.world.ctx, wanted, plain()))
        if made is not None:
            self.model.adjustments[made.adjustment_id] = terms if percent else None

    @precondition(lambda self: self.was.adjustments)
    @rule(data=st.data(), level=st.none() | st.sampled_from(Level))
    def removes_an_adjustment(self, data: st.DataObject, level: Level | None) -> None:
        one = data.draw(st.sampled_from(self.was.adjustments))
        wrong = level not in (None, one.level)
        if not wrong:
            del self.model.adjustments[one.adjustment_id]
        self.desk.expects(
            "NOT_FOUND" if wrong else "",
            lambda: adjustments.delete_adjustments(self.world.ctx, level or one.level, [one.adjustment_id]),
        )

    # Statements

    @rule(
        account=setting.accounts_ | st.just(""), month=setting.months_, include_usage=st.booleans(), twice=st.booleans()
    )
    def calculates(self, account: str, month: Month, *, include_usage: bool, twice: bool) -> None:
        """An account's month, or that of all accounts; once more, nothing is different."""
        self._calculate(account, month, include_usage=include_usage)
        if twice:
            first = picture_of(self.world.store)
            self._calculate(account, month, include_usage=include_usage)
            second = picture_of(self.world.store)
            assert (second.bills, second.wallets) == (first.bills, first.wallets)

    @rule(account=setting.accounts_, month=setting.months_)
    def removes_statements(self, account: str, month: Month) -> None:
        refusal = self.model.removes(account, month)
        self.desk.expects(refusal, lambda: calculations.delete_calculated_resources(self.world.ctx, account, month))

    @rule(place=in_state("REGISTERED", "READY"), wish=setting.wishes_)
    def closes_or_opens(self, place: str, wish: PaymentState | None) -> None:
        refusal = self.model.toggles(place, wish)
        self.desk.expects(refusal, lambda: payments.change_payment_status(self.world.ctx, place_of(place), wish))

    @rule(on=setting.days_)
    def marks_overdue(self, on: date) -> None:
        owing = [place for place, bill in self.was.bills.items() if bill.statement.principal]
        self.model.falls_due(Month(on.year, on.month), owing)
        self._batch(JobKind.CALC_LATE_FEE, on)

    # Payments

    @rule(place=in_state("REGISTERED", "READY"), line=setting.charging_, keyed=st.booleans(), as_it_is=st.booleans())
    def pays(self, place: str, line: str, *, keyed: bool, as_it_is: bool) -> None:
        """As it is, or closed first."""
        if not as_it_is and self.model.slips.get(place, NOTHING).state == "REGISTERED":
            self.closes_or_opens(place, None)
        self.desk.pays(place, line, self.desk.key(wanted=keyed))

    @precondition(lambda self: self.desk.unanswered)
    @rule(data=st.data(), line=setting.charging_)
    def asks_again(self, data: st.DataObject, line: str) -> None:
        key = data.draw(st.sampled_from(sorted(self.desk.unanswered)))
        self.desk.pays(self.desk.unanswered[key], line, key)

    @precondition(lambda self: self.desk.answered)
    @rule(data=st.data())
    def comes_again(self, data: st.DataObject) -> None:
        data.draw(st.sampled_from(self.desk.answered))()

    @precondition(lambda self: any(slip.state == "PAID" for slip in self.model.slips.values()))
    @rule(place=in_state("PAID"), line=setting.undoing_)
    def cancels(self, place: str, line: str) -> None:
        self.desk.cancels(place, line)

    @precondition(lambda self: any(slip.state == "PAID" for slip in self.model.slips.values()))
    @rule(place=in_state("PAID"), line=setting.undoing_, keyed=st.booleans())
    def refunds(self, place: str, line: str, *, keyed: bool) -> None:
        self.desk.refunds(place, line, self.desk.key(wanted=keyed))

    @rule(line=setting.lines_)
    def reconciles(self, line: str) -> None:
        self.model.reconciles(line, self.world.clock.now)
        with on(self.world, line, ""):
            payments.reconcile_payments(self.world.ctx)

    @rule(by=setting.pauses_)
    def a_while_passes(self, by: timedelta) -> None:
        """The first by name: what else does not matter for a failure becomes this when an example shrinks."""
        self.world.clock.passes(by)

    # Credit

    @rule(campaign=setting.campaigns_, gift=setting.gifts_())
    def grants(self, campaign: str, gift: Gift) -> None:
        refusal = setting.refusal_of(gift, self.world.clock.now)
        made = self.desk.expects(refusal, lambda: credits.grant_credits(self.world.ctx, campaign, gift, plain()))
        for one in made or ():
            self.model.granted[one.grant.grant_id] = (one.grant.account_id, campaign, gift.amount, gift.valid_to)

    @rule(campaign=setting.campaigns_)
    def cancels_credit(self, campaign: str) -> None:
        gone = {key for key, (_, of, _, _) in self.model.granted.items() if of == campaign}
        self.model.cancelled |= gone
        refusal = "" if gone else "NOT_FOUND"
        self.desk.expects(refusal, lambda: credits.cancel_credits(self.world.ctx, campaign, "a mistake"))

    @rule(on=setting.days_)
    def credit_expires(self, on: date) -> None:
        for key, (account, _, _, valid_to) in self.model.granted.items():
            if valid_to is not None and valid_to < on:
                self.model.expired[key] = self.model.expired.get(key, 0) + self.was.wallets[account].left[key]
        self._batch(JobKind.EXPIRE_CREDITS, on)

    # What holds

    @invariant()
    def the_laws_hold(self) -> None:
        ctx = self.world.ctx
        seen = picture_of(ctx.store)
        shows = laws.shown(statements.list_payments(ctx, MONTH, LATER, None, EVERYTHING).items)
        owed = {each: statements.list_unpaid_statements(ctx, each, LATER, EVERYTHING).items for each in ACCOUNTS}
        balances = {each: self.world.left(each) for each in ACCOUNTS}
        laws.usage_is_what_was_sent(self.model, seen)
        laws.statements_add_up(self.model, seen)
        laws.what_was_issued_is_somewhere(self.model, seen, owed)
        laws.credit_is_left_or_burnt_or_gone(self.model, seen, balances)
        laws.the_gateway_has_what_is_paid_or_in_doubt(self.model, seen)
        laws.what_is_final_stays(self.before, self.model, self.shown, shows)
        laws.nothing_else_changes(self.before, self.model, self.was, seen)
        self.before, self.was, self.shown = copy.deepcopy(self.model), seen, shows

    # How calls are made

    def _calculate(self, account: str, month: Month, *, include_usage: bool) -> None:
        if account:
            refusal = self.model.calculates(account, month, include_usage=include_usage)
            self.model.jobs += not refusal
            job = self.desk.expects(refusal, lambda: self.world.calculate(account, month, include_usage=include_usage))
            assert job is None or (job.status, job.errors) == (JobStatus.DONE, ())
            return
        for each in ACCOUNTS:
            self.model.calculates(each, month, include_usage=True)
        self._batch(JobKind.CALCULATE_ALL, month.first_day)

    def _batch(self, kind: JobKind, on: date) -> None:
        self.model.jobs += 1
        job = jobs.start_batch(self.world.ctx, kind, on, None, False, plain())
        assert (job.status, job.errors) == (JobStatus.DONE, ())


def _verdicts(recorded: Sequence[Recorded]) -> dict[str, list[list[str]]]:
    return {"became": [[str(one.verdict), one.meter_id or ""] for one in recorded]}
