"""What holds at every moment, whatever was called: the store's books against the model's plain numbers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from decimal import Decimal

from provider_stub.engine.credits import EntryKind, unreversed
from provider_stub.engine.payments import AttemptState
from provider_stub.engine.statements import Statement
from provider_stub.store.protocol.records import Bill, ChargeState
from provider_stub.wire import encode
from tests.scenarios.model import CURRENCIES, FINAL, LATE_FEES, Model, Slip
from tests.scenarios.picture import Picture, Wallet

SCALES = {"compute": 3600, "traffic": 1024**3}
"""Usage is kept in the smallest unit; the model counts hours and gigabytes."""


def usage_is_what_was_sent(model: Model, seen: Picture) -> None:
    found = {
        (one.project_id, one.meter_id): (one.counter_name, one.counter_volume, one.timestamp) for one in seen.meters
    }
    sent = {
        (f"{one.group}-web", key): (one.counter, Decimal(one.volume), one.at) for (_, key), one in model.meters.items()
    }
    assert found == sent
    for place, bill in seen.bills.items():
        billed = model.slips[place].billed
        assert {one.counter_name: one.quantity for one in bill.usage} == {
            counter: volume * SCALES[counter] for counter, volume in billed.items()
        }


def statements_add_up(model: Model, seen: Picture) -> None:
    assert {place: str(bill.statement.payment_status) for place, bill in seen.bills.items()} == {
        place: slip.state for place, slip in model.slips.items()
    }
    for place, bill in seen.bills.items():
        s = bill.statement
        assert sum(line.amount for line in s.line_items) == s.charge
        assert s.currency == CURRENCIES[s.account_id]
        total = s.charge - s.total_discount + s.total_extra + s.base_fee_top_up + s.tax_amount
        assert total == s.total_amount
        assert sum(use.amount for use in bill.credit_uses) == s.total_credit <= s.total_amount
        fee = s.principal * LATE_FEES[s.account_id] // 100 if model.slips[place].overdue else 0
        assert (s.late_fee, s.payable, s.total_due) == (fee, s.principal + fee, s.principal + fee + s.unpaid_amount)


def what_was_issued_is_somewhere(model: Model, seen: Picture, owed: Mapping[str, Iterable[Statement]]) -> None:
    """Issued is paid, unpaid or refunded: paid by what customers gave, unpaid by what they are told they owe."""
    for account, unpaid in owed.items():
        issued = sum(bill.statement.principal for bill in seen.bills.values() if bill.statement.account_id == account)
        kept = {place: slip for place, slip in model.slips.items() if slip.account == account}
        # A charge holds the late fee too, which is no principal.
        paid = sum(slip.charged - seen.bills[place].statement.late_fee for place, slip in kept.items() if slip.charged)
        assert issued == paid + sum(one.principal for one in unpaid)


def credit_is_left_or_burnt_or_gone(model: Model, seen: Picture, balances: Mapping[str, int]) -> None:
    for account, wallet in seen.wallets.items():
        granted = {key: amount for key, (owner, _, amount, _) in model.granted.items() if owner == account}
        assert {grant.grant_id: grant.amount for grant in wallet.grants} == granted
        assert all(0 <= wallet.left[key] <= amount for key, amount in granted.items())
        assert not any(wallet.left[key] for key in model.cancelled & granted.keys())
        burnt = sum(_burning(slip, seen.bills[place]) for place, slip in model.slips.items() if slip.account == account)
        expired = sum(amount for key, amount in model.expired.items() if key in granted)
        taken_back = -sum(entry.amount for entry in wallet.entries if entry.kind is EntryKind.CANCEL)
        assert balances[account] == sum(wallet.left.values())
        assert sum(granted.values()) == balances[account] + burnt + expired + taken_back
        assert wallet.cancelled == model.cancelled & granted.keys()
        _each_grant_adds_up(wallet)
    for place, bill in seen.bills.items():
        uses = unreversed(seen.wallets[bill.statement.account_id].entries)
        found = {use.grant_id: -use.amount for use in uses if use.payment_group_id == place}
        standing = {} if model.slips[place].returned else {use.grant_id: use.amount for use in bill.credit_uses}
        assert found == standing


def _burning(slip: Slip, bill: Bill) -> int:
    return 0 if slip.returned else bill.statement.total_credit


def _each_grant_adds_up(wallet: Wallet) -> None:
    for grant in wallet.grants:
        entries = [entry for entry in wallet.entries if entry.grant_id == grant.grant_id]
        gone = sum(entry.amount for entry in entries if entry.kind in (EntryKind.EXPIRE, EntryKind.CANCEL))
        assert grant.amount == wallet.left[grant.grant_id] - gone - sum(use.amount for use in unreversed(entries))


def the_gateway_has_what_is_paid_or_in_doubt(model: Model, seen: Picture) -> None:
    captured: dict[str, list[int]] = {}
    declined: dict[str, int] = {}
    for line in seen.charges:
        place = seen.attempts[line.attempt_id].payment_group_id
        assert line.amount == seen.attempts[line.attempt_id].amount
        if line.state is ChargeState.CAPTURED:
            captured.setdefault(place, []).append(line.amount)
        declined[place] = declined.get(place, 0) + (line.state is ChargeState.DECLINED)
    assert captured == {place: [slip.held] for place, slip in model.slips.items() if slip.held}
    for place, slip in model.slips.items():
        assert declined.get(place, 0) >= slip.turned_down
        if slip.state == "PAID":
            assert slip.charged == seen.bills[place].statement.payable
            assert slip.held == (0 if slip.undone else slip.charged)
        _attempts_tell_the_same(place, slip, seen)


def _attempts_tell_the_same(place: str, slip: Slip, seen: Picture) -> None:
    live = [
        one.state
        for one in seen.attempts.values()
        if one.payment_group_id == place
        and one.state in (AttemptState.STARTED, AttemptState.UNKNOWN, AttemptState.CAPTURED)
    ]
    if slip.doubt:
        assert live == [AttemptState.UNKNOWN if slip.doubt.noted else AttemptState.STARTED]
    else:
        assert live == ([AttemptState.CAPTURED] if slip.state == "PAID" and slip.charged else [])


def what_is_final_stays(before: Model, after: Model, shown: Mapping[str, str], shows: Mapping[str, str]) -> None:
    """What a customer reads of a paid statement is the same to the byte; a refund changes its status and no more."""
    for place, slip in after.slips.items():
        was = before.slips.get(place)
        if was is None or was.state not in FINAL:
            continue
        if was.state == "PAID" and slip.state == "REFUNDED":
            assert shows[place] == shown[place].replace('"PAID"', '"REFUNDED"')
        elif was.undoings == slip.undoings:  # it was not cancelled, nor paid again after that
            assert (slip.state, shows[place]) == (was.state, shown[place])


def nothing_else_changes(before: Model, after: Model, was: Picture, seen: Picture) -> None:
    """A call changes only what the model says; where that is nothing, as with a refusal, no reader sees any change."""
    same = {place for place, slip in after.slips.items() if before.slips.get(place) == slip}
    for place in same:
        assert seen.bills[place] == was.bills[place]
    assert len(seen.jobs) == after.jobs
    kept = [
        (before.terms == after.terms, was.terms, seen.terms),
        (before.adjustments == after.adjustments, was.adjustments, seen.adjustments),
        (before.meters == after.meters, was.meters, seen.meters),
        (before.slips == after.slips, (was.attempts, was.charges), (seen.attempts, seen.charges)),
        (_purses(before) == _purses(after), was.wallets, seen.wallets),
        (before == after, was, seen),
        (True, was.accounts, seen.accounts),
    ]
    for unchanged, earlier, now in kept:
        assert not unchanged or earlier == now
    for account in was.wallets:
        if _purse(before, account) == _purse(after, account):
            assert was.wallets[account] == seen.wallets[account]


def _purses(model: Model) -> object:
    return model.slips, model.granted, model.expired, model.cancelled


def _purse(model: Model, account: str) -> object:
    granted = {key for key, (owner, *_) in model.granted.items() if owner == account}
    expired = {key: amount for key, amount in model.expired.items() if key in granted}
    return [*model.of(account)], granted, expired, model.cancelled & granted


def shown(statements: Iterable[Statement]) -> dict[str, str]:
    """What the API tells of each statement, as JSON text."""
    return {one.payment_group_id: json.dumps(encode.statement(one)) for one in statements}
