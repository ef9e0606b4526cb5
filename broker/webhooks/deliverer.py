"""The deliverer: makes the calls that are due, in the background, a few at a time.

What is due stands in the database, so nothing is lost when the process dies, and several processes can share
the work: each takes a call for the time of a lease, in which no other makes it. A call whose process died is
made again when its lease is over. So every call is made at least once; a receiver that acted but could not
answer in time sees it twice.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from attrs import evolve, frozen
from sqlalchemy import Connection
from sqlalchemy.exc import DataError, SQLAlchemyError

from broker.config import WebhookConfig
from broker.model import Attempt, Delivery, Webhook, WebhookRequest
from broker.store import webhook_deliveries, webhooks
from broker.store.database import Database
from broker.webhooks import transcript
from broker.webhooks.destinations import ForbiddenError, policy
from broker.webhooks.secrecy import masked_url, secrets_of
from broker.webhooks.sending import Exchange, Sender, rendered

AT_ONCE = 8  # calls in one process: a burst of them leaves the machine to those who wait for answers
AT_ONCE_TO_A_HOST = 2  # one that does not answer must not hold up the calls of everybody else
_CONSIDERED = 100  # webhooks with something due, of which those are taken whose hosts are free
_POLL_SECONDS = 0.2
_AFTER_TROUBLE_SECONDS = 2.0
_GRACE_SECONDS = 2.0
_FORGET_SECONDS = 3600.0
_FORGET_AT_ONCE = 500
_log = logging.getLogger(__name__)


@frozen
class Executed:
    """`log` is without secrets, `secrets` are what was struck out of it."""

    exchange: Exchange
    log: str
    secrets: list[str]


def execute(sender: Sender, request: WebhookRequest, values: Mapping[str, str]) -> Executed:
    """Makes one call; never raises for what is wrong with the request or with the other side."""
    secrets = secrets_of(request)
    try:
        exchange = sender.send(rendered(request, values))
    except (ForbiddenError, ValueError) as error:
        exchange = transcript.not_sent(request.method, masked_url(request.url), str(error))
    return Executed(exchange, transcript.log(exchange, secrets, _now()), secrets)


class Deliverer:
    """One per process; `start` it, and `stop` it before the database is closed."""

    def __init__(self, database: Database, config: WebhookConfig) -> None:
        self._database = database
        self._config = config
        self._sender = Sender(policy(config.schemes, config.methods, config.allow), config.timeout)
        # An attempt may wait for the resolver and for the writer of the database besides.
        self._lease = round((config.timeout * 2 + 5) * 1_000_000)
        self._stopping = threading.Event()
        self._free = threading.Semaphore(AT_ONCE)
        self._calls = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="webhook")
        self._hosts: Counter[str] = Counter()
        self._hosts_lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="webhook-deliverer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Lets calls under way end, for a few seconds; what is not over then is given back, to be made again."""
        self._stopping.set()
        breaker = threading.Timer(_GRACE_SECONDS, self._sender.close)
        breaker.start()
        self._thread.join()
        self._calls.shutdown(wait=True)
        breaker.cancel()

    def _run(self) -> None:
        forget_at = time.monotonic()
        while not self._stopping.is_set():
            try:
                idle = not self._take()
                if idle and time.monotonic() >= forget_at:
                    idle = not self._forget()
                    forget_at = time.monotonic() + (_FORGET_SECONDS if idle else 0)
                pause = _POLL_SECONDS if idle else 0.0
            except SQLAlchemyError as error:
                _log.warning("webhooks wait, the database cannot be used: %s", error)
                pause = _AFTER_TROUBLE_SECONDS
            self._stopping.wait(pause)

    def _take(self) -> bool:
        """Whether there was something to do."""
        if not self._free.acquire(timeout=_POLL_SECONDS):
            return True
        free = 1
        while self._free.acquire(blocking=False):
            free += 1
        taken: list[Delivery] = []
        known: dict[int, Webhook] = {}
        lease = _now() + self._lease
        try:
            with self._database.read() as tx:
                due, _ = self._chosen(tx, free)
            if due and not self._stopping.is_set():
                with self._database.write() as tx:
                    taken, known = self._chosen(tx, free)
                    webhook_deliveries.lease(tx, taken, lease)
        finally:
            for _ in range(free - len(taken)):
                self._free.release()
        for one in taken:
            self._count(known[one.webhook_id], 1)
            self._calls.submit(self._deliver, one, known[one.webhook_id], lease)
        return bool(taken)

    def _chosen(self, tx: Connection, free: int) -> tuple[list[Delivery], dict[int, Webhook]]:
        """At most `free` deliveries, the one that waits longest first, to hosts that have not their share already."""
        with self._hosts_lock:
            busy = Counter(self._hosts)
        full = {host for host, calls in busy.items() if calls >= AT_ONCE_TO_A_HOST}
        excluded = {one.id for one in webhooks.every(tx) if _host(one) in full} if full else set()
        due = webhook_deliveries.due(tx, _now(), excluded, each=AT_ONCE_TO_A_HOST, limit=_CONSIDERED)
        known = webhooks.by_ids(tx, {one.webhook_id for one in due})
        taken: list[Delivery] = []
        for one in due:
            host = _host(known[one.webhook_id])
            if len(taken) < free and busy[host] < AT_ONCE_TO_A_HOST:
                busy[host] += 1
                taken.append(one)
        return taken, known

    def _count(self, webhook: Webhook, change: int) -> None:
        with self._hosts_lock:
            self._hosts[_host(webhook)] += change
            self._hosts = +self._hosts

    def _forget(self) -> bool:
        """Whether there may be more to forget; a little at a time, because nobody else writes meanwhile."""
        before = _now() - self._config.log_days * 86_400_000_000
        with self._database.read() as tx:
            if not webhook_deliveries.has_old(tx, before):
                return False
        with self._database.write() as tx:
            webhook_deliveries.forget(tx, before, _FORGET_AT_ONCE)
        return True

    def _deliver(self, delivery: Delivery, webhook: Webhook, lease: int) -> None:
        try:
            if webhook.enabled:
                self._attempt(delivery, webhook, lease)
            else:
                self._cancel(delivery, lease)
        except SQLAlchemyError as error:
            _log.warning("the outcome of webhook call %s could not be noted: %s", delivery.uuid, error)
        finally:
            self._count(webhook, -1)
            self._free.release()

    def _attempt(self, delivery: Delivery, webhook: Webhook, lease: int) -> None:
        number = delivery.attempts + 1
        waits = self._config.retry[number - 1] if number <= len(self._config.retry) else None
        done = execute(self._sender, webhook.request, delivery.values)
        if done.exchange.cancelled:
            with self._database.write() as tx:
                webhook_deliveries.release(tx, delivery.id, lease, _now())
            return
        success, now = done.exchange.success, _now()
        note = _note(success, number, waits)
        answer = done.exchange.answer
        attempt = Attempt(success, answer.status if answer else None, f"{done.log}{note}\n", now)
        outcome = {"attempts": number, "status": "success" if success else "failure", "due_at": None}
        if not success and waits is not None:
            outcome |= {"status": "retrying", "due_at": now + round(waits * 1_000_000)}
        try:
            with self._database.write() as tx:
                webhook_deliveries.record(tx, delivery.id, lease, attempt, outcome)
        except DataError:
            # A call that is not noted is made again without end.
            with self._database.write() as tx:
                webhook_deliveries.record(
                    tx, delivery.id, lease, evolve(attempt, log="Its log cannot be kept.\n"), outcome
                )

    def _cancel(self, delivery: Delivery, lease: int) -> None:
        attempt = Attempt(False, None, "Not sent: the webhook is disabled.\n", _now())
        with self._database.write() as tx:
            webhook_deliveries.record(tx, delivery.id, lease, attempt, {"status": "cancelled", "due_at": None})


def _note(success: bool, number: int, waits: float | None) -> str:
    if success:
        return f"Attempt {number}: delivered."
    if waits is None:
        return f"Attempt {number}: failed. There will be no further one."
    return f"Attempt {number}: failed. The next one is in {waits:g} s."


def _host(webhook: Webhook) -> str:
    """With its port: two services of one machine are two to us."""
    return urlsplit(webhook.request.url).netloc.rpartition("@")[2].lower()


def _now() -> int:
    return time.time_ns() // 1000
