"""The spec's own rules, each with its reason, checked in the source files where they can be mended.

Not repeated here is what bundling and its proof refuse already: references that lead nowhere, components that want one
name, documents that break the OpenAPI schema, operationIds that stand twice, and parameters of a path that no
operation declares.
"""

from pathlib import Path

from contractkit import source
from contractkit.lint import settings, spec
from contractkit.lint.finding import Fault, Finding
from contractkit.lint.settings import Setting, Settings
from contractkit.lint.spec import Spec
from contractkit.lint.table import RULES

__all__ = ["RULES", "Finding", "lint"]


STRUCT = "struct"  # the one finding that no file turns off: a field of the wrong kind, which no rule could read


def lint(root: Path, rules: Path) -> list[Finding]:
    """What the rules file `rules` finds in the spec at `root`, sorted by file and line.

    A rule that the file does not name is off; an exception that excepts nothing is a finding as well. Raises SpecError,
    naming file and line, for a rules file that makes no sense and for a spec that cannot be read.
    """
    said = settings.read(rules, RULES)
    read = spec.read(root)
    if read.misshapen:
        return sorted(_finding(fault, STRUCT, "error", read) for fault in read.misshapen)
    return sorted(finding for each in said.rules if each.severity != "off" for finding in _apply(each, said, read))


def _apply(setting: Setting, said: Settings, read: Spec) -> set[Finding]:
    faults = list(RULES[setting.rule](read, **setting.options))
    needed = {fault.subject for fault in faults}
    found = {
        _finding(fault, setting.rule, setting.severity, read)
        for fault in faults
        if fault.subject not in setting.exceptions
    }
    return found | {_idle(name, setting, said) for name in setting.exceptions if name not in needed}


def _finding(fault: Fault, rule: str, severity: str, read: Spec) -> Finding:
    return Finding(
        file=source.shown(fault.place.path),
        line=read.line(fault.place),
        rule=rule,
        severity=severity,
        pointer=source.pointer(fault.place.pointer),
        message=fault.message,
    )


def _idle(name: str, setting: Setting, said: Settings) -> Finding:
    where = "rules", setting.rule, "except", name
    return Finding(
        file=source.shown(said.file.path),
        line=said.file.line(where),
        rule=setting.rule,
        severity=setting.severity,
        pointer=source.pointer(where),
        message=f"the exception {name} is not needed",
    )
