"""What a comparison found, as values that are kept as JSON and read back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from attrs import frozen

Severity = Literal["error", "unproven", "warning"]


@frozen
class Finding:
    """One place where the pact and the document do not agree, or where they could not be compared ("unproven").

    `code` is stable and machine-readable ("response.body.incompatible"), `message` a sentence for a developer.
    `interaction` is its description, `interaction_index` its place among the pact's interactions (for pacts of
    version 2 and 3 with messages: among the messages). The pointers are JSON pointers, into the pact and into the
    OpenAPI document; both resolve. `value` is the JSON at fault where it is not long.
    """

    severity: Severity
    code: str
    message: str
    interaction: str
    interaction_index: int
    pact_pointer: str
    document_pointer: str
    value: Any = None

    def to_json(self) -> dict[str, Any]:
        return {
            "severity": self.severity,
            "code": self.code,
            "message": self.message,
            "interaction": self.interaction,
            "interactionIndex": self.interaction_index,
            "pactPointer": self.pact_pointer,
            "documentPointer": self.document_pointer,
            "value": self.value,
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Finding:
        return cls(
            severity=kept["severity"],
            code=kept["code"],
            message=kept["message"],
            interaction=kept["interaction"],
            interaction_index=kept["interactionIndex"],
            pact_pointer=kept["pactPointer"],
            document_pointer=kept["documentPointer"],
            value=kept.get("value"),
        )


@frozen
class Report:
    """`success` when no finding is an error; `checked` counts the HTTP interactions that were looked at."""

    success: bool
    findings: tuple[Finding, ...]
    checked: int

    @property
    def errors(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.severity == "error")

    @property
    def unproven(self) -> tuple[Finding, ...]:
        """What was not compared: the document may promise it or not."""
        return tuple(finding for finding in self.findings if finding.severity == "unproven")

    @property
    def warnings(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.severity == "warning")

    def to_json(self) -> dict[str, Any]:
        return {
            "success": self.success,
            "checked": self.checked,
            "findings": [finding.to_json() for finding in self.findings],
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Report:
        return cls(kept["success"], tuple(Finding.from_json(finding) for finding in kept["findings"]), kept["checked"])
