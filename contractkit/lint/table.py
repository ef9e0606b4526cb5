"""All rules by name: a rule is called what its function is called, with hyphens."""

from collections.abc import Mapping
from types import MappingProxyType

from contractkit.lint import conventions, examples, links, operations, schemas, structure, style
from contractkit.lint.settings import Rule

TOPICS = (structure, operations, conventions, links, schemas, examples, style)
RULES: Mapping[str, Rule] = MappingProxyType(
    {rule.__name__.replace("_", "-"): rule for topic in TOPICS for rule in topic.RULES}
)
