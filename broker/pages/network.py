"""The network of applications as a picture: who consumes what, and how each integration stands."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from attrs import frozen

from broker.call import Call, Reply, Route
from broker.pages.layering import Arrow, Layout, Slot, laid_out
from broker.pages.render import page
from broker.pages.standing import Standing, standings
from broker.query import value
from broker.store import contracts

MOST_DRAWN = 400  # integrations: beyond, nobody could read the picture
_HEIGHT, _GAP = 34.0, 18.0
_WIDTH, _MARGIN = 184.0, 20.0
_LEAST_BETWEEN, _MOST_BETWEEN = 80.0, 200.0
_LETTERS = 22
_ROW = 1300.0  # what a wide page shows without scrolling


@frozen
class Node:
    """A box with its upper left corner at `x`, `y`; `label` is the name, cut to fit."""

    name: str
    label: str
    x: float
    y: float
    width: float = _WIDTH
    height: float = _HEIGHT


@frozen
class Edge:
    """A line and the point of its arrow, both SVG path data; `middle` is where a mark may stand."""

    consumer: str
    provider: str
    kind: str
    path: str
    head: str
    middle: tuple[float, float]


@frozen
class Drawing:
    width: float
    height: float
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


def drawn(kinds: Mapping[Arrow, str]) -> Drawing:
    """The picture of these integrations: (consumer, provider) -> how it stands, a key of `pieces.STATUSES`.

    Applications that hang together stand together; the groups stand in rows, the larger ones first.
    """
    nodes: list[Node] = []
    edges: list[Edge] = []
    left = top = bottom = _MARGIN
    for group in _groups(kinds):
        layout = laid_out(group, _HEIGHT, _GAP)
        alone = sorted({name for arrow in group for name in arrow}) if not layout.layers else []
        # Many lines need room to part from each other.
        step = _WIDTH + min(_MOST_BETWEEN, _LEAST_BETWEEN + len(group))
        width = max(0, len(layout.layers) - 1) * step + _WIDTH
        if left + width > _ROW:
            left, top = _MARGIN, bottom
        origin = (left, top)
        boxes = _boxes(layout, alone, origin, step)
        nodes += boxes.values()
        edges += _lines(group, layout, boxes, kinds, origin, step)
        left += width + step - _WIDTH
        bottom = max(bottom, top + max(layout.ys.values(), default=0) + _HEIGHT + 2 * _GAP + _MARGIN)
    right = max((node.x + node.width for node in nodes), default=0.0)
    return Drawing(right + 2 * _MARGIN, bottom - _GAP, tuple(nodes), tuple(edges))


def _groups(arrows: Iterable[Arrow]) -> list[list[Arrow]]:
    group_of: dict[str, set[str]] = {}
    for one, other in sorted(arrows):
        merged = group_of.setdefault(one, {one}) | group_of.setdefault(other, {other})
        for name in merged:
            group_of[name] = merged
    found: dict[tuple[str, ...], list[Arrow]] = {}
    for arrow in sorted(arrows):
        found.setdefault(tuple(sorted(group_of[arrow[0]])), []).append(arrow)
    return sorted(found.values(), key=lambda group: (-len(group), [_counting(one + other) for one, other in group]))


def _counting(name: str) -> tuple[str | int, ...]:
    """To sort by: app-2 before app-10."""
    return tuple(int(part) if index % 2 else part for index, part in enumerate(re.split(r"(\d+)", name)))


def _boxes(layout: Layout, alone: Sequence[str], origin: tuple[float, float], step: float) -> dict[str, Node]:
    places = {
        slot[0]: (origin[0] + index * step, origin[1] + layout.ys[slot])
        for index, layer in enumerate(layout.layers)
        for slot in layer
        if not slot[1]
    } or dict.fromkeys(alone, origin)
    return {name: Node(name, _label(name), round(x, 1), round(y, 1)) for name, (x, y) in places.items()}


def _label(name: str) -> str:
    return name if len(name) <= _LETTERS else f"{name[: _LETTERS - 1]}…"


def _lines(
    group: Sequence[Arrow],
    layout: Layout,
    boxes: Mapping[str, Node],
    kinds: Mapping[Arrow, str],
    origin: tuple[float, float],
    step: float,
) -> list[Edge]:
    ports = _ports(layout, boxes)
    found = []
    for arrow in group:
        if arrow[0] == arrow[1]:
            found.append(_loop(boxes[arrow[0]], kinds[arrow]))
            continue
        chain = layout.chains[arrow]
        points = [(boxes[chain[0][0]].x + _WIDTH, ports[arrow, chain[0]])]
        for slot in chain[1:-1]:
            x = origin[0] + slot[2] * step
            y = origin[1] + layout.ys[slot] + _HEIGHT / 2
            points += [(x, y), (x + _WIDTH, y)]
        if chain[0][2] == chain[-1][2]:
            found.append(_arc(arrow, kinds[arrow], points[0], ports[arrow, chain[-1]], (step - _WIDTH) * 0.75))
            continue
        points.append((boxes[chain[-1][0]].x, ports[arrow, chain[-1]]))
        found.append(_edge(arrow, kinds[arrow], points, backward=arrow in layout.backward))
    return found


def _ports(layout: Layout, boxes: Mapping[str, Node]) -> dict[tuple[Arrow, Slot], float]:
    """Where on the side of its box each line ends: in the order of what they lead to, so that they do not cross."""
    sides: dict[tuple[Slot, bool], list[tuple[float, Arrow]]] = {}
    for arrow, chain in layout.chains.items():
        level = chain[0][2] == chain[-1][2]
        sides.setdefault((chain[0], True), []).append((layout.ys[chain[1]], arrow))
        sides.setdefault((chain[-1], level), []).append((layout.ys[chain[-2]], arrow))
    found = {}
    for (slot, _), ends in sides.items():
        box = boxes[slot[0]]
        for index, (_, arrow) in enumerate(sorted(ends), 1):
            found[arrow, slot] = round(box.y + box.height * index / (len(ends) + 1), 1)
    return found


def _edge(arrow: Arrow, kind: str, points: Sequence[tuple[float, float]], *, backward: bool) -> Edge:
    parts = [f"M{points[0][0]:g} {points[0][1]:.1f}"]
    for index, ((x0, y0), (x1, y1)) in enumerate(pairwise(points)):
        if index % 2:  # across a layer, beside its boxes
            parts.append(f"H{x1:g}")
        else:
            bend = (x1 - x0) * 0.5
            parts.append(f"C{x0 + bend:g} {y0:.1f} {x1 - bend:g} {y1:.1f} {x1:g} {y1:.1f}")
    (x, y), side = (points[0], 1) if backward else (points[-1], -1)
    (x0, y0), (x1, y1) = points[0], points[1]
    middle = (round((x0 + x1) / 2, 1), round((y0 + y1) / 2, 1))
    return Edge(*arrow, kind, "".join(parts), f"M{x:g} {y:.1f}l{8 * side} -4v8z", middle)


def _arc(arrow: Arrow, kind: str, start: tuple[float, float], y1: float, most: float) -> Edge:
    """Between two boxes of one layer, on their right."""
    x, y0 = start
    bulge = round(min(most, 20 + abs(y1 - y0) / 5), 1)
    path = f"M{x:g} {y0:.1f}c{bulge:g} 0 {bulge:g} {y1 - y0:.1f} 0 {y1 - y0:.1f}"
    return Edge(*arrow, kind, path, f"M{x:g} {y1:.1f}l8 -4v8z", (round(x + bulge * 0.75, 1), round((y0 + y1) / 2, 1)))


def _loop(box: Node, kind: str) -> Edge:
    """From the right side of a box over its upper corner back into its top."""
    x, y = box.x + box.width, box.y
    path = f"M{x:g} {y + 10:.1f}c22 0 22 -26 -6 -26h-14c-10 0 -12 6 -12 14"
    return Edge(box.name, box.name, kind, path, f"M{x - 32:g} {y:.1f}l-4 -8h8z", (x + 8, y - 8))


def network(call: Call) -> Reply:
    search = (value(call.query, "search") or "").strip()
    with call.database.read() as tx:
        every = standings(tx, contracts.latest_pacts(tx))
    needle = search.casefold()
    found = [of for of in every if needle in of.pact.consumer.casefold() or needle in of.pact.provider.casefold()]
    return page(call, "network.html", found=found, drawing=picture(found), search=search, total=len(every))


def picture(of: Sequence[Standing]) -> Drawing | None:
    """None when there is nothing to draw, or too much."""
    if not 0 < len(of) <= MOST_DRAWN:
        return None
    return drawn({(one.pact.consumer, one.pact.provider): one.kind for one in of})


ROUTES: tuple[Route, ...] = (("GET", "/network", network),)
