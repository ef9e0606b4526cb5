"""Pacticipants with their labels, and which integrations there are."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import Connection

from broker import registry
from broker.errors import UnusableError
from broker.hal.values import Json
from broker.importing import reading
from broker.importing.records import SourcePacticipant
from broker.importing.source import MissingError, UnreadableError, path
from broker.importing.work import Pair, Scope, Work
from broker.store import labels, pacticipants


def run(work: Work, only: Collection[str]) -> Scope:
    """Creates the pacticipants; raises UnusableError when the source has none of a name that is asked for.

    With the pacticipants that are asked for come those that they have pacts with, without whose versions a pact
    or a result could not be kept.
    """
    listed = _listed(work)
    pairs = _pairs(work)
    names = {one.name for one in listed}
    unknown = sorted(set(only) - names)
    if unknown:
        raise UnusableError(f"the source has no pacticipant {', '.join(map(repr, unknown))}")
    if only:
        pairs = [one for one in pairs if one.consumer in only or one.provider in only]
        names = {*only, *(name for one in pairs for name in (one.consumer, one.provider))} & names
    chosen = sorted((one for one in listed if one.name in names), key=lambda one: (one.created_at, one.name))
    with work.database.write() as tx:
        for one in chosen:
            _keep(tx, one, work)
    _labels(work, chosen)
    kept = tuple(one for one in pairs if one.consumer in names and one.provider in names)
    return Scope(tuple(one.name for one in chosen), kept, everything=not only)


def _listed(work: Work) -> list[SourcePacticipant]:
    try:
        found = work.source.listed("/pacticipants", _items, "name")
    except UnreadableError as error:
        raise UnusableError(f"this is not the address of a Pact Broker: {error}") from None
    return work.tally.readable("pacticipants", found, reading.pacticipant)


def _items(body: Json) -> list[Json]:
    top = body.get("pacticipants")
    found = reading.embedded(body, "pacticipants")
    return found or ([one for one in top if isinstance(one, dict)] if isinstance(top, list) else [])


def _pairs(work: Work) -> list[Pair]:
    try:
        body = work.source.get("/pacts/latest")
    except MissingError:
        return []
    except UnreadableError as error:
        raise UnusableError(f"the source does not tell its integrations: {error}") from None
    top = body.get("pacts")
    found = [one for one in top if isinstance(one, dict)] if isinstance(top, list) else []
    return sorted(set(work.tally.readable("pacts", found, _pair)), key=lambda one: (one.consumer, one.provider))


def _pair(body: Json) -> Pair:
    inside = body.get("_embedded")
    sides = [inside.get(side) if isinstance(inside, dict) else None for side in ("consumer", "provider")]
    consumer, provider = [reading.name(side if isinstance(side, dict) else {}, "name") for side in sides]
    return Pair(consumer, provider)


def _keep(tx: Connection, one: SourcePacticipant, work: Work) -> None:
    """What the target says of a pacticipant already is kept."""
    known = pacticipants.find(tx, one.name)
    work.tally.count("pacticipants", new=known is None)
    if known is not None:
        offered: dict[str, str | None] = {"main_branch": one.main_branch, "repository_url": one.repository_url}
        missing: dict[str, str | None] = {
            key: value for key, value in offered.items() if value and getattr(known, key) is None
        }
        if missing:
            pacticipants.change(tx, known.id, max(one.updated_at, known.updated_at), missing)
        return
    created = pacticipants.create(
        tx,
        one.name,
        registry.name_key(one.name),
        one.created_at,
        display_name=one.display_name or registry.display_name(one.name),
        main_branch=one.main_branch,
        repository_url=one.repository_url,
    )
    pacticipants.change(tx, created.id, one.updated_at, {})


def _labels(work: Work, chosen: Sequence[SourcePacticipant]) -> None:
    with work.database.read() as tx:
        ids = pacticipants.named(tx, [one.name for one in chosen])
        known = labels.of(tx, [one.id for one in ids.values()])
    wanted = [(one, name) for one in chosen for name in one.labels]
    there = {(name, label.name) for name, owner in ids.items() for label in known.get(owner.id, ())}
    missing = [(one, name) for one, name in wanted if (one.name, name) not in there]
    work.tally.present["labels"] += len(wanted) - len(missing)
    found = list(work.source.each(missing, lambda pair: _label_date(work, *pair)))
    with work.database.write() as tx:
        for (one, name), created_at in found:
            owner = ids[one.name]
            if labels.find(tx, owner.id, name) is None:
                labels.add(tx, owner.id, name, one.created_at if isinstance(created_at, Exception) else created_at)
                work.tally.imported["labels"] += 1


def _label_date(work: Work, owner: SourcePacticipant, name: str) -> int:
    return reading.required_instant(work.source.get(path("pacticipants", owner.name, "labels", name)), "createdAt")
