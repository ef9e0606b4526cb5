"""Whether a provider that keeps to its OpenAPI document can honour a pact, decided without calling it.

    document = load_document(raw, "application/yaml")
    report = compare(pact, document)

Pure: no database, no network, no files. A report depends on the pact and the document alone, so it can be kept.
"""

from broker.comparison.compare import compare
from broker.comparison.document import Document, load_document
from broker.comparison.effort import Budget
from broker.comparison.report import Finding, Report, Severity

# Goes up with every change of what some pact and document come to: what an older comparator said counts no more.
COMPARATOR = 1

__all__ = ["COMPARATOR", "Budget", "Document", "Finding", "Report", "Severity", "compare", "load_document"]
