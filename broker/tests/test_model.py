"""Any history gives the answers that a model of a few lines gives: can-i-deploy, and which pacts are pending."""

from __future__ import annotations

from itertools import count

from attrs import define, field, frozen
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from broker.tests.served import Broker

# Who calls whom. Items is provider of two and consumer of one.
_PAIRS = (("Web", "Items"), ("Worker", "Items"), ("Items", "Stock"))
_APPS = ("Web", "Worker", "Items", "Stock")
_BRANCHES = ("main", "feat/x")
_VERSIONS = ("1", "2")
_run = count(1)


@frozen
class Publish:
    consumer: str
    version: str
    says: str


@frozen
class Verify:
    pair: tuple[str, str]
    says: str
    version: str
    success: bool
    branch: str | None


@frozen
class Deploy:
    app: str
    version: str


_PUBLICATIONS = st.builds(
    Publish, st.sampled_from(("Web", "Worker", "Items")), st.sampled_from(_VERSIONS), st.sampled_from("ab")
)
_RESULTS = st.builds(
    Verify,
    st.sampled_from(_PAIRS[:2]),
    st.sampled_from("aaab"),
    st.sampled_from((*_VERSIONS, "3", "4")),
    st.booleans(),
    st.sampled_from((*_BRANCHES, None)),
) | st.builds(
    Verify,
    st.just(_PAIRS[2]),
    st.just("a"),
    st.sampled_from(_VERSIONS),
    st.booleans(),
    st.sampled_from((*_BRANCHES, None)),
)
_DEPLOYMENTS = st.builds(Deploy, st.sampled_from(_APPS), st.sampled_from(_VERSIONS))
# Mostly results: they are what the answers are about.
_EVENTS = st.sampled_from((_PUBLICATIONS, _RESULTS, _RESULTS, _RESULTS, _DEPLOYMENTS)).flatmap(lambda kind: kind)


# Most of what can happen needs something published before.
_BEGINNING: tuple[Publish | Deploy, ...] = (
    *(Publish(consumer, "1", "a") for consumer in ("Web", "Worker", "Items")),
    Deploy("Items", "1"),
    Deploy("Web", "1"),
)


@define
class Model:
    """What happened, in the order in which it happened; `says` stands for a content."""

    pacts: dict[tuple[str, str], dict[str, str]] = field(factory=lambda: {pair: {} for pair in _PAIRS})
    versions: list[tuple[str, str]] = field(factory=list)  # (app, version), as they came into being
    results: list[tuple[int, Verify]] = field(factory=list)
    on_branch: dict[tuple[str, str], set[str]] = field(factory=dict)  # (app, branch) -> versions
    begun: dict[tuple[str, str], int] = field(factory=dict)
    running: dict[str, str] = field(factory=dict)

    def happens(self, event: Publish | Verify | Deploy, at: int) -> bool:
        """Whether the event is possible; if it is, it has happened."""
        if isinstance(event, Publish):
            return self._published(event)
        if isinstance(event, Deploy):
            if (event.app, event.version) in self.versions:
                self.running[event.app] = event.version
            return (event.app, event.version) in self.versions
        if event.says not in self.pacts[event.pair].values():
            return False
        provider = event.pair[1]
        self._exists(provider, event.version)
        if event.branch is not None:
            self.begun.setdefault((provider, event.branch), at)
            self.on_branch.setdefault((provider, event.branch), set()).add(event.version)
        self.results.append((at, event))
        return True

    def _published(self, event: Publish) -> bool:
        mine = [pair for pair in _PAIRS if pair[0] == event.consumer]
        if any(self.pacts[pair].get(event.version, event.says) != event.says for pair in mine):
            return False
        for pair in mine:
            self.pacts[pair][event.version] = event.says
        self._exists(event.consumer, event.version)
        return True

    def _exists(self, app: str, version: str) -> None:
        if (app, version) not in self.versions:
            self.versions.append((app, version))

    def latest_says(self, pair: tuple[str, str]) -> str | None:
        """What the pact of the latest version says that has one: the version that came into being last."""
        published = [self.pacts[pair].get(version) for app, version in self.versions if app == pair[0]]
        return next((says for says in reversed(published) if says is not None), None)

    def deployable(self, app: str, version: str) -> bool | None:
        answers = []
        for consumer, provider in _PAIRS:
            pair = (consumer, provider)
            if app == consumer and version in self.pacts[pair]:
                answers.append(self._latest(pair, self.pacts[pair][version], self.running.get(provider)))
            runs = self.running.get(consumer)
            if app == provider and runs is not None and runs in self.pacts[pair]:
                answers.append(self._latest(pair, self.pacts[pair][runs], version))
        return False if False in answers else None if None in answers else True

    def _latest(self, pair: tuple[str, str], says: str, version: str | None) -> bool | None:
        given_ = [one.success for _, one in self.results if (one.pair, one.says, one.version) == (pair, says, version)]
        return given_[-1] if given_ else None

    def pending(self, pair: tuple[str, str], says: str, branch: str | None) -> bool:
        proofs = [(at, one.version) for at, one in self.results if (one.pair, one.says) == (pair, says) and one.success]
        if branch is None:
            return not proofs
        begun = self.begun.get((pair[1], branch))
        here = self.on_branch.get((pair[1], branch), set())
        anywhere = {version for (app, _), versions in self.on_branch.items() if app == pair[1] for version in versions}
        return not any(
            version in here or (version in anywhere and (begun is None or at < begun)) for at, version in proofs
        )


# Histories are short enough to be read as they are: shrinking one would take minutes of requests.
@settings(
    max_examples=15,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(_EVENTS, min_size=8, max_size=16))
def test_the_broker_agrees_with_the_model(broker: Broker, history: list[Publish | Verify | Deploy]) -> None:
    # Names of its own for every history: the broker need not be emptied in between.
    suffix = f"-run{next(_run)}"
    uat = broker.environment(f"uat{suffix}")
    model, shas = Model(), {}
    for at, event in enumerate([*_BEGINNING, *history]):
        if not model.happens(event, at):
            continue
        if isinstance(event, Publish):
            for pair in (pair for pair in _PAIRS if pair[0] == event.consumer):
                names = pair[0] + suffix, pair[1] + suffix
                shas[pair, event.says] = broker.publish(names[0], event.version, names[1], says=event.says)
        elif isinstance(event, Verify):
            consumer, provider = (name + suffix for name in event.pair)
            broker.verify(
                consumer,
                shas[event.pair, event.says],
                event.version,
                provider,
                success=event.success,
                branch=event.branch,
            )
        else:
            broker.deploy(event.app + suffix, event.version, uat)
    for app, version in sorted(model.versions):
        asked = f"pacticipant={app}{suffix}&version={version}&environment=uat{suffix}"
        answer = broker.get(f"/can-i-deploy?{asked}")["summary"]
        assert answer["deployable"] is model.deployable(app, version), (app, version, answer)
    for provider in ("Items", "Stock"):
        for branch in (*_BRANCHES, "new", None):
            assert _pending(broker, provider, branch, suffix) == _expected(model, provider, branch), (provider, branch)


def _expected(model: Model, provider: str, branch: str | None) -> dict[str, bool]:
    """Consumer -> whether the latest of its pacts is pending."""
    found = {}
    for pair in (pair for pair in _PAIRS if pair[1] == provider):
        says = model.latest_says(pair)
        if says is not None:
            found[pair[0]] = model.pending(pair, says, branch)
    return found


def _pending(broker: Broker, provider: str, branch: str | None, suffix: str) -> dict[str, bool]:
    if broker.client.get(f"/pacticipants/{provider}{suffix}").status_code == 404:
        return {}
    demand = {"consumerVersionSelectors": [{"latest": True}], "includePendingStatus": True}
    body = demand | ({"providerVersionBranch": branch} if branch else {})
    found = broker.ask("POST", f"/pacts/provider/{provider}{suffix}/for-verification", body, status=200)
    return {
        one["_links"]["self"]["name"].removeprefix("Pact between ").split(suffix)[0]: one["verificationProperties"][
            "pending"
        ]
        for one in found["_embedded"]["pacts"]
    }
