"""The rules file: which rules hold for a spec, how strictly, why, and where they do not.

rules:
  operation-summary:
    severity: error            # or warn, or off
    reason: Lists of operations show nothing else.
    max-length: 80             # an option of this rule; each has a default
    except:
      get_thing: why this one is different
"""

import inspect
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from attrs import frozen

from contractkit import source
from contractkit.errors import SpecError
from contractkit.lint.finding import Faults
from contractkit.source import Pointer, Source

Rule = Callable[..., Faults]
Pattern = re.Pattern[str]
SEVERITIES = ("error", "warn", "off")


@frozen
class Setting:
    """What the file says about one rule. `exceptions` maps the names of what the rule spares to the reasons."""

    rule: str
    severity: str
    options: Mapping[str, Any]
    exceptions: Mapping[str, str]


@frozen
class Settings:
    """A rules file that was read and makes sense."""

    file: Source
    rules: tuple[Setting, ...]


def read(path: Path, table: Mapping[str, Rule]) -> Settings:
    """The rules of a file, in its order. Raises SpecError, naming file and line, for anything that it must not say."""
    file = source.read(path)
    reader = _Reader(file, table)
    return Settings(file, tuple(reader.settings()))


@frozen
class _Reader:
    file: Source
    table: Mapping[str, Rule]

    def settings(self) -> list[Setting]:
        document = self.mapping((), self.file.value, "the file")
        for name in document:
            if name != "rules":
                raise self.wrong((name,), f"{name} is not known here; only rules is")
        rules = self.mapping(("rules",), document.get("rules"), "rules")
        return [self.setting(name, value) for name, value in rules.items()]

    def setting(self, name: str, value: Any) -> Setting:
        where = "rules", name
        if name not in self.table:
            raise self.wrong(where, f"there is no rule {name}")
        said = self.mapping(where, value, name)
        severity = said.get("severity")
        if severity not in SEVERITIES:
            raise self.wrong((*where, "severity"), f"{name} needs a severity: {', '.join(SEVERITIES)}")
        if not _says(said.get("reason")):
            raise self.wrong((*where, "reason"), f"{name} needs a reason")
        known = options(self.table[name])
        for key in _required(self.table[name]) - said.keys():
            raise self.wrong(where, f"{name} needs the option {key}")
        given = {key: each for key, each in said.items() if key not in ("severity", "reason", "except")}
        return Setting(
            rule=name,
            severity=severity,
            options={key.replace("-", "_"): self.option((*where, key), each, known) for key, each in given.items()},
            exceptions=self.exceptions((*where, "except"), said.get("except", {})),
        )

    def option(self, where: Pointer, value: Any, known: Mapping[str, Any]) -> Any:
        _, rule, name = where
        if name not in known:
            raise self.wrong(where, f"{rule} has no option {name}; it has {', '.join(known) or 'none'}")
        words, convert = _KINDS[known[name]]
        try:
            return convert(value)
        except (TypeError, re.error) as error:
            raise self.wrong(where, f"{name} must be {words}" + (f": {error}" if str(error) else "")) from None

    def exceptions(self, where: Pointer, value: Any) -> dict[str, str]:
        found = self.mapping(where, value, "except")
        for name, reason in found.items():
            if not _says(reason):
                raise self.wrong((*where, name), f"the exception {name} needs a reason")
        return dict(found)

    def mapping(self, where: Pointer, value: Any, name: str) -> Mapping[str, Any]:
        if not isinstance(value, Mapping):
            raise self.wrong(where, f"{name} must be a mapping")
        return value

    def wrong(self, where: Pointer, message: str) -> SpecError:
        return SpecError(f"{self.file.at(where)}: {message}")


def options(rule: Rule) -> dict[str, Any]:
    """The options of a rule, as the file names them, with their types: the keyword arguments of its function."""
    parameters = inspect.signature(rule).parameters.values()
    return {each.name.replace("_", "-"): each.annotation for each in parameters if each.kind is each.KEYWORD_ONLY}


def _required(rule: Rule) -> set[str]:
    parameters = inspect.signature(rule).parameters.values()
    needed = (each.name for each in parameters if each.kind is each.KEYWORD_ONLY and each.default is each.empty)
    return {name.replace("_", "-") for name in needed}


def _says(text: object) -> bool:
    return isinstance(text, str) and bool(text.strip())


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _count(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError
    return value


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError
    return tuple(map(_text, value))


def _pattern(value: Any) -> Pattern:
    return re.compile(_text(value))


def _by_pattern(value: Any) -> dict[Pattern, tuple[str, ...]]:
    if not isinstance(value, Mapping):
        raise TypeError
    return {_pattern(key): _texts(each) for key, each in value.items()}


_KINDS: Mapping[Any, tuple[str, Callable[[Any], Any]]] = MappingProxyType(
    {
        str: ("a string", _text),
        int: ("an integer", _count),
        tuple[str, ...]: ("a list of strings", _texts),
        Pattern: ("a regular expression", _pattern),
        Mapping[Pattern, tuple[str, ...]]: ("regular expressions, each with a list of strings", _by_pattern),
    }
)
