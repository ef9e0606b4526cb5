"""The matrix: which consumer versions work with which provider versions, and what that says about deploying.

A row is a consumer version, its pact, and a provider version with its answer: its latest result, the comparison
of the pact with the contract that it published, both, or none yet. The rows come from the pacts of the selected
consumer versions: a pact that a selected version has is a need, so it has a row even when no provider version
answers it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from attrs import define, evolve, field, frozen
from sqlalchemy import Connection

from broker import comparing, matrix_answers
from broker.comparing import Allowance, Pair
from broker.matrix_answers import Answers
from broker.matrix_query import MOST_ROWS, Asked, MatrixQuery, Selected, select_versions
from broker.model import Comparison, Pact, ProviderContract, Verification, Version
from broker.store import contracts
from broker.store.database import Database

Beside = TypeVar("Beside")

# Where any version of a side is asked about, its newest ones are told of, and `limit` asks for more; where the other
# side is named, nearly all count.
_MOST_SHOWN = 100
_MOST_COUNTED = 10_000
_STEP = 10


@frozen
class Row:
    """`provider_version` is None when no version of the provider was selected or answers.

    `comparison` is that of the pact with the provider version's `contract`.
    """

    pact: Pact
    provider_version: Version | None
    verification: Verification | None
    contract: ProviderContract | None = None
    comparison: Comparison | None = None
    ignored: bool = False

    @property
    def fits(self) -> bool | None:
        """Whether the contract answers for the pact; None when it says nothing about it.

        A contract that the provider itself does not keep to is worth nothing, whatever it says.
        """
        if self.contract is None or self.comparison is None or self.comparison.outcome is None:
            return None
        return self.comparison.success and self.contract.self_verified is not False

    @property
    def is_uncompared(self) -> bool:
        return self.contract is not None and self.comparison is None

    @property
    def success(self) -> bool | None:
        """An executed result and a comparison stand side by side: neither makes up for the failure of the other.

        A comparison that says nothing leaves it to the result; one that is not made yet may still say no.
        """
        answers = {self.verification.success if self.verification else None, self.fits}
        if False in answers:
            return False
        return True if True in answers and not self.is_uncompared else None


@frozen
class Matrix:
    """All `rows` count; `shown` are those that are told of.

    `sides` tells, by pacticipant id, which of its versions were asked about and why; `cut` are the integrations (their
    consumer and provider) that have more rows than were looked at, `lacking` the comparisons that are not made yet.
    """

    rows: tuple[Row, ...]
    shown: tuple[Row, ...]
    sides: Mapping[int, Selected]
    missing: tuple[Asked, ...]
    cut: tuple[tuple[Selected, Selected], ...] = ()
    lacking: tuple[Pair, ...] = ()

    @property
    def considered(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if not row.ignored)

    def count(self, success: bool | None) -> int:
        return sum(1 for row in self.considered if row.success is success)

    @property
    def deployable(self) -> bool | None:
        """False: something failed, or the version asked about does not exist. None: something is not known yet.

        A failure decides even when other results are still to come: no later result can mend it. That nothing failed
        in a part of a history says nothing about the rest.
        """
        if self.missing or self.count(success=False):
            return False
        return None if self.cut or self.count(success=None) else True


def answer(
    database: Database, query: MatrixQuery, now: int, beside: Callable[[Connection, Matrix], Beside]
) -> tuple[Matrix, Beside]:
    """The matrix, and what `beside` reads of the same state. Raises InvalidError as `evaluate` does.

    What is not compared yet is compared first, as far as one request may; rows of the rest say that it is not known.
    """
    allowance = Allowance()
    while True:
        with database.read() as tx:
            found = evaluate(tx, query)
            read = beside(tx, found)
        if not comparing.complete(database, found.lacking, allowance, now):
            return found, read


def evaluate(tx: Connection, query: MatrixQuery) -> Matrix:
    """What is known at this moment. Raises InvalidError for a pacticipant or environment that does not exist."""
    sides, missing = select_versions(tx, query)
    if missing:
        return Matrix((), (), sides, missing)
    needs = _needs(tx, query, sides)
    lacking: dict[Pair, None] = {}
    while waiting := [need for need in needs if need.waits]:
        taken = [(need, need.take()) for need in waiting]
        pacts = [pact for _, some in taken for pact in some]
        # Of a history one result is enough where only the newest one counts.
        most = 1 if query.latest_by in ("cvp", "cp") else max(need.most or 2 for need in waiting)
        most = min(most, max(2, _MOST_COUNTED // max(1, len(pacts))))
        answers = matrix_answers.find(tx, pacts, sides, superseded=query.latest_by is None, most=most)
        lacking |= dict.fromkeys(answers.lacking)
        for need, some in taken:
            rows = [row for pact in some for row in _rows_of(pact, sides[pact.provider_id], answers)]
            need.add(rows, cut=any(pact.content_id in answers.cut for pact in some))
    return Matrix(
        _in_order(query, [need.rows for need in needs]),
        _in_order(query, [need.rows[: need.shown] for need in needs])[: query.limit or MOST_ROWS],
        sides,
        (),
        tuple(need.pair for need in needs if need.is_cut),
        tuple(lacking),
    )


def _in_order(query: MatrixQuery, rows: Sequence[Sequence[Row]]) -> tuple[Row, ...]:
    return tuple(_ignored(query, row) for row in sorted((row for some in rows for row in some), key=_newest_first))


@define
class _Need:
    """The pacts of one integration, newest first, and the rows made of them so far.

    Every pact of versions that are named becomes a row. `most` bounds the rows of a history, whose pacts are taken
    `step` at a time, and twice as many each time, until there are enough; `shown` bounds what is told of them.
    `is_cut`: there is more than was looked at.
    """

    pair: tuple[Selected, Selected]
    pacts: list[Pact]
    latest_by: str | None
    most: int | None = None
    shown: int | None = None
    step: int | None = None
    rows: list[Row] = field(factory=list)
    is_cut: bool = False

    @property
    def waits(self) -> bool:
        return bool(self.pacts) and (self.most is None or len(self.rows) < self.most)

    def take(self) -> list[Pact]:
        taken = self.pacts[: self.step]
        self.pacts = self.pacts[len(taken) :]
        self.step = None if self.step is None else 2 * self.step
        return taken

    def add(self, rows: Sequence[Row], *, cut: bool) -> None:
        found = _collapsed(sorted([*self.rows, *rows], key=_newest_first), self.latest_by, *self.pair)
        self.rows = found[: self.most]
        if self.latest_by == "cp":  # its one row is the newest, whatever came before
            return
        more = len(found) > len(self.rows) or (bool(self.pacts) and not self.waits)
        self.is_cut = self.is_cut or more or (cut and self.latest_by != "cvp")


def _needs(tx: Connection, query: MatrixQuery, sides: Mapping[int, Selected]) -> list[_Need]:
    asked = {side.pacticipant.id for side in sides.values() if side.asked}
    pairs = [
        (consumer_id, provider_id)
        for consumer_id, provider_id in contracts.integrations_of(tx, asked)
        if consumer_id in sides and provider_id in sides and {consumer_id, provider_id} & asked
    ]
    named = {consumer for consumer, _ in pairs if sides[consumer].version_ids is not None}
    found: dict[tuple[int, int], list[Pact]] = {pair: [] for pair in pairs}
    for pact in contracts.pacts_of_versions(tx, {id_ for one in named for id_ in sides[one].version_ids or ()}):
        found.get((pact.consumer_id, pact.provider_id), []).append(pact)
    histories = max(1, sum(sides[one].version_ids is None or sides[other].version_ids is None for one, other in pairs))
    needs = []
    for pair in pairs:
        need = _need(query, sides[pair[0]], sides[pair[1]], histories)
        if pair[0] not in named:
            found[pair] = contracts.pacts_between(tx, *pair, limit=None if need.most is None else need.most + 1)
        need.pacts = sorted(found[pair], key=lambda pact: -pact.version_id)
        needs.append(need)
    return needs


def _need(query: MatrixQuery, consumer: Selected, provider: Selected, histories: int) -> _Need:
    """A limit is for what is shown: a smaller one leaves what counts as it is."""
    pair, named = (consumer, provider), [side.version_ids is not None for side in (consumer, provider)]
    if all(named):
        return _Need(pair, [], query.latest_by)
    least = max(5, _MOST_SHOWN // histories)
    shown = query.limit or least
    most = max(shown, least, _MOST_COUNTED // histories if any(named) else 0)
    if query.latest_by == "cp" and not any(named):
        most = 1
    # Where a pact has one row, or a few, there is nothing to be gained by taking only some.
    few = provider.each or query.latest_by in ("cvp", "cp")
    return _Need(pair, [], query.latest_by, most, shown, None if few else _STEP)


def _rows_of(pact: Pact, side: Selected, answers: Answers) -> list[Row]:
    """Each selected provider version has to answer; where any will do, there is a row for each that did."""
    published, comparisons = answers.contracts[pact.provider_id], answers.comparisons_of(pact)

    def row(id_: int, verification: Verification | None) -> Row:
        return Row(pact, answers.versions[id_], verification, published.get(id_), comparisons.get(id_))

    results = answers.results.get(pact.content_id, ())
    rows = [row(result.provider_version_id, result) for result in results]
    answered = {result.provider_version_id for result in results}
    says = [id_ for id_, comparison in comparisons.items() if comparison.outcome is not None]
    rows += [row(id_, None) for id_ in dict.fromkeys((*side.owe, *says)) if id_ not in answered]
    return rows or [Row(pact, None, None)]


def _newest_first(row: Row) -> tuple[str, str, int, int, int]:
    pact = row.pact
    version = row.provider_version.id if row.provider_version else 0
    return (
        pact.consumer,
        pact.provider,
        -pact.version_id,
        -version,
        -(row.verification.id if row.verification else 0),
    )


def _collapsed(rows: Sequence[Row], latest_by: str | None, consumer: Selected, provider: Selected) -> list[Row]:
    """One row per consumer version and provider for "cvp" (its newest result), per integration for "cp".

    That is for histories: a version that owes an answer keeps its row, for another's answer is none of it.
    """
    if latest_by not in ("cvp", "cp"):
        return list(rows)
    newest: dict[tuple[int | None, ...], Row] = {}
    for row in rows:
        version_id = row.provider_version.id if row.provider_version else None
        own = latest_by == "cvp" or consumer.version_ids is not None
        key = (row.pact.version_id if own else None, version_id if version_id in provider.owe else None)
        kept = newest.get(key)
        if kept is None or (row.pact.version_id == kept.pact.version_id and _age(row) > _age(kept)):
            newest[key] = row
    return list(newest.values())


def _age(row: Row) -> tuple[int, int]:
    verification = row.verification.created_at if row.verification else 0
    contract = row.contract.created_at if row.contract and row.fits is not None else 0
    return max(verification, contract), row.verification.id if row.verification else 0


def _ignored(query: MatrixQuery, row: Row) -> Row:
    for rule in query.ignored:
        for name, number in (
            (row.pact.consumer, row.pact.number),
            (row.pact.provider, row.provider_version.number if row.provider_version else None),
        ):
            if rule.pacticipant == name and rule.version in (None, number):
                return evolve(row, ignored=True)
    return row
