"""What a provider has to know, in plain numbers: each method changes it as one call should, and names the refusal.

A refusal is the code of the error, "" where there is none. What a bill amounts to is the engine's business; here it
only counts where money and credit are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta

from attrs import define, field, frozen

from provider_stub.engine.period import Month

ACCOUNTS = {"acme": ("main",), "twin": ("east", "west"), "abroad": ("main",)}
REGIONS = {"acme": "KR", "twin": "KR", "abroad": "ETC"}
CURRENCIES = {"acme": "KRW", "twin": "KRW", "abroad": "USD"}
LATE_FEES = {"acme": 2, "twin": 2, "abroad": 5}
GROUPS = {f"{account}-{group}": account for account, groups in ACCOUNTS.items() for group in groups}
PATIENCE = timedelta(seconds=30)

OPEN = ("", "REGISTERED")
FINAL = ("PAID", "REFUNDED")


@frozen
class Sent:
    """A reading as it was sent: so much of a counter, in whole units."""

    group: str
    month: Month
    counter: str
    volume: int
    at: datetime


@frozen
class Doubt:
    """A charge without an answer. Until somebody noted that none came, it may be on its way."""

    since: datetime
    key: str | None
    noted: bool


@define
class Slip:
    """One statement. `held` is what the gateway has of the customer's money for it, `charged` what was paid as far as
    the provider knows; `undone` is what the gateway did with the charge while its answer got lost.
    """

    group: str
    month: Month
    state: str = ""
    calculated: int = 0
    billed: dict[str, int] = field(factory=dict)
    overdue: bool = False
    held: int = 0
    charged: int = 0
    declined: int = 0
    undoings: int = 0
    doubt: Doubt | None = None
    turned_down: bool = False
    undone: str = ""
    returned: bool = False

    @property
    def account(self) -> str:
        return GROUPS[self.group]


Percent = tuple[str, int, Month, Month | None]
"""A percent discount: of what, how much, from which month to which."""

_WHOLE = 100


def _covers(discount: Percent, month: Month) -> bool:
    _, _, first, last = discount
    return first <= month and (last is None or month <= last)


@define
class Model:
    slips: dict[str, Slip] = field(factory=dict)
    meters: dict[tuple[str, str], Sent] = field(factory=dict)
    adjustments: dict[str, Percent | None] = field(factory=dict)
    terms: dict[tuple[str, Month], str] = field(factory=dict)
    granted: dict[str, tuple[str, str, int, date | None]] = field(factory=dict)
    expired: dict[str, int] = field(factory=dict)
    cancelled: set[str] = field(factory=set)
    fates: dict[str, str] = field(factory=dict)
    paid_for: dict[str, int] = field(factory=dict)
    jobs: int = 0

    # Meters

    def records(self, account: str, batch: Iterable[tuple[str | None, Sent]]) -> list[str]:
        """The verdict on each reading; what has no id of its own is stored once its id is known (`arrived`)."""
        return [self._record(account, meter_id, sent) for meter_id, sent in batch]

    def _record(self, account: str, meter_id: str | None, sent: Sent) -> str:
        if self.state(sent.group, sent.month) in FINAL:
            return "REJECTED"
        standing = None if meter_id is None else self.meters.setdefault((account, meter_id), sent)
        if standing is None or standing is sent:
            return "ACCEPTED"
        return "DUPLICATE" if standing == sent else "CONFLICT"

    def arrived(self, account: str, meter_id: str, sent: Sent) -> None:
        self.meters[account, meter_id] = sent

    def removes_meters(self, group: str, month: Month) -> str:
        gone = [key for key, sent in self.meters.items() if (sent.group, sent.month) == (group, month)]
        if gone and self.state(group, month) in FINAL:
            return "MONTH_PAID"
        for key in gone:
            del self.meters[key]
        return ""

    def used(self, group: str, month: Month) -> dict[str, int]:
        totals: dict[str, int] = {}
        for sent in self.meters.values():
            if (sent.group, sent.month) == (group, month):
                totals[sent.counter] = totals.get(sent.counter, 0) + sent.volume
        return totals

    # Adjustments

    def adjusts(
        self, target: str, percent: int, first: Month, last: Month | None, months: Sequence[Month], *, limited: bool
    ) -> str:
        """`limited` is a percent discount, which may be too much with the others of a month; one begins in `months`."""
        if last is not None and last < first:
            return "INVALID_WINDOW"
        wanted = (target, percent, first, last)
        covered = [month for month in months if _covers(wanted, month)]
        if last is not None and all(self.state(target.removesuffix("-web"), month) in FINAL for month in covered):
            return "MONTH_PAID"
        rivals = [wanted, *(one for one in self.adjustments.values() if one and one[0] == target)]
        over = any(sum(one[1] for one in rivals if _covers(one, month)) > _WHOLE for month in covered)
        return "PERCENT_OVER_LIMIT" if limited and over else ""

    # Statements

    def state(self, group: str, month: Month) -> str:
        slip = self.slips.get(f"{group}.{month}")
        return slip.state if slip else ""

    def of(self, account: str, month: Month | None = None) -> Iterator[Slip]:
        return (slip for slip in self.slips.values() if slip.account == account and month in (None, slip.month))

    def calculates(self, account: str, month: Month, *, include_usage: bool) -> str:
        groups = [group for group, owner in GROUPS.items() if owner == account and self.state(group, month) in OPEN]
        for group in groups:
            known = f"{group}.{month}" in self.slips
            slip = self.slips.setdefault(f"{group}.{month}", Slip(group, month))
            slip.state, slip.returned = "REGISTERED", False
            slip.calculated += 1
            if include_usage or not known:
                slip.billed = self.used(group, month)
        return "" if groups else "ILLEGAL_TRANSITION"

    def removes(self, account: str, month: Month) -> str:
        slips = list(self.of(account, month))
        if any(slip.state not in OPEN for slip in slips):
            return "ILLEGAL_TRANSITION"
        for slip in slips:
            del self.slips[f"{slip.group}.{month}"]
        return ""

    def toggles(self, place: str, target: str | None) -> str:
        slip = self.slips.get(place)
        if slip is None:
            return "NOT_FOUND"
        reached = {"REGISTERED": "READY", "READY": "REGISTERED"}.get(slip.state)
        if reached is None or target not in (None, reached):
            return "ILLEGAL_TRANSITION"
        if slip.doubt:
            return "PAYMENT_IN_DOUBT"
        slip.state = reached
        return ""

    def falls_due(self, month: Month, owing: Iterable[str]) -> None:
        """Statements of before the month that owe something become overdue, unless they may have been paid."""
        for slip in (self.slips[place] for place in owing):
            if slip.month < month and slip.state in ("REGISTERED", "READY") and not slip.doubt:
                slip.overdue = True

    # Payments

    def pays(self, place: str, payable: int, line: str, key: str | None, now: datetime, *, short: bool) -> str:
        """`line` is what happens between here and the gateway; `short` says that credit to burn again is gone."""
        slip = self.slips.get(place)
        if slip is None:
            return "NOT_FOUND"
        if key in self.fates and self.fates[key] != "IN_DOUBT":
            return self._known(key, payable)
        if slip.state != "READY":
            return "ILLEGAL_TRANSITION"
        if slip.doubt and (refusal := self._asks(slip, payable, line, key, now)) is not None:
            return refusal
        if slip.returned and short:
            return "CREDIT_SPENT"
        slip.returned = False
        if payable == 0:
            slip.state = "PAID"
            return ""
        return self._charges(slip, payable, line, key, now)

    def _asks(self, slip: Slip, payable: int, line: str, key: str | None, now: datetime) -> str | None:
        """The answer to a second payment while one is in doubt; None where the first turns out not to have been."""
        if slip.doubt and not slip.doubt.noted and slip.doubt.since > now - PATIENCE:
            return "PAYMENT_IN_DOUBT"
        if not self._settles(slip, line):
            return "PAYMENT_IN_DOUBT"
        if key in self.fates:
            return self._known(key, payable)
        return "ILLEGAL_TRANSITION" if slip.state == "PAID" else None

    def _known(self, key: str | None, payable: int) -> str:
        """What was charged for a key is said again, but not of a bill that is another since."""
        if self.fates[key or ""] == "DECLINED":
            return "PAYMENT_DECLINED"
        return "" if self.paid_for[key or ""] == payable else "CONFLICT"

    def _charges(self, slip: Slip, payable: int, line: str, key: str | None, now: datetime) -> str:
        if line == "declines":
            slip.declined += 1
            self._fate(key, "DECLINED")
            return "PAYMENT_DECLINED"
        slip.doubt, slip.turned_down = Doubt(now, key, noted=line != "killed"), False
        self._fate(key, "IN_DOUBT")
        slip.held += payable if line in ("fine", "loses", "overtaken") else 0
        if line == "fine":
            self._settles(slip, "fine")
        if line in ("late", "overtaken"):
            self.reconciles("fine", now + PATIENCE + timedelta(seconds=1))
        if line == "late":
            return "PAYMENT_DECLINED"
        return {"loses": "GATEWAY_TIMED_OUT", "drops": "GATEWAY_TIMED_OUT", "killed": "KILLED"}.get(line, "")

    def _fate(self, key: str | None, fate: str) -> None:
        if key is not None:
            self.fates[key] = fate

    def _settles(self, slip: Slip, line: str) -> bool:
        """The gateway is asked what became of the charge; False when its answer does not come."""
        doubt = slip.doubt
        if line != "drops":
            slip.turned_down = slip.held == 0
        if doubt is None or line in ("drops", "loses"):
            return False
        slip.doubt, slip.turned_down = None, False
        self._fate(doubt.key, "CAPTURED" if slip.held else "DECLINED")
        self.paid_for[doubt.key or ""] = slip.held
        if slip.held:
            slip.state, slip.charged = "PAID", slip.held
        else:
            slip.declined += 1
        return True

    def reconciles(self, line: str, now: datetime) -> None:
        for slip in self.slips.values():
            if slip.doubt and slip.doubt.since < now - PATIENCE:
                self._settles(slip, line)

    def undoes(self, place: str, line: str, how: str) -> str:
        """Cancels or refunds; `how` is what then becomes of the charge, VOIDED or REFUNDED."""
        slip = self.slips.get(place)
        if slip is None:
            return "NOT_FOUND"
        if slip.state != "PAID":
            return "ILLEGAL_TRANSITION"
        if slip.charged:
            if line == "drops":
                return "GATEWAY_TIMED_OUT"
            if slip.undone not in ("", how):
                return "ILLEGAL_TRANSITION"
            slip.held = 0
            slip.undone = how
            if line in ("loses", "overtaken"):
                return "GATEWAY_TIMED_OUT" if line == "loses" else "ILLEGAL_TRANSITION"
        slip.undone, slip.returned = "", True
        slip.undoings += 1
        if how == "VOIDED":
            slip.state, slip.charged = "READY", 0
        else:
            slip.state = "REFUNDED"
        return ""
