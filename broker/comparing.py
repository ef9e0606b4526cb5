"""Comparisons of pacts with provider contracts: made once, within what a request may spend on them, and kept.

A comparison depends on the pact's content and the provider's document alone. It is worked out outside of any
transaction, because it may take seconds, and kept if both sides are then still what they were.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache

import orjson
from attrs import define, field, frozen

from broker import content
from broker.comparison import Budget, Document, Finding, Report, compare, load_document
from broker.errors import InvalidError, NotFoundError
from broker.model import Comparison
from broker.store import contracts, provider_contracts
from broker.store.database import Database
from broker.store.provider_contracts import Sides

Pair = tuple[int, int]  # content id, document id
_MOST_OF_A_REQUEST = 1_500_000  # steps of a comparison's budget
_LEAST_OF_ONE = 10_000
_BYTES_A_STEP = 100
_KEPT_EVERY = 500_000  # steps of work that may be lost when the process ends
_SMALL, _LARGE = 500_000, 5_000_000  # bytes of a document


@define
class Allowance:
    """What one request may still spend on comparing. Whoever asks again gets the next part made."""

    left: int = _MOST_OF_A_REQUEST

    @property
    def is_spent(self) -> bool:
        return self.left <= 0


@frozen
class _Made:
    sides: Sides
    comparison: Comparison
    report: bytes


def complete(database: Database, pairs: Collection[Pair], allowance: Allowance, now: int) -> bool:
    """Makes and keeps the comparisons of these pairs that are not kept, the first ones first, while the allowance
    lasts. Answers whether any was made.
    """
    if not pairs or allowance.is_spent:
        return False
    with database.read() as tx:
        kept = provider_contracts.compared(tx, {pair[0] for pair in pairs}, {pair[1] for pair in pairs})
        # By now either side may have been deleted by somebody else.
        missing = provider_contracts.living(tx, [pair for pair in dict.fromkeys(pairs) if pair not in kept])
    work = _Work(database, allowance, now)
    by_document: dict[int, list[Sides]] = {}
    for sides in missing:
        by_document.setdefault(sides.document_id, []).append(sides)
    for of_one in by_document.values():
        work.make(of_one)
    work.keep()
    return work.any


@define
class _Work:
    database: Database
    allowance: Allowance
    now: int
    any: bool = False
    _made: list[_Made] = field(factory=list)
    _since_kept: int = 0

    def make(self, of: Collection[Sides]) -> None:
        """The comparisons with one document, while the allowance lasts. Holds one pact at a time."""
        loaded: Document | Report | None = None
        for sides in of:
            if self.allowance.is_spent:
                return
            if loaded is None:
                loaded = self._document(sides)
            body = self._body(sides)
            if loaded is None or body is None:
                continue
            budget = Budget()
            report = loaded if isinstance(loaded, Report) else compare(content.load(body), loaded, budget)
            comparison = summary(sides.content_id, sides.document_id, report)
            self._made.append(_Made(sides, comparison, orjson.dumps(report.to_json())))
            self._spend(max(_LEAST_OF_ONE, budget.spent) + len(body) // _BYTES_A_STEP)

    def keep(self) -> None:
        """Stores what was made, so that the next question need not make it."""
        if self._made:
            with self.database.write() as tx:
                for one in self._made:
                    provider_contracts.keep(tx, one.sides, one.comparison, one.report, self.now)
            self.any = True
        self._made, self._since_kept = [], 0

    def _document(self, sides: Sides) -> Document | Report | None:
        """The document, or what to report when it was taken once but cannot be read any more; None when it is gone."""
        with self.database.read() as tx:
            stored = provider_contracts.document_of(tx, sides.document_id, sides.document_sha)
        if stored is None:
            return None
        self._spend(len(stored[0]) // _BYTES_A_STEP)
        try:
            return document(*stored)
        except InvalidError as error:
            fault = Finding("error", "document.unreadable", f"the contract cannot be read: {error}", "", 0, "", "")
            return Report(success=False, findings=(fault,), checked=0)

    def _body(self, sides: Sides) -> bytes | None:
        with self.database.read() as tx:
            return contracts.body_of(tx, sides.content_id, sides.content_sha)

    def _spend(self, steps: int) -> None:
        self.allowance.left -= steps
        self._since_kept += steps
        if self._since_kept > _KEPT_EVERY:
            self.keep()


def report(database: Database, pair: Pair, now: int) -> Report:
    """The whole report, made now where it is not kept; raises NotFoundError when a side of it goes meanwhile."""
    for _ in range(2):
        with database.read() as tx:
            kept = provider_contracts.report(tx, *pair)
        if kept is not None:
            return Report.from_json(orjson.loads(kept))
        complete(database, [pair], Allowance(), now)
    raise NotFoundError("The pact or the contract has been removed")


def summary(content_id: int, document_id: int, report: Report) -> Comparison:
    """What is kept of a report where only its outcome is asked for."""
    errors, unproven = report.errors, report.unproven
    return Comparison(
        content_id,
        document_id,
        report.success,
        report.checked,
        len(errors),
        len(report.warnings),
        errors[0].message if errors else None,
        len(unproven),
        unproven[0].message if unproven else None,
    )


def document(raw: bytes, content_type: str) -> Document:
    """Raises InvalidError when the bytes are not a document that pacts can be compared with."""
    if len(raw) > _LARGE:
        return load_document(raw, content_type)
    return (_remembered if len(raw) <= _SMALL else _last)(raw, content_type)


# Reading a document takes far longer than comparing with it, and every pact meets the same few. What is made of
# one takes many times its bytes, so only one of the larger ones is remembered, and none of the largest.
@lru_cache(maxsize=8)
def _remembered(raw: bytes, content_type: str) -> Document:
    return load_document(raw, content_type)


@lru_cache(maxsize=1)
def _last(raw: bytes, content_type: str) -> Document:
    return load_document(raw, content_type)
