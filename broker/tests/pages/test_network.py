"""The picture of the network, whatever the network."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from broker.pages.network import Drawing, Node, drawn

_NAMES = st.integers(0, 25).map(lambda number: f"app-{number}")
_KINDS = st.sampled_from(["verified", "failed", "changed", "unverified", "compared", "compared-failed"])
_NETWORKS = st.dictionaries(st.tuples(_NAMES, _NAMES), _KINDS, max_size=60)


def _apart(one: Node, other: Node) -> bool:
    return (
        one.x + one.width <= other.x
        or other.x + other.width <= one.x
        or one.y + one.height <= other.y
        or other.y + other.height <= one.y
    )


def _box(drawing: Drawing, name: str) -> Node:
    return next(node for node in drawing.nodes if node.name == name)


@settings(max_examples=60, deadline=None)
@given(_NETWORKS)
def test_every_application_and_line_is_drawn_once_within_the_picture_and_no_boxes_overlap(
    network: dict[tuple[str, str], str],
) -> None:
    drawing = drawn(network)
    assert sorted({name for pair in network for name in pair}) == sorted(node.name for node in drawing.nodes)
    assert {(edge.consumer, edge.provider): edge.kind for edge in drawing.edges} == network
    assert len(drawing.edges) == len(network)
    assert all(_apart(one, other) for one, other in combinations(drawing.nodes, 2))
    for node in drawing.nodes:
        assert node.x >= 0
        assert node.y >= 0
        assert node.x + node.width <= drawing.width
        assert node.y + node.height <= drawing.height


@settings(max_examples=20, deadline=None)
@given(_NETWORKS)
def test_the_same_network_gives_the_same_picture_in_whatever_order_it_is_told(
    network: dict[tuple[str, str], str],
) -> None:
    assert drawn(network) == drawn(dict(reversed(network.items())))


def test_providers_stand_to_the_right_of_their_consumers() -> None:
    drawing = drawn({("web", "orders"): "verified", ("orders", "ledger"): "verified", ("web", "ledger"): "failed"})
    assert _box(drawing, "web").x < _box(drawing, "orders").x < _box(drawing, "ledger").x


def test_parts_that_have_nothing_to_do_with_each_other_stand_side_by_side_in_the_order_of_their_numbers() -> None:
    drawing = drawn({(f"app-{number}", f"api-{number}"): "verified" for number in range(1, 13)})
    apps = sorted((node.y, node.x, node.name) for node in drawing.nodes if node.name.startswith("app"))
    assert [name for _, _, name in apps] == [f"app-{number}" for number in range(1, 13)]
    assert len({y for y, _, _ in apps}) == 6


def test_a_cycle_and_a_pact_with_oneself_are_drawn_too() -> None:
    drawing = drawn({("a", "b"): "verified", ("b", "a"): "failed", ("c", "c"): "verified"})
    assert len({edge.path for edge in drawing.edges}) == 3


def test_a_long_chain_of_cycles_stays_within_a_readable_width() -> None:
    names = [f"service-{number:02}" for number in range(60)]
    network = {
        (one, other): "verified" for one, other in combinations(names, 2) if (ord(one[-1]) + ord(other[-1])) % 5 == 0
    }
    assert len({node.x for node in drawn(network).nodes}) <= 12
