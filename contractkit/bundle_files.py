"""The files of a spec, and where a reference in one of them leads."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from attrs import field, frozen

from contractkit import source
from contractkit.errors import BundleError
from contractkit.source import Pointer, Source


@frozen
class Place:
    """A node of a file."""

    path: Path
    pointer: Pointer = ()

    def below(self, *tokens: str) -> "Place":
        return Place(self.path, self.pointer + tokens)

    @property
    def name(self) -> str:
        """What its source calls it: its key or, for a whole file, the file's name."""
        return self.pointer[-1] if self.pointer else self.path.stem


@frozen
class Files:
    """Every file that was met, read once."""

    sources: dict[Path, Source] = field(factory=dict)

    def at(self, place: Place) -> str:
        """`file:line`, for messages."""
        found = self.sources.get(place.path)
        return found.at(place.pointer) if found else source.shown(place.path)

    def node(self, place: Place) -> Any:
        """What stands at a place that `resolve` returned, or below it."""
        node = self._read(place.path).value
        for token in place.pointer:
            node = source.child(node, token)
        return node

    def resolve(self, reference: str, place: Place) -> Place:
        """Where a reference that stands at `place` leads.

        A target that is nothing but a reference to something of the same name is taken for that thing, so that an index
        file adds no names. Raises BundleError where the reference leads nowhere, in a circle or to another machine.
        """
        found = self._target(reference, place)
        seen = [found]
        while inner := referred(self.node(found)):
            further = self._target(inner, found)
            if further in seen:
                raise BundleError(f"{self.at(place)}: the reference {reference} goes in a circle")
            if further.name != found.name or further.path == found.path:
                break
            seen.append(found := further)
        return found

    def _target(self, reference: str, place: Place) -> Place:
        path, pointer = self._split(reference, place)
        if path not in self.sources and not path.is_file():
            raise BundleError(f"{self.at(place)}: the reference {reference} leads to no file")
        found, node = Place(path), self._read(path).value
        for token in pointer:
            while inner := referred(node):  # on the way to a part, a reference is what it refers to
                found = self.resolve(inner, found)
                node = self.node(found)
            try:
                node = source.child(node, token)
            except LookupError:
                raise BundleError(f"{self.at(place)}: the reference {reference} leads nowhere") from None
            found = found.below(token)
        return found

    def _split(self, reference: str, place: Place) -> tuple[Path, Pointer]:
        file, _, fragment = reference.partition("#")
        if "://" in file:
            raise BundleError(f"{self.at(place)}: {reference} is on another machine; keep a copy beside the spec")
        if fragment and not fragment.startswith("/"):
            raise BundleError(f"{self.at(place)}: {reference} must name its target by a JSON pointer")
        if not file:
            return place.path, source.tokens(fragment)
        return Path(os.path.normpath(place.path.parent / unquote(file))), source.tokens(fragment)

    def _read(self, path: Path) -> Source:
        if path not in self.sources:
            self.sources[path] = source.read(path)
        return self.sources[path]


def referred(node: Any) -> str | None:
    """The reference that a node consists of."""
    reference = node.get("$ref") if isinstance(node, Mapping) else None
    return reference if isinstance(reference, str) else None
