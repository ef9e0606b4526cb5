"""Pact files on their way from the consumers' tests to the broker: merged, counted, given a version."""

import hashlib
import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson
from attrs import frozen

from contractkit.errors import PactError
from contractkit.process import unique_folder

Interaction = Mapping[str, Any]


@frozen
class Pact:
    """A merged pact file: who asks, who answers, and how many interactions they agreed on."""

    path: Path
    consumer: str
    provider: str
    interactions: int


def merge(parts: Sequence[Path], target: Path) -> list[Pact]:
    """Merges part files into one `<consumer>-<provider>.json` each and replaces the folder `target` with them.

    Interactions are ordered by description and provider states, so the same tests give the same bytes. Raises
    PactError when two parts describe one interaction (same description and states) differently; `target` is then
    left as it was.
    """
    merged: dict[tuple[str, str], dict[str, Interaction]] = {}
    heads: dict[tuple[str, str], dict[str, Any]] = {}
    for part in parts:
        content = orjson.loads(part.read_bytes())
        pair = (content["consumer"]["name"], content["provider"]["name"])
        heads.setdefault(pair, content)
        for interaction in content["interactions"]:
            _add(merged.setdefault(pair, {}), interaction, pair[0])
    fresh = unique_folder(target.parent, "pacts")
    for pair, interactions in sorted(merged.items()):
        content = {**heads[pair], "interactions": [interactions[key] for key in sorted(interactions)]}
        text = orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)
        (fresh / f"{pair[0]}-{pair[1]}.json").write_bytes(text)
    replace_folder(fresh, target)
    return read(target)


def read(folder: Path) -> list[Pact]:
    """The pacts in a folder, by consumer. Raises PactError when there are none or a file is not a pact."""
    found = []
    for path in sorted(folder.glob("*.json")):
        try:
            content = orjson.loads(path.read_bytes())
            names = content["consumer"]["name"], content["provider"]["name"]
            found.append(Pact(path, *names, len(content["interactions"])))
        except (orjson.JSONDecodeError, KeyError, TypeError) as error:
            raise PactError(f"{path} is not a pact file: {error}") from error
    if not found:
        raise PactError(f"no pacts in {folder}; run `make pacts` first")
    return found


def version(root: Path) -> str:
    """The version under which this checkout is published: the commit, and a digest of what is not committed.

    Changing any file changes the version, so a broker is never told two contents under one version. Without git, as in
    an unpacked archive, it is a digest of the files alone.
    """
    commit = _git(root, "rev-parse", "--short=12", "HEAD").strip()
    if not commit:
        return f"files-{_digest(root)}"
    changes = _git(root, "diff", "HEAD") if _git(root, "status", "--porcelain") else ""
    new = _git(root, "ls-files", "--others", "--exclude-standard").splitlines()
    if not changes and not new:
        return commit
    digest = hashlib.sha256(changes.encode())
    for name in new:
        digest.update(name.encode())
        if (root / name).is_file():  # git names a link to a folder like a file
            digest.update((root / name).read_bytes())
    return f"{commit}-dirty-{digest.hexdigest()[:8]}"


def branch(root: Path) -> str:
    """The branch that is checked out; `main` for a detached checkout, as CI makes it, and without git."""
    name = _git(root, "rev-parse", "--abbrev-ref", "HEAD").strip()
    return "main" if name in ("HEAD", "") else name


def replace_folder(fresh: Path, target: Path) -> None:
    """Puts the folder `fresh` in the place of `target`; a reader finds the old or the new one whole."""
    old = unique_folder(target.parent, "old")
    with suppress(FileNotFoundError):  # there was none, or another run is replacing it this moment
        target.rename(old / target.name)
    try:
        fresh.rename(target)
    except OSError:  # another run was faster: the newer of two complete folders stands
        shutil.rmtree(fresh)
    shutil.rmtree(old)


def _add(known: dict[str, Interaction], interaction: Interaction, consumer: str) -> None:
    states = interaction.get("providerStates", [])
    key = orjson.dumps([interaction["description"], states], option=orjson.OPT_SORT_KEYS).decode()
    before = known.setdefault(key, interaction)
    if before != interaction:
        names = " and ".join(repr(state["name"]) for state in states) or "no state"
        raise PactError(
            f"{consumer} describes {interaction['description']!r} with {names} in two ways; "
            "give one of the two interactions another description"
        )


def _git(root: Path, *arguments: str) -> str:
    """What git says; nothing where there is no git, or no checkout."""
    try:
        return subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return ""


def _digest(root: Path) -> str:
    found = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        parts = path.relative_to(root).parts
        if path.is_file() and parts[0] != "reports" and not any(p[0] == "." or p == "__pycache__" for p in parts):
            found.update(path.relative_to(root).as_posix().encode() + path.read_bytes())
    return found.hexdigest()[:12]


def summary(found: Iterable[Pact]) -> str:
    """`5 pacts, 31 interactions`."""
    listed = list(found)
    return f"{len(listed)} pacts, {sum(pact.interactions for pact in listed)} interactions"
