"""Whether a provider that keeps to its OpenAPI document can honour a pact, decided without calling it.

    document = load_document(raw, "application/yaml")
    report = compare(pact, document)

Pure: no database, no network, no files. A report depends on the pact and the document alone, so it can be kept.
"""

from broker.comparison.compare import compare
from broker.comparison.document import Document, load_document
from broker.comparison.effort import Budget
from broker.comparison.report import Finding, Report, Severity

__all__ = ["Budget", "Document", "Finding", "Report", "Severity", "compare", "load_document"]
