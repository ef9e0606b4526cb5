"""Which webhooks come with an import, and which of them are called afterwards."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from broker.config import Config, WebhookConfig
from broker.tests.foreign_broker import ForeignBroker, Reply, foreign_broker
from broker.tests.importing import Done, counted, lacking, run_import
from broker.tests.served import Json, served

_MASKED = "7a5da39c-8e50-4cc9-ae16-dfa5be043e8c"
_AS_SERVED = ("--webhook-scheme", "http", "--webhook-allow", "127.0.0.1")


@pytest.fixture
def source() -> Iterator[ForeignBroker]:
    with foreign_broker() as found:
        yield found


@pytest.fixture
def target(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/b.db"


def test_a_webhook_whose_secrets_are_masked_is_disabled_and_it_is_told_each_time_what_to_give_again(
    source: ForeignBroker, target: str
) -> None:
    for _ in range(2):
        done = run_import(source.url, *_AS_SERVED, database=target)
        assert f"webhook {_MASKED} (POST 127.0.0.1) is disabled until this is given again: " in done.out
        assert "header authorization, password" in done.out
    with served(Config(database_url=target)) as here:
        found = here.get(f"/webhooks/{_MASKED}")
        assert (found["enabled"], found["request"]["headers"]) == (False, {"accept": "application/json"})
        plain = next(path for path in source.answers if path.startswith("/webhooks/") and _MASKED not in path)
        assert list(lacking(source.answers[plain], here.get(plain), plain)) == []


def test_a_webhook_that_was_changed_since_and_is_disabled_on_purpose_is_not_told_again(
    source: ForeignBroker, target: str
) -> None:
    run_import(source.url, *_AS_SERVED, database=target)
    rules = WebhookConfig(schemes=("http",), allow=("127.0.0.1",))
    with served(Config(database_url=target, webhooks=rules)) as here:
        hook = here.get(f"/webhooks/{_MASKED}")
        request = {**hook["request"], "headers": {"authorization": "Bearer new"}, "password": "new"}
        here.ask("PUT", f"/webhooks/{_MASKED}", {**hook, "request": request, "enabled": False}, status=200)
    done = run_import(source.url, *_AS_SERVED, database=target)
    assert done.code == 0
    assert _MASKED not in done.out


_URL = "https://hooks.example/x"
_NOT_ALLOWED: tuple[tuple[Json, str], ...] = (
    ({"url": "http://hooks.example/x"}, "request.url must begin with https://"),
    ({"url": "https://169.254.169.254/x"}, "request.url cannot be called"),
    ({"method": "PUT"}, "request.method must be one of POST"),
    ({"headers": {"Host": "inside"}}, "request.headers.Host is set by the broker itself"),
    ({"headers": {"transfer-encoding": "chunked"}}, "request.headers.transfer-encoding is set by the broker"),
    ({"headers": {"x": "a\r\nb: c"}}, "request.headers.x must not hold control characters"),
    ({"body": "${pactbroker.nonsense}"}, "request.body has ${pactbroker.nonsense}"),
    ({"body": "${user.TOKEN}"}, "until this is given again: ${user.TOKEN}"),
)
_NEVER: tuple[Json, ...] = ({"method": "GET\r\nX: y"}, {"url": "file:///etc/passwd"}, {"body": "x" * 300_000})


def test_a_webhook_that_could_not_be_defined_here_is_disabled_with_the_reason(
    source: ForeignBroker, target: str
) -> None:
    done, kept = _imported(source, target, [changes for changes, _ in _NOT_ALLOWED])
    assert done.code == 0
    for hook, (_, reason) in zip(kept, _NOT_ALLOWED, strict=True):
        assert any(hook["uuid"] in line and reason in line for line in done.out.splitlines()), reason
        assert hook["enabled"] is False
        assert not {"host", "transfer-encoding", "x"} & hook["request"].get("headers", {}).keys()


def test_a_webhook_that_could_never_be_called_is_not_imported(source: ForeignBroker, target: str) -> None:
    done, kept = _imported(source, target, _NEVER)
    assert (done.code, kept) == (1, [])


def test_a_webhook_that_the_options_allow_stays_enabled(source: ForeignBroker, target: str) -> None:
    options = ("--webhook-scheme", "http", "--webhook-method", "PUT", "--webhook-allow", "10.0.0.0/8")
    _, kept = _imported(source, target, [{"method": "PUT", "url": "http://10.0.0.1/x"}], *options)
    assert [(hook["enabled"], hook["request"]["method"]) for hook in kept] == [(True, "PUT")]


def _imported(source: ForeignBroker, target: str, requests: Sequence[Json], *options: str) -> tuple[Done, list[Json]]:
    """The import of webhooks that make these requests, and those that the target has then, in their order."""
    like = source.answers[f"/webhooks/{_MASKED}"]
    paths = [f"/webhooks/{number:0>20}" for number in range(len(requests))]
    source.answers["/webhooks"]["_links"]["pb:webhooks"] = [{"href": f"{{base}}{path}"} for path in paths]
    for path, changes in zip(paths, requests, strict=True):
        source.answers[path] = {**like, "request": {"method": "POST", "url": _URL, **changes}}
    done = run_import(source.url, *options, database=target)
    with served(Config(database_url=target)) as here:
        listed = {one["href"].removeprefix(here.url) for one in here.get("/webhooks")["_links"]["pb:webhooks"]}
        return done, [here.get(path) for path in paths if path in listed]


def test_a_webhook_that_may_not_be_read_is_told_and_the_others_come(
    source: ForeignBroker, target: str, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text("of-a-reader")
    source.special = lambda where: Reply(status=403) if where == f"/webhooks/{_MASKED}" else None
    done = run_import(source.url, *_AS_SERVED, "--token-file", str(tmp_path / "token"), database=target)
    assert done.code == 0
    assert f"webhook {_MASKED} is not imported: these credentials may not read it" in done.out
    assert counted(done)["webhooks"] == (1, 0, 0)


def test_rules_that_make_no_sense_are_one_line(source: ForeignBroker, target: str) -> None:
    done = run_import(source.url, "--webhook-scheme", "ftp", database=target)
    assert (done.code, source.asked) == (2, [])
    assert "--webhook-scheme can be http or https" in done.out
