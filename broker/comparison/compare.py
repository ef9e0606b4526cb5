"""A pact against a provider's OpenAPI document."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from broker.comparison.document import Document
from broker.comparison.effort import Budget, TooMuchError
from broker.comparison.findings import Findings, Subject
from broker.comparison.interactions import Interaction, NotComparable, interactions
from broker.comparison.operations import NotFound, find_operation
from broker.comparison.report import Finding, Report
from broker.comparison.request import compare_request
from broker.comparison.response import compare_response


def compare(pact: Mapping[str, Any], document: Document, budget: Budget | None = None) -> Report:
    """Every HTTP interaction of the pact against the document. Raises nothing for what either of them says.

    What the budget is too small for is unproven.
    """
    budget = budget or Budget()
    found: list[Finding] = []
    checked = 0
    for interaction in interactions(pact):
        findings = Findings(pact, document, interaction)
        if isinstance(interaction, NotComparable):
            _not_comparable(interaction, findings)
        else:
            checked += 1
            _compare_interaction(interaction, document, findings, budget)
        found += findings.found
        if budget.is_spent:  # one finding stands for all the rest
            break
    return Report(not any(finding.severity == "error" for finding in found), tuple(found), checked)


def _compare_interaction(interaction: Interaction, document: Document, findings: Findings, budget: Budget) -> None:
    with suppress(TooMuchError):
        _compare_within(interaction, document, findings, budget)
    if budget.is_spent:
        message = "comparing the pact with the document takes too long: what follows from here on was not compared"
        findings.unproven("comparison.unfinished", message, interaction.steps, ())


def _compare_within(interaction: Interaction, document: Document, findings: Findings, budget: Budget) -> None:
    found = find_operation(document, interaction.method, interaction.path, budget)
    if isinstance(found, NotFound):
        steps = (*interaction.request.steps, "path")
        findings.error("request.path-or-method.unknown", found.reason, steps, found.place.steps, interaction.path)
        return
    subject = Subject(document, interaction, found.operation, findings, budget)
    compare_request(subject, found.values)
    compare_response(subject)


def _not_comparable(interaction: NotComparable, findings: Findings) -> None:
    if interaction.malformed:
        findings.error("interaction.malformed", interaction.reason, interaction.steps, ())
    else:
        findings.unproven("interaction.not-comparable", interaction.reason, interaction.steps, ())
