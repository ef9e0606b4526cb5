"""The answer to "can I deploy?" in sentences: what is missing, what failed, and with which version."""

from __future__ import annotations

from attrs import frozen

from broker.hal.urls import Urls
from broker.matrix import Matrix, Row
from broker.matrix_query import Asked, Criteria, MatrixQuery, Selected
from broker.model import Comparison

_MOST_REASONS = 50
_MOST_WARNINGS = 5
_MOST_STEPS = 3


@frozen
class Notice:
    """`type` is what the clients colour by: success, error, warning, or prompt for what to do next."""

    type: str
    text: str


def notices(query: MatrixQuery, matrix: Matrix, urls: Urls | None = None) -> list[Notice]:
    """Warnings about the question and the answers first, then why the answer is what it is.

    With `urls`, a comparison that failed in several places is named with its address.
    """
    warnings = [Notice("warning", text) for text in (*_warnings(query), *_cut(matrix), *_unproven(matrix))]
    if matrix.deployable:
        return [*warnings, Notice("success", _why_yes(query, matrix))]
    reasons = [_missing(asked) for asked in matrix.missing]
    # What failed stands before what is not known yet: it is what somebody has to mend.
    for success in (False, None):
        for row in matrix.considered:
            if row.success is success:
                reasons += _why_not(row, matrix, urls)
    unique = list(dict.fromkeys(reasons))
    shown = [Notice("error", text) for text in unique[:_MOST_REASONS]]
    if len(unique) > _MOST_REASONS:
        shown.append(Notice("error", f"... and {len(unique) - _MOST_REASONS} more"))
    return [*warnings, *shown, *(Notice("prompt", text) for text in _next_steps(matrix, urls))]


def _next_steps(matrix: Matrix, urls: Urls | None) -> list[str]:
    """What somebody could do about it, the failures first."""
    rows = sorted((row for row in matrix.considered if not row.success), key=lambda row: row.success is None)
    found = dict.fromkeys(step for row in rows if (step := _next_step(row, matrix, urls)) is not None)
    return [f"Next: {step}" for step in list(found)[:_MOST_STEPS]]


def _next_step(row: Row, matrix: Matrix, urls: Urls | None) -> str | None:
    pact, version = row.pact, row.provider_version
    if version is None:
        return _first_answer(pact.provider, matrix.sides[pact.provider_id])
    if row.success is None and row.is_uncompared:
        return None
    if row.success is None:
        where = f" ({urls.content(pact)})" if urls else ""
        return f"verify the pact of {pact.consumer} {pact.number} with {pact.provider} {version.number}{where}"
    if row.verification is not None and not row.verification.success and urls is not None:
        return f"see what failed at {urls.verification(pact, row.verification.id)}"
    return None


def _first_answer(provider: str, side: Selected) -> str:
    """How there comes to be a version of the provider that can answer."""
    place = side.criteria.environment
    if place is not None:
        return (
            f"if {provider} runs in {place}, say so with pact broker record-deployment --pacticipant "
            f"'{provider}' --version VERSION --environment '{place}'; if not, deploy it there first"
        )
    if side.criteria.main_branch and side.pacticipant.main_branch is None:
        named = f"pact broker create-or-update-pacticipant --name '{provider}' --main-branch BRANCH"
        return f"say which branch of {provider} is the main one: {named}"
    branch = side.pacticipant.main_branch if side.criteria.main_branch else side.criteria.branch
    where = f"of branch {branch}" if branch else "that selects this pact"
    return f"run {provider}'s verification with publishing on, in a build {where}"


def _warnings(query: MatrixQuery) -> list[str]:
    found = []
    if query.target == Criteria(latest=True):
        found.append(
            "WARN: No environment is given, so this compares with the latest versions, which need not be the "
            "ones that run anywhere. Name the environment with --to-environment."
        )
    if query.target is not None and all(asked.criteria.version is None for asked in query.asked):
        found.append(
            "WARN: No version number is given. A tag or branch may move between this answer and the deployment; "
            "a version number does not."
        )
    return found


def _cut(matrix: Matrix) -> list[str]:
    """Histories that go on beyond what was looked at."""
    return [
        f"WARN: The history of {consumer.pacticipant.name} and {provider.pacticipant.name} is longer than what was "
        f"looked at, so that nothing failed in it is no answer for all of it. Name the versions that are meant: by "
        f"number, tag, branch or environment."
        for consumer, provider in matrix.cut[:_MOST_WARNINGS]
    ]


def _unproven(matrix: Matrix) -> list[str]:
    """Contracts that count although nobody says that the provider keeps to them."""
    counted = [row.contract for row in matrix.considered if row.contract is not None and row.fits is not None]
    names = dict.fromkeys(f"{one.provider} {one.number}" for one in counted if one.self_verified is None)
    return [
        f"WARN: {name} did not say whether it keeps to the contract that it published. Publish it with the outcome "
        f"of its own tests: --verifier NAME --verification-success."
        for name in list(names)[:_MOST_WARNINGS]
    ]


def _why_yes(query: MatrixQuery, matrix: Matrix) -> str:
    if any(row.fits for row in matrix.considered):
        return "All required verifications and comparisons with provider contracts are successful"
    if matrix.considered:
        return "All required verifications are published and successful"
    names = " and ".join(_asked(asked) for asked in query.asked)
    if matrix.rows:
        return f"Nothing is left to check for {names}: every pact found is ignored"
    place = query.target.environment if query.target else None
    return f"Nothing has to be checked for {names}: no pact with anything" + (f" in {place}" if place else "")


def _why_not(row: Row, matrix: Matrix, urls: Urls | None) -> list[str]:
    pact = row.pact
    provider_side = matrix.sides[pact.provider_id]
    consumer = _version(pact.consumer, pact.number, matrix.sides[pact.consumer_id])
    if row.provider_version is None:
        return [f"{consumer} needs {pact.provider}, but {_nobody(pact.provider, provider_side)}"]
    provider = _version(pact.provider, row.provider_version.number, provider_side)
    if row.success is None and row.is_uncompared:
        return [f"the contract of {provider} is not compared with its pact with {consumer} yet: ask again"]
    if row.success is None:
        said = f", and its contract does not answer for all of it: {_open(row, urls)}" if row.comparison else ""
        return [f"{provider} has not verified its pact with {consumer} yet{said}"]
    reasons = []
    if row.verification is not None and not row.verification.success:
        reasons.append(f"{provider} failed the verification of its pact with {consumer}")
    if row.comparison is not None and row.comparison.errors:
        reasons.append(f"{provider} does not fit its pact with {consumer}: {_misfit(row, row.comparison, urls)}")
    elif row.fits is False:
        reasons.append(
            f"{provider} failed its own verification of the contract that it published, which therefore does not "
            f"stand for its pact with {consumer}"
        )
    return reasons


def _open(row: Row, urls: Urls | None) -> str:
    comparison = row.comparison
    if comparison is None or not comparison.unproven:
        return "the pact has no HTTP interactions"
    return _first_of(row, comparison.first_unproven, comparison.unproven, urls)


def _misfit(row: Row, comparison: Comparison, urls: Urls | None) -> str:
    return _first_of(row, comparison.first_error, comparison.errors, urls)


def _first_of(row: Row, first: str | None, count: int, urls: Urls | None) -> str:
    more = count - 1
    said = (first or "").removesuffix(".")
    if not more:
        return said
    where = f": {urls.comparison(row.pact, row.contract.number)}" if urls and row.contract else ""
    return f"{said} ({more} more{where})"


def _version(name: str, number: str, side: Selected) -> str:
    how = _how(side.criteria)
    return f"{name} {number} ({how})" if how else f"{name} {number}"


def _how(criteria: Criteria) -> str:
    if criteria.environment is not None:
        return f"in {criteria.environment}"
    if criteria.tag is not None:
        return f"the latest tagged {criteria.tag}" if criteria.latest else f"tagged {criteria.tag}"
    if criteria.branch is not None:
        return f"the latest of branch {criteria.branch}"
    if criteria.main_branch:
        return "the latest of its main branch"
    return "the latest version" if criteria.latest else ""


def _nobody(name: str, side: Selected) -> str:
    criteria = side.criteria
    if criteria.environment is not None:
        return f"no version of {name} is recorded as deployed or released in {criteria.environment}"
    if criteria.tag is not None:
        return f"no version of {name} tagged {criteria.tag} has verified the pact"
    if criteria.branch is not None:
        return f"{name} has no version on branch {criteria.branch}"
    if criteria.main_branch:
        main = side.pacticipant.main_branch
        return f"{name} has no version on its main branch {main}" if main else f"{name} has no main branch"
    if criteria.latest:
        return f"{name} has no version yet"
    return f"no version of {name} has verified the pact"


def _missing(asked: Asked) -> str:
    name, criteria = asked.pacticipant, asked.criteria
    if criteria.version is not None:
        return f"{name} has no version {criteria.version}: nothing was ever published or recorded for it"
    if criteria.environment is not None:
        return f"No version of {name} is recorded as deployed or released in {criteria.environment}"
    if criteria.tag is not None:
        return f"No version of {name} has the tag {criteria.tag}"
    if criteria.branch is not None:
        return f"{name} has no version on branch {criteria.branch}"
    return f"{name} has no version on its main branch" if criteria.main_branch else f"{name} has no version yet"


def _asked(asked: Asked) -> str:
    if asked.criteria.version is not None:
        return f"{asked.pacticipant} {asked.criteria.version}"
    how = _how(asked.criteria)
    return f"{asked.pacticipant} ({how})" if how else asked.pacticipant
