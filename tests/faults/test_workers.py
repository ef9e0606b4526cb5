"""What a provider does again and again survives a failure and ends with the provider."""

from __future__ import annotations

import threading

from provider_stub.workers import Workers


def test_repeated_work_that_failed_is_done_again_until_the_provider_stops() -> None:
    workers = Workers()
    done = threading.Event()
    tried: list[int] = []

    def work() -> None:
        tried.append(1)
        if len(tried) < 3:
            raise ConnectionError("the database is away")
        done.set()

    workers.repeat(work, 0.001)
    assert done.wait(20)
    workers.close()
    count = len(tried)
    assert workers.wait(0.01)
    assert len(tried) == count
