"""A directed graph laid out in layers from left to right, the same for the same graph every time.

Each arrow leads at least one layer to the right, but for those that close a cycle. Where that would take too many
layers, nodes stand as near to it as they can, and a few arrows stay within their layer. An arrow over several layers
has a slot in each layer between, so that it passes beside what stands there and not through it.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from attrs import field, frozen

_SWEEPS = 12
_SETTLING = 16
_MOST_LAYERS = 7
_ROUNDS = 60

Arrow = tuple[str, str]
Slot = tuple[str, str, int]  # a node (name, "", layer), or the place of an arrow (from, to, layer)


@frozen
class Layout:
    """`layers` from left to right, each from top to bottom; `ys` the middle of each slot; `chains` the slots of each
    arrow from left to right, which for an arrow in `backward` is against its direction, and for one that stays in
    its layer just its two ends."""

    layers: tuple[tuple[Slot, ...], ...]
    ys: Mapping[Slot, float]
    chains: Mapping[Arrow, tuple[Slot, ...]]
    backward: frozenset[Arrow]


@frozen
class _Graph:
    """Without cycles: arrows in `backward` are turned round."""

    after: dict[str, list[str]] = field(factory=dict)
    before: dict[str, list[str]] = field(factory=dict)

    def add(self, left: str, right: str) -> None:
        self.after.setdefault(left, []).append(right)
        self.before.setdefault(right, []).append(left)


def laid_out(arrows: Iterable[Arrow], height: float, gap: float) -> Layout:
    """Nodes are `height` high and `gap` apart; arrows from a node to itself are not part of this."""
    between = sorted({arrow for arrow in arrows if arrow[0] != arrow[1]})
    names = sorted({name for arrow in between for name in arrow})
    closing = _closing_cycles(names, between)
    graph = _Graph()
    for left, right in sorted({_turned(arrow, closing) for arrow in between}):
        graph.add(left, right)
    depth = _depths(names, graph)
    if max(depth.values(), default=0) >= _MOST_LAYERS:
        depth = _near_depths(names, graph)
    backward = {arrow for arrow in between if depth[arrow[0]] > depth[arrow[1]]}
    chains = {arrow: _chain(arrow, depth, backward) for arrow in between}
    crossing = [chain for chain in chains.values() if chain[0][2] < chain[-1][2]]
    layers = _ordered(_initial(names, depth, crossing), crossing)
    ys = _settled(layers, crossing, height, gap)
    return Layout(tuple(tuple(layer) for layer in layers), ys, chains, frozenset(backward))


def _turned(arrow: Arrow, backward: Iterable[Arrow]) -> Arrow:
    return (arrow[1], arrow[0]) if arrow in backward else arrow


def _closing_cycles(names: Sequence[str], arrows: Sequence[Arrow]) -> set[Arrow]:
    """The arrows that lead back to where a walk in depth came from."""
    after: dict[str, list[str]] = {}
    targets = {right for _, right in arrows}
    for left, right in arrows:
        after.setdefault(left, []).append(right)
    found: set[Arrow] = set()
    done: set[str] = set()
    # Whoever nobody leads to begins: walks from there find the direction that most arrows share.
    for start in sorted(names, key=lambda name: (name in targets, name)):
        if start in done:
            continue
        path, walk = {start}, [(start, iter(after.get(start, ())))]
        while walk:
            name, rest = walk[-1]
            following = next(rest, None)
            if following is None:
                walk.pop()
                path.discard(name)
                done.add(name)
            elif following in path:
                found.add((name, following))
            elif following not in done:
                path.add(following)
                walk.append((following, iter(after.get(following, ()))))
    return found


def _depths(names: Sequence[str], graph: _Graph) -> dict[str, int]:
    """The longest way from the left; who has nobody to the left moves as far right as its arrows let it."""
    missing = {name: len(graph.before.get(name, ())) for name in names}
    ready = [name for name in names if not missing[name]]
    depth = dict.fromkeys(ready, 0)
    for name in ready:
        for following in graph.after.get(name, ()):
            depth[following] = max(depth.get(following, 0), depth[name] + 1)
            missing[following] -= 1
            if not missing[following]:
                ready.append(following)
    for name in names:
        if not graph.before.get(name):
            depth[name] = min(depth[following] for following in graph.after[name]) - 1
    return depth


def _near_depths(names: Sequence[str], graph: _Graph) -> dict[str, int]:
    """Each node as near as can be to one layer right of those before it and one left of those after it."""
    rank = {name: float(depth) for name, depth in _depths(names, graph).items()}
    for _ in range(_ROUNDS):
        for name in names:
            wished = [rank[one] + 1 for one in graph.before.get(name, ())]
            wished += [rank[one] - 1 for one in graph.after.get(name, ())]
            rank[name] = sum(wished) / len(wished)
    used = sorted({round(value) for value in rank.values()})
    return {name: used.index(round(value)) for name, value in rank.items()}


def _chain(arrow: Arrow, depth: Mapping[str, int], backward: Iterable[Arrow]) -> tuple[Slot, ...]:
    left, right = _turned(arrow, backward)
    middle = [(*arrow, layer) for layer in range(depth[left] + 1, depth[right])]
    return ((left, "", depth[left]), *middle, (right, "", depth[right]))


def _initial(names: Sequence[str], depth: Mapping[str, int], chains: Iterable[Sequence[Slot]]) -> list[list[Slot]]:
    layers: list[list[Slot]] = [[] for _ in range(1 + max(depth.values(), default=-1))]
    for name in names:
        layers[depth[name]].append((name, "", depth[name]))
    for chain in chains:
        for slot in chain[1:-1]:
            layers[slot[2]].append(slot)
    return layers


def _neighbours(chains: Iterable[Sequence[Slot]]) -> tuple[dict[Slot, list[Slot]], dict[Slot, list[Slot]]]:
    """To the left and to the right of each slot."""
    left: dict[Slot, list[Slot]] = {}
    right: dict[Slot, list[Slot]] = {}
    for chain in chains:
        for one, other in pairwise(chain):
            right.setdefault(one, []).append(other)
            left.setdefault(other, []).append(one)
    return left, right


def _ordered(layers: list[list[Slot]], chains: Sequence[Sequence[Slot]]) -> list[list[Slot]]:
    """The order within each layer with the fewest crossings that sweeping to and fro comes across."""
    left, right = _neighbours(chains)
    best, fewest = [list(layer) for layer in layers], _crossings(layers, right)
    for sweep in range(_SWEEPS):
        forward = sweep % 2 == 0
        beside = left if forward else right
        for layer in layers if forward else reversed(layers):
            place = {slot: index for other in layers for index, slot in enumerate(other)}
            layer.sort(key=lambda slot: (_mean([place[one] for one in beside.get(slot, ())], place[slot]), slot))
        crossings = _crossings(layers, right)
        if crossings < fewest:
            best, fewest = [list(layer) for layer in layers], crossings
    return best


def _mean(places: Sequence[float], otherwise: float) -> float:
    return sum(places) / len(places) if places else otherwise


def _crossings(layers: Sequence[Sequence[Slot]], right: Mapping[Slot, Sequence[Slot]]) -> int:
    count = 0
    for layer, following in pairwise(layers):
        place = {slot: index for index, slot in enumerate(following)}
        seen: list[int] = []
        for slot in layer:
            ends = [place[other] for other in right.get(slot, ())]
            count += sum(len(seen) - bisect_left(seen, end + 1) for end in ends)
            for end in ends:
                insort(seen, end)
    return count


def _settled(
    layers: Sequence[Sequence[Slot]], chains: Sequence[Sequence[Slot]], height: float, gap: float
) -> dict[Slot, float]:
    """Each slot near the middle of its neighbours, as far as the distance to the next one lets it."""
    left, right = _neighbours(chains)
    offsets = [_offsets(layer, height, gap) for layer in layers]
    ys = {slot: y for layer, own in zip(layers, offsets, strict=True) for slot, y in zip(layer, own, strict=True)}
    for turn in range(_SETTLING):
        order = range(len(layers)) if turn % 2 == 0 else range(len(layers) - 1, -1, -1)
        for index in order:
            layer = layers[index]
            wished = [_mean([ys[one] for one in (*left.get(s, ()), *right.get(s, ()))], ys[s]) for s in layer]
            free = _ascending([wish - offset for wish, offset in zip(wished, offsets[index], strict=True)])
            ys.update(zip(layer, (y + offset for y, offset in zip(free, offsets[index], strict=True)), strict=True))
    top = min(ys.values(), default=0)
    return {slot: y - top for slot, y in ys.items()}


def _offsets(layer: Sequence[Slot], height: float, gap: float) -> list[float]:
    """How far below the first slot each one is at least; an arrow that passes needs no height of its own."""
    found, y = [], 0.0
    for index, slot in enumerate(layer):
        if index:
            above = layer[index - 1]
            y += gap + (height if not above[1] else 0) / 2 + (height if not slot[1] else 0) / 2
        found.append(y)
    return found


def _ascending(wished: Sequence[float]) -> list[float]:
    """The nearest values, by least squares, that never fall."""
    pools: list[tuple[float, int]] = []
    for wish in wished:
        pools.append((wish, 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (second, n), (first, m) = pools.pop(), pools.pop()
            pools.append(((first * m + second * n) / (m + n), m + n))
    return [value for value, count in pools for _ in range(count)]
