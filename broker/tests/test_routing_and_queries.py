from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.errors import InvalidError
from broker.hal.urls import segment
from broker.query import Metadata, decode_metadata, encode_metadata, nested, pairs
from broker.routes import ROUTES
from broker.routing import Router

_ROUTER = Router(
    [
        ("GET", "/things/latest", "latest"),
        ("GET", "/things/{name}", "one"),
        ("PUT", "/things/{name}", "put"),
        ("GET", "/things/{name}/parts/{part}", "part"),
        ("GET", "/things/latest/parts", "latest parts"),
    ]
)


def test_a_literal_segment_wins_over_a_parameter() -> None:
    match = _ROUTER.match("GET", b"/things/latest")
    assert match is not None
    assert match.handler == "latest"


def test_a_dead_end_behind_a_literal_falls_back_to_the_parameter() -> None:
    match = _ROUTER.match("GET", b"/things/latest/parts/7")
    assert match is not None
    assert (match.handler, match.params) == ("part", {"name": "latest", "part": "7"})


@given(st.text(min_size=1).filter(lambda text: "\x00" not in text and text != "latest"))
def test_any_name_is_one_segment(name: str) -> None:
    match = _ROUTER.match("GET", f"/things/{segment(name)}".encode())
    assert match is not None
    assert match.params == {"name": name}


def test_a_path_without_this_method_tells_which_methods_it_has() -> None:
    match = _ROUTER.match("DELETE", b"/things/a")
    assert match is not None
    assert (match.handler, match.allowed) == (None, ("GET", "PUT"))


def test_an_unknown_path_matches_nothing() -> None:
    assert _ROUTER.match("GET", b"/things") is None
    assert _ROUTER.match("GET", b"/things/a/parts") is None
    assert _ROUTER.match("GET", b"/things//parts/1") is None


@pytest.mark.parametrize("path", [b"/things/%ff", b"/things/%00"])
def test_a_segment_that_is_not_text_is_refused(path: bytes) -> None:
    with pytest.raises(InvalidError):
        _ROUTER.match("GET", path)


def test_no_route_stands_twice_in_the_table() -> None:
    Router(ROUTES)


def test_a_repeated_key_starts_the_next_selector() -> None:
    query = "q[][pacticipant]=Foo&q[][version]=1&latestby=cvpv&q[][pacticipant]=Bar&q%5B%5D%5Blatest%5D=true"
    assert nested(pairs(query), "q") == [
        {"pacticipant": "Foo", "version": "1"},
        {"pacticipant": "Bar", "latest": "true"},
    ]


@given(st.booleans(), st.lists(st.integers(0, 10**9), max_size=4), st.text(max_size=8))
def test_metadata_survives_the_url(wip: bool, ids: list[int], branch: str) -> None:
    selectors = tuple((("b", branch), ("cv", str(id_))) for id_ in ids)
    found = decode_metadata(encode_metadata(Metadata(wip=wip, selectors=selectors)))
    assert (found.wip, found.consumer_version_ids) == (wip, tuple(ids))


@pytest.mark.parametrize("text", ["@@@", "a", "\xe9", "/w8"])
def test_metadata_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(InvalidError):
        decode_metadata(text)
