"""The proof that a bundle says what its sources say, with prance as the judge.

prance validates both and resolves every reference in both; the results must be equal, but for what bundling is about:
more components, and where a discriminator's mapping or a link's operationRef points to. A recursive schema is
unrolled once on either side; what prance cuts off below that is not compared.
"""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from attrs import define, field

from contractkit import source
from contractkit.config import child_environment
from contractkit.errors import BundleError
from contractkit.source import Pointer

BACKEND = "openapi-spec-validator"
CUT = "x-contractkit-cut"


def prove(root: Path, bundle_path: Path) -> None:
    """Raises BundleError, with the JSON pointer of the first difference, unless the bundle is equal to its sources."""
    # In a process of its own, because the environment alone decides what validates: a mere installation of another
    # JSON Schema library would change the verdicts.
    answer = subprocess.run(
        [sys.executable, "-m", "contractkit.bundle_proof", str(root.absolute()), str(bundle_path.absolute())],
        env=child_environment(OPENAPI_SPEC_VALIDATOR_SCHEMA_VALIDATOR_BACKEND="jsonschema"),
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode:
        said = (answer.stdout.strip() or answer.stderr.strip()).splitlines()
        raise BundleError(f"{source.shown(bundle_path)}: {said[-1] if said else 'the proof ended early'}")


def verdict(root: Path, bundle_path: Path) -> str | None:
    """What is wrong with the bundle; None when it is equal to its sources."""
    import prance  # type: ignore[import-untyped]  # it has no type information
    from prance.util.resolver import RefResolver  # type: ignore[import-untyped]  # as above

    reading = {
        "encoding": "utf-8",
        "strict": False,  # its YAML reader takes `200:` for a number; this makes it the string that it is
        "recursion_limit": 1,
        "recursion_limit_handler": lambda _limit, _url, _path=(): {CUT: True},
    }
    path = root
    try:
        sources = prance.ResolvingParser(str(root), backend=BACKEND, **reading)
        path = bundle_path
        bundled = prance.BaseParser(str(bundle_path), backend=BACKEND, **reading)
        resolver = RefResolver(bundled.specification, bundled.url, **reading)
        resolver.resolve_references()
    except Exception as error:  # noqa: BLE001 - prance passes on whatever its parts raise
        return f"prance does not accept {path.name}: {_reason(error)}"
    return next(_Comparison().differences(sources.specification, resolver.specs, ()), None)


@define
class _Comparison:
    """Compares two trees. Resolved references are shared within a tree, so every pair of nodes is compared once."""

    compared: set[tuple[int, int]] = field(factory=set)

    def differences(self, ours: Any, bundled: Any, pointer: Pointer) -> Iterator[str]:
        match ours, bundled:
            case (Mapping(), Mapping()):
                yield from self._mappings(ours, bundled, pointer)
            case (list(), list()) if len(ours) == len(bundled):
                for index, (one, other) in enumerate(zip(ours, bundled, strict=True)):
                    yield from self.differences(one, other, (*pointer, str(index)))
            case _ if not _equal(ours, bundled):
                yield f"{_shown(pointer)} is {_brief(bundled)} here and {_brief(ours)} in the sources"

    def _mappings(self, ours: Mapping[str, Any], bundled: Mapping[str, Any], pointer: Pointer) -> Iterator[str]:
        pair = id(ours), id(bundled)
        if pair in self.compared or CUT in ours or CUT in bundled:
            return
        self.compared.add(pair)
        for name in ours:
            if name not in bundled:
                yield f"{_shown((*pointer, name))} is missing"
            elif not _is_location(pointer, name):
                yield from self.differences(ours[name], bundled[name], (*pointer, name))
        if _may_grow(pointer):
            return
        yield from (f"{_shown((*pointer, name))} is not in the sources" for name in bundled if name not in ours)


def _is_location(pointer: Pointer, name: str) -> bool:
    """Values that say where something is, which is what bundling changes."""
    return name == "operationRef" or (name == "mapping" and pointer[-1:] == ("discriminator",))


def _may_grow(pointer: Pointer) -> bool:
    return pointer == () or (pointer[0] == "components" and len(pointer) <= 2)


def _equal(ours: Any, bundled: Any) -> bool:
    return (type(ours) is type(bundled) and ours == bundled) or _instant(ours) == _instant(bundled) is not None


def _instant(value: Any) -> datetime | None:
    """prance's YAML reader takes an unquoted instant of the sources for one; the bundle has it quoted."""
    try:
        return datetime.fromisoformat(str(value))
    except ValueError:
        return None


def _reason(error: Exception) -> str:
    """What a validator said, without the schema and the instance that it would print in full."""
    from jsonschema.exceptions import ValidationError

    closest = error.__cause__ or error.__context__
    if not isinstance(closest, ValidationError):
        return _brief(error)
    while closest.context:  # of the alternatives that failed, the one that got furthest is the one that was meant
        closest = max(closest.context, key=lambda each: len(each.absolute_path))
    return f"{_shown(tuple(map(str, closest.absolute_path)))}: {_brief(closest.message)}"


def _shown(pointer: Pointer) -> str:
    return f"#{source.pointer(pointer)}"


def _brief(value: object) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= 200 else f"{text[:200]}..."


if __name__ == "__main__":
    found = verdict(Path(sys.argv[1]), Path(sys.argv[2]))
    if found:
        print(found)  # noqa: T201 - this is what `prove` reads
        sys.exit(1)
