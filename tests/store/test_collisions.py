"""What a unit of work does where another one was faster."""

from __future__ import annotations

import threading

import pytest
from attrs import evolve

from provider_stub.engine.accounts import Account
from provider_stub.store.protocol.tx import Store, StoreConflictError
from tests.store.builders import account


@pytest.mark.parametrize("taken", ["group", "project", "app key"])
def test_no_account_can_be_stored_over_what_belongs_to_another(store: Store, taken: str) -> None:
    (mine,) = account("acme").billing_groups
    (theirs,) = account("globex").billing_groups
    (project,) = mine.projects
    stolen = {
        "group": evolve(theirs, billing_group_id=mine.billing_group_id),
        "project": evolve(theirs, projects=(evolve(project, app_key="globex-main-key"),)),
        "app key": evolve(theirs, projects=(evolve(project, project_id="globex-main-web"),)),
    }
    with pytest.raises(StoreConflictError), store.write() as tx:
        tx.accounts.put(Account("globex", "KR", (stolen[taken],)))
    with store.read() as tx:
        assert tx.accounts.get("acme") == account("acme")
        assert tx.accounts.get("globex") is None


def test_whoever_waited_for_an_account_sees_it_as_the_one_before_left_it(store: Store) -> None:
    asked = threading.Event()
    seen: list[Account | None] = []

    def wait_for_it() -> None:
        with store.write() as tx:
            asked.set()
            seen.append(tx.accounts.lock("acme"))

    changed = account("acme", groups=("main", "second"))
    waiting = threading.Thread(target=wait_for_it)
    with store.write() as tx:
        tx.accounts.lock("acme")
        waiting.start()
        # Stores with one writer let it begin only when this one ends; on PostgreSQL it stands at the lock by then.
        asked.wait(0.1)
        waiting.join(0.05)
        tx.accounts.put(changed)
    waiting.join()
    assert seen == [changed]
