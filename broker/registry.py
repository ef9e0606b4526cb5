"""What a request means: found or refused, and created where the request takes it for granted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from attrs import frozen
from sqlalchemy import Connection

from broker.errors import ConflictError, NotFoundError
from broker.model import Branch, Delivery, Environment, Pact, Pacticipant, Verification, Version, Webhook
from broker.store import (
    branching,
    contracts,
    environments,
    pacticipants,
    verifications,
    webhook_deliveries,
    webhooks,
)

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


def pair(tx: Connection, params: Mapping[str, str]) -> tuple[Pacticipant, Pacticipant]:
    """The path's consumer and provider; raises NotFoundError."""
    return pacticipant(tx, params["consumer"]), provider(tx, params["provider"])


def version(tx: Connection, owner: Pacticipant, number: str) -> Version:
    """Raises NotFoundError."""
    return found(pacticipants.version(tx, owner.id, number), f"{owner.name} has no version {number}")


def owned_version(tx: Connection, params: Mapping[str, str]) -> tuple[Pacticipant, Version]:
    """The path's pacticipant and its version; raises NotFoundError."""
    owner = pacticipant(tx, params["pacticipant"])
    return owner, version(tx, owner, params["version"])


def branch(tx: Connection, owner: Pacticipant, name: str) -> Branch:
    """Raises NotFoundError."""
    return found(branching.branch(tx, owner.id, name), f"{owner.name} has no branch {name}")


def branch_head(tx: Connection, owner: Pacticipant, name: str | None) -> Version:
    """The latest version on a branch, None for the main branch; raises NotFoundError."""
    where = "a main branch" if name is None else f"branch {name}"
    head = branching.branch_heads(tx, [owner.id], name).get(owner.id)
    return _by_id(tx, head, f"{owner.name} has no version on {where}")


def latest_tagged(tx: Connection, owner: Pacticipant, tag: str) -> Version:
    """Raises NotFoundError."""
    ids = branching.versions_with_tag(tx, [owner.id], tag).get(owner.id, [])
    return _by_id(tx, next(iter(ids), None), f"No version of {owner.name} has the tag {tag}")


def _by_id(tx: Connection, version_id: int | None, otherwise: str) -> Version:
    one = found(version_id, otherwise)
    return pacticipants.versions_by_ids(tx, [one])[one]


def result(tx: Connection, of: Pact, number: str | None) -> Verification:
    """A result of a content by its number, the latest when there is none; raises NotFoundError."""
    if number is not None and not (number.isdecimal() and len(number) <= 18):
        raise NotFoundError(f"No verification result has the number {number}")
    one = verifications.find(tx, of.content_id, int(number) if number else None)
    return found(one, "There is no such verification result")


def webhook(tx: Connection, uuid: str) -> Webhook:
    """Raises NotFoundError."""
    return found(webhooks.find(tx, uuid), f"No webhook found with UUID '{uuid}'")


def delivery(tx: Connection, uuid: str) -> tuple[Delivery, Webhook]:
    """A call of a webhook, and that webhook; raises NotFoundError."""
    one = found(webhook_deliveries.find(tx, uuid), f"No delivery found with UUID '{uuid}'")
    return one, webhooks.by_ids(tx, [one.webhook_id])[one.webhook_id]


def environment(tx: Connection, uuid: str) -> Environment:
    """Raises NotFoundError."""
    return found(environments.find(tx, uuid), f"No environment with UUID '{uuid}' found")


def pact(tx: Connection, params: Mapping[str, str], number: str) -> Pact:
    """The pact of a version of the path's consumer with the path's provider; raises NotFoundError."""
    owner, other = pair(tx, params)
    one = contracts.pact(tx, version(tx, owner, number).id, other.id)
    return found(one, f"{owner.name} {number} has no pact with {other.name}")


def pact_with_content(tx: Connection, params: Mapping[str, str], sha: str) -> Pact:
    """The latest publication of a content by the path's consumer; raises NotFoundError."""
    owner, other = pair(tx, params)
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
