"""What a version is known by: its branches, its tags, and the environments it is in."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from attrs import frozen
from sqlalchemy import Connection

from broker.model import OnBranch, Tag
from broker.store import branching, environments


@frozen
class Surroundings:
    """`places` are (environment name, "deployed" or "released")."""

    branches: tuple[OnBranch, ...] = ()
    tags: tuple[Tag, ...] = ()
    places: tuple[tuple[str, str], ...] = ()


def surroundings(
    tx: Connection, version_ids: Collection[int], owner_ids: Collection[int] = ()
) -> Mapping[int, Surroundings]:
    """Version id -> what is known of it, for every one of these versions; environments only for these owners."""
    on_branches = branching.on_branches(tx, version_ids)
    tagged = branching.tagged(tx, version_ids)
    places: dict[int, list[tuple[str, str]]] = {}
    if owner_ids:
        for _, version_id, name, how in environments.versions_in(tx, owner_ids, environment_id=None):
            places.setdefault(version_id, []).append((name, how))
    return {
        id_: Surroundings(
            tuple(on_branches.get(id_, ())), tuple(tagged.get(id_, ())), tuple(dict.fromkeys(places.get(id_, ())))
        )
        for id_ in version_ids
    }
