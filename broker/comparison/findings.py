"""The findings of one interaction, as they are collected."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from broker.comparison.assertions import brief
from broker.comparison.document import Document, Node
from broker.comparison.effort import Budget
from broker.comparison.interactions import Interaction, NotComparable
from broker.comparison.operations import Operation
from broker.comparison.pointers import Steps, nearest, pointer
from broker.comparison.report import Finding, Severity
from broker.comparison.schemas import Problem

_MAX_VALUE = 2_000
_MAX_PROBLEMS = 50


class Findings:
    """Knows the two documents, so that every pointer it writes leads somewhere in them."""

    def __init__(self, pact: Mapping[str, Any], document: Document, about: Interaction | NotComparable) -> None:
        self._pact = pact
        self._document = document
        self._about = about
        self.found: list[Finding] = []

    def error(self, code: str, message: str, in_pact: Steps, in_document: Steps, value: Any = None) -> None:
        self._add("error", code, message, in_pact, in_document, value)

    def warning(self, code: str, message: str, in_pact: Steps, in_document: Steps, value: Any = None) -> None:
        self._add("warning", code, message, in_pact, in_document, value)

    def unproven(self, code: str, message: str, in_pact: Steps, in_document: Steps) -> None:
        self._add("unproven", code, message, in_pact, in_document, None)

    def problems(self, code: str, subject: str, problems: Iterable[Problem], in_pact: Steps) -> None:
        """Problems of a value as findings; `subject` says whose ("GET /items: the query parameter limit")."""
        for count, problem in enumerate(problems):
            if count == _MAX_PROBLEMS:
                self.error(code, f"{subject} has more problems than are listed", in_pact, problem.schema)
                return
            where = f" at {pointer(problem.at)}" if problem.at else ""
            message = f"{subject}{where}: {problem.message}"
            # A provider ignores or refuses what is read-only; neither is a promise that it breaks.
            severity: Severity = "warning" if problem.keyword == "readOnly" else "error"
            self._add(severity, code, message, (*in_pact, *problem.at), problem.schema, problem.value)

    def _add(self, severity: Severity, code: str, message: str, in_pact: Steps, in_document: Steps, value: Any) -> None:
        self.found.append(
            Finding(
                severity,
                code,
                message,
                self._about.description,
                self._about.index,
                pointer(nearest(self._pact, in_pact)),
                pointer(nearest(self._document.root, in_document)),
                value if len(text := brief(value, _MAX_VALUE)) <= _MAX_VALUE else text,
            )
        )


class Subject:
    """What one interaction is compared with: everything that the checks of a request and a response need."""

    def __init__(
        self, document: Document, interaction: Interaction, operation: Operation, findings: Findings, budget: Budget
    ) -> None:
        self.budget = budget
        self.document = document
        self.interaction = interaction
        self.operation = operation
        self.findings = findings

    def content(self, described: Node) -> dict[str, Node]:
        """The content types of a request body or a response, as the document writes them."""
        return {name: self.document.follow(media) for name, media in described.child("content").children()}
