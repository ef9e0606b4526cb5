from __future__ import annotations

from typing import NamedTuple
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.sync_api import Page

from broker.pages.badges import Badge, initials, width
from broker.tests.served import Broker

_SVG = "{http://www.w3.org/2000/svg}"


class _Seen(NamedTuple):
    label: str
    status: str


def _seen(broker: Broker, path: str) -> _Seen:
    reply = broker.client.get(path)
    assert (reply.status_code, reply.headers["content-type"].partition(";")[0]) == (200, "image/svg+xml"), path
    svg = ET.fromstring(reply.content)  # noqa: S314 - our own answer
    assert svg.get("role") == "img"
    title = svg.findtext(f"{_SVG}title") or ""
    label, status = (element.text or "" for element in svg.iter(f"{_SVG}text"))
    assert title == f"{label}: {status}"
    return _Seen(label, status)


def test_the_badge_of_a_pact_follows_its_content(broker: Broker) -> None:
    path = "/pacts/provider/Bar/consumer/Foo/latest/badge.svg"
    assert _seen(broker, path).status == "unknown"
    sha = broker.publish("Foo", "1", branch="main", tags=["prod"])
    assert _seen(broker, path) == ("Foo/Bar pact", "unknown")
    broker.verify("Foo", sha, "10")
    assert _seen(broker, path).status == "verified"
    failed = broker.publish("Foo", "2", branch="feat/x", says="other")
    assert _seen(broker, path).status == "pending"
    broker.verify("Foo", failed, "10", success=False)
    assert _seen(broker, path).status == "failed"
    assert _seen(broker, path.replace("/badge.svg", "/prod/badge")) == ("Foo/Bar prod pact", "verified")
    branch = "/pacts/provider/Bar/consumer/Foo/branch/feat%2Fx/latest/badge"
    assert _seen(broker, branch) == ("Foo/Bar feat/x pact", "failed")


def test_badges_tell_whether_a_head_can_be_deployed_or_merged(broker: Broker) -> None:
    uat = broker.environment("uat")
    sha = broker.publish("Foo", "1", branch="main", tags=["dev"])
    broker.put_on_branch("Bar", "10", "main")
    broker.client.put("/pacticipants/Bar/versions/10/tags/prod", json={})
    broker.deploy("Bar", "10", uat)
    deploy = "/pacticipants/Foo/branches/main/latest-version/can-i-deploy/to-environment/uat/badge.svg"
    tagged = "/pacticipants/Foo/latest-version/dev/can-i-deploy/to/prod/badge"
    merge = "/pacticipants/Foo/main-branch/can-i-merge/badge.svg"
    asked = (deploy, tagged, merge)
    assert [_seen(broker, path).status for path in asked] == ["unknown"] * 3
    broker.verify("Foo", sha, "10")
    assert [_seen(broker, path) for path in asked] == [
        ("Foo main to uat", "yes"),
        ("Foo dev to prod", "yes"),
        ("Foo can merge", "yes"),
    ]
    broker.verify("Foo", sha, "10", success=False)
    assert [_seen(broker, path).status for path in asked] == ["no"] * 3


@pytest.mark.parametrize(
    "path",
    [
        "/pacts/provider/No/consumer/Body/latest/badge",
        "/pacticipants/Nobody/main-branch/can-i-merge/badge",
        "/pacticipants/Foo/branches/gone/latest-version/can-i-deploy/to-environment/uat/badge",
        "/pacticipants/Foo/branches/main/latest-version/can-i-deploy/to-environment/nowhere/badge",
    ],
)
def test_what_is_not_known_is_a_badge_that_says_so(broker: Broker, path: str) -> None:
    broker.publish("Foo", "1", branch="main")
    assert _seen(broker, path).status == "unknown"


def test_a_badge_is_a_badge_also_for_a_browser_that_opens_it(broker: Broker) -> None:
    reply = broker.client.get("/pacts/provider/Bar/consumer/Foo/latest/badge.svg", headers={"Accept": "text/html,*/*"})
    assert (reply.status_code, reply.headers["content-type"].partition(";")[0]) == (200, "image/svg+xml")


def test_a_badge_takes_a_label_and_initials(broker: Broker) -> None:
    path = "/pacts/provider/items-api/consumer/WebShop/latest/badge"
    assert _seen(broker, f"{path}?initials=true").label == "ws/ia pact"
    assert _seen(broker, f"{path}?label=<b>%26+mine").label == "<b>& mine"


def test_a_badge_that_a_reader_has_is_not_sent_again(broker: Broker) -> None:
    first = broker.client.get("/pacticipants/Nobody/main-branch/can-i-merge/badge")
    again = broker.client.get(first.url.path, headers={"If-None-Match": first.headers["etag"]})
    assert (first.headers["cache-control"], again.status_code, again.content) == ("no-cache", 304, b"")


@given(st.text(max_size=120), st.text(max_size=40))
@settings(max_examples=60, deadline=None)
def test_a_badge_is_well_formed_whatever_it_says(label: str, status: str) -> None:
    ET.fromstring(Badge(label, status, "good").svg())  # noqa: S314 - our own answer


@pytest.mark.parametrize(
    ("name", "short"), [("web-shop", "ws"), ("WebShop", "ws"), ("API", "a"), ("items api v2", "iav"), ("--", "--")]
)
def test_initials_are_of_the_words(name: str, short: str) -> None:
    assert initials(name) == short


def test_the_letters_of_a_badge_have_the_room_that_they_need(page: Page) -> None:
    text = "web-shop/catalogue-api pact (WQ@) ilj 100%"
    measured = page.evaluate(
        "text => { const c = document.createElement('canvas').getContext('2d');"
        " c.font = '11px Verdana, \"DejaVu Sans\"'; return c.measureText(text).width }",
        text,
    )
    assert measured <= width(text) <= measured * 1.15
