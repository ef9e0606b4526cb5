"""Consumer version selectors: which consumers' pacts a provider wants to verify."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import define, frozen
from sqlalchemy import Connection

from broker.errors import InvalidError
from broker.model import Pacticipant
from broker.store import branching, contracts, environments

_MOST = 500  # each costs queries of its own
_MOST_FAULTS = 100
_TEXTS = {
    "consumer": "consumer",
    "tag": "tag",
    "fallbackTag": "fallback_tag",
    "branch": "branch",
    "fallbackBranch": "fallback_branch",
    "environment": "environment",
}
_FLAGS = {
    "latest": "latest",
    "mainBranch": "main_branch",
    "matchingBranch": "matching_branch",
    "deployed": "deployed",
    "released": "released",
    "deployedOrReleased": "deployed_or_released",
}

_CRITERIA = (
    "mainBranch",
    "matchingBranch",
    "branch",
    "tag",
    "latest",
    "deployed",
    "released",
    "deployedOrReleased",
    "environment",
)


@frozen
class Selector:
    consumer: str | None = None
    tag: str | None = None
    fallback_tag: str | None = None
    branch: str | None = None
    fallback_branch: str | None = None
    environment: str | None = None
    latest: bool | None = None
    main_branch: bool = False
    matching_branch: bool = False
    deployed: bool = False
    released: bool = False
    deployed_or_released: bool = False

    @property
    def by_place(self) -> bool:
        return self.deployed or self.released or self.deployed_or_released or self.environment is not None


# What a provider gets that names no selector: what its consumers are about to ship, and what they have shipped.
DEFAULT = (Selector(deployed_or_released=True), Selector(main_branch=True))


def parse(raw: object, provider_branch: str | None) -> tuple[Selector, ...]:
    """Selectors from JSON, each once.

    Raises InvalidError naming the faults and the index of the selector that has each, or when there are too many.
    """
    if raw is None:
        return ()
    if not isinstance(raw, list):
        raise InvalidError({"consumerVersionSelectors": ["must be a list"]})
    selectors, faults = [], []
    for index, item in enumerate(raw):
        selector, problems = _parse_one(item, provider_branch)
        selectors.append(selector)
        faults += [f"{problem} (at index {index})" for problem in problems]
    if faults:
        raise InvalidError({"consumerVersionSelectors": faults[:_MOST_FAULTS]})
    different = tuple(dict.fromkeys(selectors))
    if len(different) > _MOST:
        raise InvalidError({"consumerVersionSelectors": [f"must be at most {_MOST}, not {len(different)}"]})
    return different


def _parse_one(item: object, provider_branch: str | None) -> tuple[Selector, list[str]]:
    if not isinstance(item, Mapping):
        return Selector(), ["must be an object"]
    problems = [f"{key} is not a selector key" for key in item if key not in {*_TEXTS, *_FLAGS}]
    texts: dict[str, str] = {}
    for key, name in _TEXTS.items():
        value = item.get(key)
        if isinstance(value, str) and value.strip():
            texts[name] = value
        elif value is not None:
            problems.append(f"{key} must be a text that is not blank")
    flags: dict[str, bool] = {}
    for key, name in _FLAGS.items():
        value = item.get(key)
        if isinstance(value, bool):
            flags[name] = value
        elif value is not None:
            problems.append(f"{key} must be true or false")
    selector = Selector(**texts, **flags)  # type: ignore[arg-type]  # keyed by the two tables above
    return selector, problems or _contradictions(selector, provider_branch)


def _contradictions(of: Selector, provider_branch: str | None) -> list[str]:
    place = of.by_place
    named = of.tag is not None or of.branch is not None
    exclusive = [
        key
        for key, on in (("mainBranch", of.main_branch), ("matchingBranch", of.matching_branch))
        if on and (named or place or of.latest is not None or (of.main_branch and of.matching_branch))
    ]
    checks = (
        (
            not (named or place or of.latest or of.main_branch or of.matching_branch),
            f"must say which versions: {', '.join(_CRITERIA)}",
        ),
        (bool(exclusive), f"cannot combine {' or '.join(exclusive)} with any criterion apart from consumer"),
        (
            of.matching_branch and not provider_branch,
            "matchingBranch needs the providerVersionBranch to match with",
        ),
        (of.tag is not None and of.branch is not None, "cannot combine tag with branch"),
        (of.fallback_tag is not None and of.tag is None, "fallbackTag needs a tag to fall back from"),
        (of.fallback_tag is not None and not of.latest, "fallbackTag needs latest=true"),
        (of.fallback_branch is not None and of.branch is None, "fallbackBranch needs a branch to fall back from"),
        (of.fallback_branch is not None and of.latest is False, "fallbackBranch cannot be combined with latest=false"),
        (
            place and (named or of.latest is not None),
            "cannot combine deployed, released or environment with tag, branch or latest",
        ),
        (
            of.deployed + of.released + of.deployed_or_released > 1,
            "deployed, released and deployedOrReleased exclude one another",
        ),
    )
    return [message for wrong, message in checks if wrong]


@frozen
class Reason:
    """Why a version was chosen: `short` for one line, `text` to follow the version's name; `keys` for the URL."""

    short: str
    text: str
    keys: tuple[tuple[str, str], ...] = ()


@frozen
class Choice:
    version_id: int
    reason: Reason


@define
class Resolver:
    """Finds the versions that selectors mean, for one provider and its consumers."""

    tx: Connection
    provider: Pacticipant
    consumers: Mapping[int, str]
    provider_branch: str | None

    def choices(self, selectors: Sequence[Selector]) -> list[Choice]:
        """In the order of the selectors; raises InvalidError for an environment that does not exist."""
        return [choice for selector in selectors for choice in self._choose(selector)]

    def default_choices(self) -> list[Choice]:
        """As DEFAULT says; a consumer with a pact in neither is represented by its latest, rather than not at all."""
        chosen = self.choices(DEFAULT)
        return chosen + self._latest(self._without_pact(tuple(self.consumers), chosen))

    def _choose(self, selector: Selector) -> list[Choice]:
        ids = [id_ for id_, name in self.consumers.items() if selector.consumer in (None, name)]
        if selector.by_place:
            return self._in_environments(selector, ids)
        if selector.tag is not None:
            return self._tagged(selector, selector.tag, ids)
        if selector.main_branch:
            return self._heads(ids, None, "latest from main branch", "the latest version of its main branch")
        if selector.matching_branch:
            return self._head_of(ids, self.provider_branch or "")
        if selector.branch is not None:
            return self._on_branch(selector, selector.branch, ids)
        return self._latest(ids)

    def _heads(self, ids: Sequence[int], branch: str | None, short: str, text: str) -> list[Choice]:
        heads = branching.branch_heads(self.tx, ids, branch)
        keys = (("l", "true"),) if branch is None else (("b", branch), ("l", "true"))
        return [Choice(version_id, Reason(short, text, keys)) for version_id in heads.values()]

    def _head_of(self, ids: Sequence[int], branch: str) -> list[Choice]:
        return self._heads(ids, branch, f"latest from branch {branch}", f"the latest version of branch {branch}")

    def _on_branch(self, selector: Selector, branch: str, ids: Sequence[int]) -> list[Choice]:
        if selector.latest is False:
            found = branching.versions_on_branch(self.tx, ids, branch)
            reason = Reason(f"from branch {branch}", f"on branch {branch}", (("b", branch),))
            return [Choice(version_id, reason) for versions in found.values() for version_id in versions]
        chosen = self._head_of(ids, branch)
        if selector.fallback_branch is None:
            return chosen
        return chosen + self._head_of(self._without_pact(ids, chosen), selector.fallback_branch)

    def _tagged(self, selector: Selector, tag: str, ids: Sequence[int]) -> list[Choice]:
        if not selector.latest:
            found = branching.versions_with_tag(self.tx, ids, tag)
            reason = Reason(f"with tag {tag}", f"tagged {tag}", (("t", tag),))
            return [Choice(version_id, reason) for versions in found.values() for version_id in versions]
        chosen = self._latest_tagged(ids, tag)
        if selector.fallback_tag is None:
            return chosen
        return chosen + self._latest_tagged(self._without_pact(ids, chosen), selector.fallback_tag)

    def _latest_tagged(self, ids: Sequence[int], tag: str) -> list[Choice]:
        reason = Reason(f"latest with tag {tag}", f"the latest version tagged {tag}", (("t", tag), ("l", "true")))
        found = contracts.latest_with_tag(self.tx, self.provider.id, tag)
        return [Choice(pact.version_id, reason) for pact in found if pact.consumer_id in ids]

    def _without_pact(self, ids: Sequence[int], chosen: Sequence[Choice]) -> list[int]:
        found = contracts.pacts_of_versions(self.tx, {choice.version_id for choice in chosen}, [self.provider.id])
        have = {pact.consumer_id for pact in found}
        return [id_ for id_ in ids if id_ not in have]

    def _latest(self, ids: Sequence[int]) -> list[Choice]:
        reason = Reason("latest", "the latest version", (("l", "true"),))
        found = contracts.latest_pacts(self.tx, provider_id=self.provider.id)
        return [Choice(pact.version_id, reason) for pact in found if pact.consumer_id in ids]

    def _in_environments(self, selector: Selector, ids: Sequence[int]) -> list[Choice]:
        either = selector.deployed_or_released or not (selector.deployed or selector.released)
        present = environments.versions_in(
            self.tx,
            ids,
            environment_id=self._environment_id(selector.environment),
            deployed=either or selector.deployed,
            released=either or selector.released,
        )
        return [
            Choice(version_id, Reason(f"{how} to {place}", f"currently {how} to {place}"))
            for _, version_id, place, how in present
        ]

    def _environment_id(self, name: str | None) -> int | None:
        if name is None:
            return None
        found = environments.named(self.tx, name)
        if found is None:
            raise InvalidError({"consumerVersionSelectors": [f"environment with name '{name}' does not exist"]})
        return found.id
