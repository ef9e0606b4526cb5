"""What a verifier prints about each pact: why it is verified, and what a failure would mean."""

from __future__ import annotations

from broker.for_verification import Chosen, Demand

_MOST_VERSIONS = 10


def notices(chosen: Chosen, wanted: Demand, url: str) -> list[dict[str, str]]:
    """`when` is before_verification, or after_verification:success_{true,false}_published_{true,false}."""
    said = [_notice("before_verification", _why(chosen, url))]
    if wanted.wip_since is not None and not (wanted.branch or wanted.tags):
        said.append(
            _notice(
                "before_verification",
                "Work-in-progress pacts are left out: they need the provider version's branch or tags.",
            )
        )
    if not (chosen.wip or wanted.include_pending):
        return said
    who = f"{chosen.pact.provider} on branch {wanted.branch}" if wanted.branch else chosen.pact.provider
    if not chosen.pending:
        where = ", on this branch or before it began" if wanted.branch else ""
        text = f"This pact is not pending for {who}: a success is recorded{where}. A failure fails the build."
        return [*said, _notice("before_verification", text)]
    text = f"This pact is pending: {who} has not verified it yet, so a failure does not fail the build."
    return [*said, _notice("before_verification", text), *_after(chosen, who)]


def _after(chosen: Chosen, who: str) -> list[dict[str, str]]:
    published = (
        f"This result is recorded for a work-in-progress pact. It stays pending for {who} until it is verified "
        f"as an explicitly selected pact."
        if chosen.wip
        else f"This pact is no longer pending for {who}: a failure fails the build from now on."
    )
    still = f"This pact stays pending for {who}: no successful result has been published."
    return [
        _notice("after_verification:success_true_published_false", still),
        _notice("after_verification:success_false_published_false", still),
        _notice("after_verification:success_true_published_true", published),
        _notice("after_verification:success_false_published_true", still),
    ]


def _why(chosen: Chosen, url: str) -> str:
    kind = "as work in progress" if chosen.wip else "because it is the pact"
    reasons: dict[str, list[str]] = {}
    for pact, reason in chosen.reasons:
        reasons.setdefault(f"{pact.consumer} {pact.number}", []).append(reason.text)
    lines = [f"    * {name}: {', '.join(texts)}" for name, texts in reasons.items()]
    if len(lines) > _MOST_VERSIONS:
        lines = [*lines[:_MOST_VERSIONS], f"    * and {len(lines) - _MOST_VERSIONS} more"]
    return "\n".join([f"The pact at {url} is verified {kind} of", *lines])


def _notice(when: str, text: str) -> dict[str, str]:
    return {"when": when, "text": text}
