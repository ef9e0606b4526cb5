from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from broker.config import Config
from broker.tests.served import Broker, served


def test_publishers_and_verifiers_at_once_all_succeed_and_nothing_is_lost(broker: Broker) -> None:
    sha = broker.publish("Shared", "0")
    uat = broker.environment("uat")

    def publish(worker: int) -> None:
        for number in range(5):
            broker.publish(f"Consumer{worker}", str(number), branch="main", says=f"{number % 2}")

    def verify(worker: int) -> None:
        for number in range(5):
            broker.verify("Shared", sha, f"{worker}.{number}", branch="main")
            broker.deploy("Bar", f"{worker}.{number}", uat)
            broker.matrix("Shared:0", environment="uat")

    with ThreadPoolExecutor(12) as pool:
        work = [pool.submit(publish, worker) for worker in range(8)]
        work += [pool.submit(verify, worker) for worker in range(4)]
        for one in work:
            one.result()
    rows = broker.matrix("Shared:0", "Bar")["matrix"]
    assert len(rows) == 20
    assert len(broker.get("/pacts/provider/Bar")["_links"]["pb:pacts"]) == 41
    present = broker.get(f"/environments/{uat}/deployed-versions/currently-deployed")
    assert len(present["_embedded"]["deployedVersions"]) == 1


def test_one_version_published_by_many_at_once_has_one_content(broker: Broker) -> None:
    def publish(worker: int) -> int:
        body = {"description": f"by {worker}"}
        path = "/pacts/provider/Bar/consumer/Foo/version/1"
        return broker.client.put(path, json={"interactions": [body]}).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(pool.map(publish, range(8)))
    assert statuses == [201] + [409] * 7


def test_two_brokers_may_share_one_database_file(tmp_path: Path) -> None:
    config = Config(database_url=f"sqlite:///{tmp_path}/broker.db")
    with served(config) as first, served(config) as second, ThreadPoolExecutor(6) as pool:

        def publish(worker: int) -> None:
            for number in range(10):
                (first, second)[worker % 2].publish(f"Consumer{worker}", str(number), branch="main")

        for one in [pool.submit(publish, worker) for worker in range(6)]:
            one.result()
        assert len(second.get("/pacts/provider/Bar")["_links"]["pb:pacts"]) == 60
