"""The names that generated modules use themselves, read from their templates: no name of a document may hide them."""

import builtins
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

TEMPLATES: Final = Path(__file__).parent / "templates"
# The modules that declare models, or import them.
WITH_MODELS: Final = tuple(
    f"client/{name}" for name in ("alias", "endpoint", "enumeration", "errors", "manager", "model", "models_init")
)
WITH_ARGUMENTS: Final = ("client/endpoint", "client/manager")
NOT_PYTHON: Final = re.compile(r'\{\{.*?\}\}|\{%.*?%\}|""".*?"""', re.DOTALL)
IMPORTS: Final = re.compile(r"^ *(?:from (?!__future__)[\w.]+ )?import (.+)$", re.MULTILINE)
BOUND: Final = re.compile(r"^ *(?:(?:async )?def (\w+)|([A-Za-z]\w*)(?::[^=\n]+)? = )", re.MULTILINE)
WORD: Final = re.compile(r"\b[A-Za-z]\w*")
BUILTINS: Final = frozenset(dir(builtins))


def for_provider() -> frozenset[str]:
    """What the type of a schema must not be called for providers."""
    return imported(_source("provider/api", "provider/schemas").splitlines())


def for_classes() -> frozenset[str]:
    """What a class of the document must not be called."""
    source = _source(*WITH_MODELS)
    return imported(source.splitlines()) | _bound(source) | (BUILTINS & set(WORD.findall(source)))


def for_members() -> frozenset[str]:
    """What an attribute of a model must not be called."""
    source = _source("client/model")
    return imported(source.splitlines()) | (BUILTINS & set(WORD.findall(source)))


def for_arguments() -> frozenset[str]:
    """What an argument of an operation must not be called; the built-in names that are used are not among them."""
    source = _source(*WITH_ARGUMENTS)
    return imported(source.splitlines()) | _bound(source)


def imported(lines: Iterable[str]) -> frozenset[str]:
    """The names that lines of Python import."""
    names = (name for found in IMPORTS.findall("\n".join(lines)) for name in found.split(","))
    return frozenset(name.split()[-1] for name in names if name.strip())


def _bound(source: str) -> frozenset[str]:
    return frozenset(name for found in BOUND.findall(source) for name in found if name)


def _source(*templates: str) -> str:
    """The Python of templates without docstrings, and without what depends on the document."""
    sources = ((TEMPLATES / f"{name}.py.jinja").read_text(encoding="utf-8") for name in templates)
    return "\n".join(NOT_PYTHON.sub("", source) for source in sources)
