"""Creating what a request takes for granted: pacticipants, versions, branches and tags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from attrs import frozen
from sqlalchemy import Connection

from broker.errors import ConflictError, NotFoundError
from broker.model import Environment, Pact, Pacticipant, Version
from broker.store import branching, contracts, environments, pacticipants

T = TypeVar("T")
_MAIN_BRANCHES = frozenset({"main", "master", "develop"})


def found(one: T | None, otherwise: str) -> T:
    """What was looked for; raises NotFoundError with the text `otherwise`."""
    if one is None:
        raise NotFoundError(otherwise)
    return one


def pacticipant(tx: Connection, name: str) -> Pacticipant:
    """Raises NotFoundError."""
    return found(pacticipants.find(tx, name), f"No pacticipant with name '{name}' found")


def provider(tx: Connection, name: str) -> Pacticipant:
    """Raises NotFoundError."""
    return found(pacticipants.find(tx, name), f"No provider with name '{name}' found")


def version(tx: Connection, owner: Pacticipant, number: str) -> Version:
    """Raises NotFoundError."""
    return found(pacticipants.version(tx, owner.id, number), f"{owner.name} has no version {number}")


def environment(tx: Connection, uuid: str) -> Environment:
    """Raises NotFoundError."""
    return found(environments.find(tx, uuid), f"No environment with UUID '{uuid}' found")


def pact(tx: Connection, params: Mapping[str, str], number: str) -> Pact:
    """The pact of a version of the path's consumer with the path's provider; raises NotFoundError."""
    owner, other = pacticipant(tx, params["consumer"]), provider(tx, params["provider"])
    one = contracts.pact(tx, version(tx, owner, number).id, other.id)
    return found(one, f"{owner.name} {number} has no pact with {other.name}")


def pact_with_content(tx: Connection, params: Mapping[str, str], sha: str) -> Pact:
    """The latest publication of a content by the path's consumer; raises NotFoundError."""
    owner, other = pacticipant(tx, params["consumer"]), provider(tx, params["provider"])
    content_id = contracts.content_id(tx, owner.id, other.id, sha)
    latest = contracts.pacts_with_content(tx, content_id, limit=1) if content_id is not None else []
    return found(next(iter(latest), None), f"No pact between {owner.name} and {other.name} has the content {sha}")


def ensure_pacticipant(tx: Connection, name: str, now: int) -> Pacticipant:
    """The pacticipant, created if it is new.

    Raises ConflictError when the new name differs from an existing one only in case and punctuation: far
    more often a slip than a second application. Creating it explicitly (POST /pacticipants) says otherwise.
    """
    found = pacticipants.find(tx, name)
    if found is not None:
        return found
    key = name_key(name)
    similar = pacticipants.like(tx, key)
    if similar:
        raise ConflictError(
            "pacticipants",
            f"The name '{name}' is very like {', '.join(map(repr, similar))}, which exists already. If they are "
            f"different applications, create it explicitly first: "
            f"pact broker create-or-update-pacticipant --name '{name}'",
        )
    return pacticipants.create(tx, name, key, now, display_name=display_name(name))


@frozen
class EnsuredVersion:
    version: Version
    created: bool


def ensure_version(
    tx: Connection, owner: Pacticipant, number: str, now: int, build_url: str | None = None
) -> EnsuredVersion:
    found = pacticipants.version(tx, owner.id, number)
    if found is None:
        return EnsuredVersion(pacticipants.create_version(tx, owner.id, number, now, build_url), created=True)
    if build_url is not None and build_url != found.build_url:
        pacticipants.set_build_url(tx, found.id, build_url, now)
    return EnsuredVersion(found, created=False)


def ensure_on_branch(tx: Connection, owner: Pacticipant, of: Version, name: str, now: int) -> bool:
    """Whether the version is new on the branch.

    The first branch called main, master or develop becomes the main branch, unless one is set.
    """
    branch = branching.branch(tx, owner.id, name) or branching.create_branch(tx, owner.id, name, now)
    if owner.main_branch is None and name in _MAIN_BRANCHES:
        pacticipants.change(tx, owner.id, now, {"main_branch": name})
    if branching.is_on_branch(tx, branch.id, of.id):
        return False
    branching.put_on_branch(tx, branch.id, of.id, now)
    return True


def ensure_tags(tx: Connection, owner: Pacticipant, of: Version, names: Sequence[str], now: int) -> list[str]:
    """The names among these that are new on the version."""
    existing = {tag.name for tag in branching.tagged(tx, [of.id]).get(of.id, [])}
    added = [name for name in dict.fromkeys(names) if name not in existing]
    for name in added:
        branching.put_tag(tx, of.id, owner.id, name, now)
    return added


def name_key(name: str) -> str:
    """What is left of a name without case and punctuation; the name itself when nothing is left."""
    return "".join(character for character in name.casefold() if character.isalnum()) or name


def display_name(name: str) -> str:
    """A name for people: "items-api" becomes "Items Api"."""
    words = name.replace("-", " ").replace("_", " ").split()
    return " ".join(word[:1].upper() + word[1:] for word in words) or name
