"""Whether a consumer version says something new to a provider: told to whoever publishes, and to webhooks."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import frozen
from sqlalchemy import Connection

from broker.model import Pact
from broker.store import contracts


@frozen
class Change:
    """What a pact came to when it was compared with an earlier one.

    `since` is the version of the earlier one, None where there is none; `where` says which one it is, such as
    "the last on branch main".
    """

    changed: bool
    since: str | None
    where: str

    @property
    def reason(self) -> str:
        """A clause for a pact that is changed."""
        return self.where if self.since is None else f"differs from {self.since}, {self.where}"


def of_pact(tx: Connection, pact: Pact) -> Change:
    """What counts for a pact that was just published.

    It is compared with the previous version on each of its branches and with each of its tags; a version that
    has neither, with the previous one that has no tag. The first of a branch with earlier pacts elsewhere is
    compared with the latest of them. One difference makes it changed.
    """
    found = list(_comparisons(tx, pact))
    return next((one for one in found if one.changed), found[0])


def _comparisons(tx: Connection, pact: Pact) -> Iterator[Change]:
    scopes = contracts.branches_and_tags(tx, pact.version_id)
    if not scopes:
        yield _compared(pact, contracts.previous_without_tag(tx, pact), "without a tag")
    for kind, name in scopes:
        if kind == "branch":
            yield _on_branch(tx, pact, name)
        else:
            yield _compared(pact, contracts.previous_tagged(tx, pact, name), f"tagged {name}")


def _on_branch(tx: Connection, pact: Pact, name: str) -> Change:
    previous = contracts.previous_on_branch(tx, pact, name)
    elsewhere = contracts.previous(tx, pact) if previous is None else None
    if elsewhere is None:
        return _compared(pact, previous, f"on branch {name}")
    number, content_id = elsewhere
    return Change(content_id != pact.content_id, number, f"the last before branch {name} began")


def _compared(pact: Pact, previous: contracts.Earlier | None, where: str) -> Change:
    if previous is None:
        return Change(changed=True, since=None, where=f"the first pact {where}")
    number, content_id = previous
    return Change(content_id != pact.content_id, number, f"the last {where}")
