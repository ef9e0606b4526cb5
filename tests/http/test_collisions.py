"""What a request is answered that collided with others in the database."""

from __future__ import annotations

from provider_stub.app import to_problem
from provider_stub.store.protocol.tx import StoreConflictError


def test_whoever_collides_with_others_is_asked_to_try_again() -> None:
    problem = to_problem(StoreConflictError("a key that is taken"))
    assert problem is not None
    assert problem.status == 503
    assert int(problem.headers["Retry-After"]) > 0
    assert "meanwhile" in problem.detail
