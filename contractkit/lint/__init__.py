"""The spec's own rules, each with its reason, checked in the source files where they can be mended.

Not repeated here is what bundling and its proof refuse already: references that lead nowhere, names that collide,
documents that break the OpenAPI schema, operationIds that stand twice, parameters of a path that no operation
declares, required properties that do not exist, and defaults that do not fit.
"""

from pathlib import Path

from contractkit import source
from contractkit.lint import settings, spec
from contractkit.lint.finding import Finding
from contractkit.lint.settings import Setting, Settings
from contractkit.lint.spec import Spec
from contractkit.lint.table import RULES

__all__ = ["RULES", "Finding", "lint"]


def lint(root: Path, rules: Path) -> list[Finding]:
    """What the rules file `rules` finds in the spec at `root`, sorted by file and line.

    A rule that the file does not name is off; an exception that excepts nothing is a finding as well. Raises SpecError,
    naming file and line, for a rules file that makes no sense and for a spec that cannot be read.
    """
    said = settings.read(rules, RULES)
    read = spec.read(root)
    return sorted(finding for each in said.rules if each.severity != "off" for finding in _apply(each, said, read))


def _apply(setting: Setting, said: Settings, read: Spec) -> list[Finding]:
    faults = list(RULES[setting.rule](read, **setting.options))
    needed = {fault.subject for fault in faults}
    found = {
        Finding(
            file=source.shown(fault.place.path),
            line=read.line(fault.place),
            rule=setting.rule,
            severity=setting.severity,
            pointer=source.pointer(fault.place.pointer),
            message=fault.message,
        )
        for fault in faults
        if fault.subject not in setting.exceptions
    }
    idle = [("rules", setting.rule, "except", name) for name in setting.exceptions if name not in needed]
    return [*found, *(_idle(where, setting, said) for where in idle)]


def _idle(where: tuple[str, ...], setting: Setting, said: Settings) -> Finding:
    return Finding(
        file=source.shown(said.file.path),
        line=said.line(*where),
        rule=setting.rule,
        severity=setting.severity,
        pointer=source.pointer(where),
        message=f"the exception {where[-1]} is not needed",
    )
