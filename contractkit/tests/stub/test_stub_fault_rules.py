"""The rules of faults on purpose: the admin route, what is refused, seeds, and the command line (5 s)."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from contractkit.stub import FaultsError, Rule, StubError, create_app, read_rules, with_faults
from contractkit.tests.stub.conftest import Ask
from contractkit.tests.stub.faulty_shop import ITEM, SHOP, Shop
from contractkit.tests.test_commands import PROJECT


def test_the_admin_route_shows_rules_seed_and_counts_and_clears_them(faulty: Shop) -> None:
    rules = [
        {"operation": "getItem", "fault": "503", "after": False, "retry_after": 2, "p": 1.0},
        {"operation": "*", "fault": "latency", "after": True, "ms": [0, 1], "calls": [1, 4]},
    ]
    faulty.spoil(rules, seed=7)
    faulty.get()
    shown = faulty.get("/__faults").json()
    assert shown == {"seed": 7, "rules": rules, "operations": {"getItem": {"calls": 1, "injected": {"503": 1}}}}
    faulty.spoil(shown["rules"])
    assert faulty.get("/__faults").json() == {"seed": 7, "rules": rules, "operations": {}}
    assert faulty.get().status_code == 503
    assert faulty.client.delete("/__faults").status_code == 204
    assert faulty.get("/__faults").json() == {"seed": 7, "rules": [], "operations": {}}
    assert faulty.get().status_code == 200
    refused = faulty.client.post("/__faults")
    assert (refused.status_code, refused.headers["allow"]) == (405, "DELETE, GET, PUT")


@pytest.mark.parametrize(
    ("body", "pointer", "says"),
    [
        ("[", "", "end of data"),
        ("[]", "", "must be an object"),
        ("{}", "/rules", "must be a list of rules"),
        ('{"rules": [], "sead": 1}', "/sead", "is not known; there are rules, seed"),
        ('{"rules": [], "seed": true}', "/seed", "must be a whole number"),
        ('{"rules": [1]}', "/rules/0", "is no rule"),
        (
            '{"rules": [{"operation": "x", "fault": "reset"}]}',
            "/rules/0/operation",
            "'x' is no operation; there are *, ",
        ),
        ('{"rules": [{"operation": [], "fault": "reset"}]}', "/rules/0/operation", "is no operation; there are *, "),
        ('{"rules": [{"operation": "*", "fault": "418"}]}', "/rules/0/fault", "'418' is no fault; there are latency, "),
        ('{"rules": [{"operation": "*", "fault": "slow"}]}', "/rules/0/ms", "must be a wait"),
        ('{"rules": [{"operation": "*", "fault": "slow", "ms": [9, 8]}]}', "/rules/0/ms", "must be a wait"),
        ('{"rules": [{"operation": "*", "fault": "500", "a/b": 1}]}', "/rules/0/a~1b", "500 takes no 'a/b'"),
        ('{"rules": [{"operation": "*", "fault": "500", "after": 1}]}', "/rules/0/after", "true or false"),
        ('{"rules": [{"operation": "*", "fault": "429", "retry_after": -1}]}', "/rules/0/retry_after", "whole seconds"),
        ('{"rules": [{"operation": "*", "fault": "html", "status": 404}]}', "/rules/0/status", "200 or 502"),
        ('{"rules": [{"operation": "*", "fault": "500", "p": 1.5}]}', "/rules/0/p", "from 0 to 1"),
        ('{"rules": [{"operation": "*", "fault": "500", "first": 0}]}', "/rules/0/first", "whole number from 1"),
        ('{"rules": [{"operation": "*", "fault": "500", "calls": []}]}', "/rules/0/calls", "counted from 1"),
        ('{"rules": [{"operation": "*", "fault": "500", "p": 1, "first": 1}]}', "/rules/0/first", "not p and first"),
        (
            '{"rules": "getItem: 503; *: truncate-after"}',
            "/rules",
            "rule '*: truncate-after': truncate takes no 'after'",
        ),
        ('{"rules": "getItem 503"}', "/rules", "rule 'getItem 503': is no rule; say OPERATION: FAULT"),
        ('{"rules": "getItem: 503 sometimes"}', "/rules", "takes no 'sometimes'"),
        ('{"rules": "getItem: 503 first 2 first 3"}', "/rules", "503 takes no 'second first'"),
        ('{"rules": "getItem: latency 5ms 6ms"}', "/rules", "latency takes no 'second ms'"),
        ('{"rules": "getItem: 503 first"}', "/rules", "must be a whole number from 1"),
        ('{"rules": "getItem: 503 p=often"}', "/rules", "from 0 to 1"),
    ],
)
def test_rules_that_cannot_be_are_a_problem_that_points_at_the_place_and_change_nothing(
    faulty: Shop, body: str, pointer: str, says: str
) -> None:
    faulty.spoil("getItem: 503")
    reply = faulty.client.put("/__faults", content=body)
    assert (reply.status_code, reply.headers["content-type"]) == (400, "application/problem+json")
    (error,) = reply.json()["errors"]
    assert error["pointer"] == pointer
    assert says in error["detail"]
    assert faulty.get().status_code == 503


def test_rules_that_are_too_long_are_refused(faulty: Shop) -> None:
    assert faulty.client.put("/__faults", content=b" " * (1 << 20) + b"{}").status_code == 413
    assert faulty.client.put("/__faults", json={"rules": "*: 500;" * 1001}).status_code == 400


def statuses(ask: Ask, shop: dict[str, Any], seed: int, paths: list[str]) -> dict[str, list[int]]:
    """The statuses of GET requests in this order, by path."""
    app = with_faults(create_app(shop), shop, rules="*: 500 p=0.3; getItem: 503 p=0.5; *: latency 0-1ms", seed=seed)
    found: dict[str, list[int]] = {path: [] for path in paths}
    for path in paths:
        found[path].append(ask(app, "GET", path).status_code)
    return found


def test_the_same_seed_strikes_the_same_calls_whatever_other_operations_do(ask: Ask, shop: dict[str, Any]) -> None:
    alone = statuses(ask, shop, 1, [ITEM] * 40)[ITEM]
    assert set(alone) == {200, 500, 503}
    assert statuses(ask, shop, 1, ["/items", ITEM, "/items/mine"] * 40)[ITEM] == alone
    assert statuses(ask, shop, 2, [ITEM] * 40)[ITEM] != alone


def test_operations_and_rules_draw_from_streams_of_their_own(ask: Ask, shop: dict[str, Any]) -> None:
    app = with_faults(create_app(shop), shop, rules="*: latency 0ms p=0.5; *: latency-after 0ms p=0.5", seed=1)
    injected = []
    for path in [ITEM, "/items/mine"] * 40:
        ask(app, "GET", path)
    for operation in ("getItem", "getMine"):
        counts = ask(app, "GET", "/__faults").json()["operations"][operation]["injected"]
        injected += [counts["latency"], counts["latency-after"]]
    assert len(set(injected)) > 2
    assert all(8 < count < 32 for count in injected)


def test_without_the_layer_there_is_no_admin_route_and_without_rules_a_reply_is_as_it_was(
    ask: Ask, shop: dict[str, Any]
) -> None:
    plain = create_app(shop)
    for method in ("GET", "PUT", "DELETE"):
        assert ask(plain, method, "/__faults").status_code == 404
    headers = {"X-Request-Id": "r1"}
    one, other = (ask(app, "GET", ITEM, headers=headers) for app in (plain, with_faults(plain, shop)))
    assert (one.content, one.headers) == (other.content, other.headers)


@pytest.mark.parametrize("fault", ["reset", "truncate"])
def test_a_cut_without_a_socket_to_cut_is_a_connection_reset_error(ask: Ask, shop: dict[str, Any], fault: str) -> None:
    app = with_faults(create_app(shop), shop, rules=[Rule("getItem", fault)])
    with pytest.raises(ConnectionResetError):
        ask(app, "GET", ITEM)


def test_the_application_is_told_of_a_problem_before_it_is_sent(ask: Ask, shop: dict[str, Any]) -> None:
    app = with_faults(create_app(shop), shop, rules="*: 503", extend_problem=lambda problem: {"code": problem.status})
    assert ask(app, "GET", ITEM).json()["code"] == 503


@pytest.mark.parametrize("written", ["*: 503\ngetItem: reset", '[{"operation": "*", "fault": "503"}]', '{"rules": []}'])
def test_rules_come_from_a_file_or_stand_by_themselves(written: str, tmp_path: Path, shop: dict[str, Any]) -> None:
    file = tmp_path / "rules"
    file.write_text(written)
    assert read_rules(str(file)) == read_rules(written)
    assert read_rules("") == ""
    with_faults(create_app(shop), shop, rules=read_rules(written))


@pytest.mark.parametrize(
    ("given", "says"), [("rules.txt", "neither a file nor a rule"), ('["', "neither"), ('{"a": ', "no JSON")]
)
def test_what_is_neither_a_file_nor_a_rule_is_refused(given: str, says: str) -> None:
    with pytest.raises(StubError, match=says):
        read_rules(given)


def test_rules_made_in_python_are_judged_too(shop: dict[str, Any]) -> None:
    with pytest.raises(FaultsError, match=r"/rules/0/ms"):
        with_faults(create_app(shop), shop, rules=[Rule("*", "slow", ms=(5, 1))])


Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """`contractkit` with these arguments, in a project whose application is the shop."""
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist/openapi.yaml").write_text(SHOP.read_text())
    (tmp_path / "items.py").write_text(
        "from pathlib import Path\n"
        "from contractkit import bundle\n"
        "from contractkit.stub import create_app as make\n"
        "def create_app(host):\n"
        "    return make(bundle.bundle(Path('dist/openapi.yaml')))\n"
    )
    children = []

    def start(*arguments: str) -> "subprocess.Popen[str]":
        command = [sys.executable, "-W", "ignore", "-m", "contractkit", *arguments, "--port", "0"]
        child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path)
        children.append(child)
        return child

    yield start
    for child in children:
        child.kill()
        child.communicate()


def url(child: "subprocess.Popen[str]") -> str:
    assert child.stdout is not None
    return child.stdout.readline().split()[1]


def test_the_command_line_switches_faults_on_and_nothing_else_does(start: Start) -> None:
    faults = ["--faults", "getItem: 503 p=0.5", "--fault-seed", "9"]
    commands = ["mock", "dist/openapi.yaml"], ["stub"]
    for spoilt in [start(*command, *faults) for command in commands]:
        with httpx.Client(base_url=url(spoilt)) as client:
            assert client.get("/__faults").json()["seed"] == 9
            assert {client.get(ITEM).status_code for _ in range(20)} == {200, 503}
    with httpx.Client(base_url=url(start("mock", "dist/openapi.yaml"))) as client:
        assert client.get("/__faults").status_code == 404
        assert {client.get(ITEM).status_code for _ in range(5)} == {200}


def test_a_rule_that_cannot_be_is_one_line_and_status_2(start: Start) -> None:
    child = start("mock", "dist/openapi.yaml", "--faults", "pay: 503")
    output, errors = child.communicate(timeout=60)
    assert (child.returncode, output) == (2, "")
    assert errors.startswith("error: /rules: rule 'pay: 503': 'pay' is no operation; there are *, addItem, deleteItem,")
    assert errors.count("\n") == 1
