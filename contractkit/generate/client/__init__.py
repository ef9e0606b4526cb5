"""The typed client of a document: models, operations, managers, and the support modules that every client has."""

import json
import re
import shutil
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from attrs import frozen
from jinja2 import Environment, PackageLoader, StrictUndefined

from contractkit import document as documents
from contractkit.errors import GenerationError
from contractkit.generate import texts
from contractkit.generate.client import bodies, examples, readme
from contractkit.generate.client.managers import Manager, managers_of, tags_of
from contractkit.generate.client.operations import Endpoint, Endpoints
from contractkit.generate.client.security import placements, takes_several, token_place
from contractkit.generate.client.values import Values
from contractkit.generate.names import class_name
from contractkit.generate.output import write_folder
from contractkit.source import shown
from contractkit.stub.document import Document
from contractkit.stub.problems import StubError

TEMPLATES: Final = Path(__file__).parent.parent / "templates" / "client"
VERSION: Final = re.compile(  # PEP 440
    r"v?(\d+!)?\d+(\.\d+)*([-_.]?(a|b|c|rc|alpha|beta|pre|preview)[-_.]?\d*)?(-\d+|[-_.]?(post|rev|r)[-_.]?\d*)?"
    r"([-_.]?dev[-_.]?\d*)?(\+[a-z0-9]+([-_.][a-z0-9]+)*)?",
    re.IGNORECASE | re.ASCII,
)
NO_VERSION: Final = "0.1.0"
ERRORS: Final = re.compile(r"^class ([A-Z]\w*)\(", re.MULTILINE)
EXPORTS: Final = {
    "capture": "answers", "Captured": "answers",
    "Hooks": "telemetry", "CallEvent": "telemetry", "Resilience": "resilience", "DecodeError": "codec",
    "EncodeError": "codec",
    "EventStream": "streams", "AsyncEventStream": "streams", "ServerSentEvent": "streams",
    "UNSET": "types", "Unset": "types", "File": "types", "Response": "types", "UnknownVariant": "types",
    "Client": "low_level", "AuthenticatedClient": "low_level",
}  # fmt: skip


def generate_client(bundle: Path, out: Path, *, project: str, package: str, changelog: Path | None = None) -> None:
    """Generates the distribution `project`, imported as `package`, into `out`, which it replaces as a whole.

    The same bundle gives the same bytes. The version is the document's where Python's packaging takes it, else 0.1.0.
    `changelog` becomes its CHANGELOG.md. Raises GenerationError where the document or the changelog cannot be read, or
    an operation is missing in the output; `out` is then left as it was.
    """
    try:
        changes = changelog.read_text(encoding="utf-8") if changelog else None
    except (OSError, UnicodeDecodeError) as error:
        raise GenerationError(f"the changelog {changelog} cannot be read: {error}") from error
    document = documents.load_bundle(bundle)
    try:
        distribution = Distribution.of(document, project, package, changes)
    except StubError as error:
        raise GenerationError(f"the client cannot be generated from {shown(bundle)}: {error}") from error
    write_folder(out, distribution.write)


@frozen
class Distribution:
    """All that a generated distribution is made of."""

    raw: Mapping[str, Any]
    document: Document
    project: str
    package: str
    values: Values
    endpoints: list[Endpoint]
    managers: list[Manager]
    changelog: str | None = None

    @classmethod
    def of(cls, raw: Mapping[str, Any], project: str, package: str, changelog: str | None = None) -> "Distribution":
        """Raises GenerationError where an operation is lost, StubError where the document cannot be read."""
        document = Document.load(raw)
        values = Values.of(document.raw)
        tags = tags_of(document)
        endpoints = Endpoints(document, values, tags).all()
        managers = managers_of(document, tags, endpoints, values)
        wanted, made = documents.operations(document.raw), sum(len(each.methods) for each in managers)
        if made != len(wanted):
            raise GenerationError(f"the document has {len(wanted)} operations, and the client {made}")
        return cls(raw, document, project, package, values, endpoints, managers, changelog)

    @property
    def client_class(self) -> str:
        """The name of the client: the package's in CamelCase."""
        return f"{class_name(self.package).removesuffix('Client')}Client"

    @property
    def version(self) -> str:
        said = str((self.document.raw.get("info") or {}).get("version", ""))
        return said if VERSION.fullmatch(said) else NO_VERSION

    @property
    def title(self) -> str:
        return texts.paragraph((self.document.raw.get("info") or {}).get("title")) or "an API"

    def write(self, folder: Path) -> None:
        """Writes the distribution into a folder that does not exist."""
        pages = _environment()
        package = folder / self.package
        shutil.copytree(TEMPLATES / "support", package, ignore=shutil.ignore_patterns("__pycache__"))
        (package / "py.typed").write_text("", encoding="utf-8")
        self._write_operations(pages, package)
        self.values.write(package / "models")
        examples.write(self.document.raw, package)
        errors = self._write_package(pages, package)
        names = {"project": self.project, "package": self.package}
        about = f"A typed client of {self.title}."
        _render(pages, "pyproject.toml", folder / "pyproject.toml", **names, version=self.version, about=about)
        context = readme.context(
            self.document, self.managers, self.values, errors=errors, changelog=self.changelog is not None
        )
        _render(pages, "README.md", folder / "README.md", **names, **self._classes(), **context)
        if self.changelog is not None:
            (folder / "CHANGELOG.md").write_text(self.changelog, encoding="utf-8", newline="\n")

    def _classes(self) -> dict[str, str]:
        return {"client_class": self.client_class, "async_class": f"Async{self.client_class}"}

    def _write_package(self, pages: Environment, package: Path) -> str:
        """The modules at the top of the package; returns the source of its errors."""
        put = token_place(self.document)
        problem, lines = self._problem()
        place = package / "errors.py"
        _render(pages, "errors.py", place, problem_type=problem, problem_imports=lines)
        errors = place.read_text(encoding="utf-8")
        _render(
            pages, "client.py", package / "client.py", **self._classes(), managers=self.managers, placement=put,
            placements=placements(self.document) if takes_several(self.document) else {},
            about_name=texts.in_docstring(texts.paragraph(put.name)),
            about_prefix=texts.in_docstring(texts.paragraph(put.prefix)),
            title=texts.in_docstring(self.title), user_agent=f"{self.project}/{self.version}",
        )  # fmt: skip
        names = {
            **dict.fromkeys(self._classes().values(), "client"),
            **EXPORTS,
            **dict.fromkeys(sorted(error_classes()), "errors"),
        }
        about = texts.in_docstring(f"A typed client of {self.title.rstrip('.')}.")
        _render(pages, "package_init.py", package / "__init__.py", names=sorted(names.items()), about=about)
        for each in sorted((TEMPLATES / "testing").glob("*.jinja")):
            to = package / "testing" / each.stem
            _render(pages, f"testing/{each.stem}", to, package=self.package, **self._classes())
        return errors

    def _write_operations(self, pages: Environment, package: Path) -> None:
        _package(package / "api", "The operations as functions that return raw responses, by tag.")
        _package(package / "managers", "The operations as methods, a class for each tag.")
        for manager in self.managers:
            folder = package / "api" / manager.module
            _package(folder, "")
            lines = _model_imports(manager.models, self.values, "..")
            _render(pages, "manager.py", package / "managers" / f"{manager.module}.py", manager=manager, imports=lines)
            for method in manager.methods:
                endpoint = method.endpoint
                lines = _model_imports(endpoint.models, self.values, "...")
                _render(pages, "endpoint.py", folder / f"{endpoint.name}.py", endpoint=endpoint, imports=lines)

    def _problem(self) -> tuple[str, list[str]]:
        """The annotation of what documented errors carry, and the imports for it; Any where it would be long."""
        found = [
            (each.annotation, each.value)
            for endpoint in self.endpoints
            for status, received in endpoint.received.items()
            if status not in {reply.status for reply in endpoint.operation.successes}
            for each in received
        ]
        annotations = [annotation for annotation, _ in found] + (["None"] if self._has_bare_errors() else [])
        annotation = bodies.union(annotations) or "None"
        if not re.fullmatch(r"[\w\[\], |]{1,200}", annotation):
            return "Any", []
        names = sorted(bodies.any_of(value for _, value in found)[1])
        lines = _model_imports(names, self.values, ".")
        hidden = [name for name in names if name in error_classes()]  # an exception has the same name
        for name in hidden:
            annotation = re.sub(rf"\b{name}\b", f"{name}Body", annotation)
        renamed = (f"{line} as {name}Body" if name in hidden else line for name, line in zip(names, lines, strict=True))
        return annotation, list(renamed)

    def _has_bare_errors(self) -> bool:
        """Whether an error is documented without a body."""
        return any(
            not received and status[0] in "345"
            for endpoint in self.endpoints
            for status, received in endpoint.received.items()
        )


def _model_imports(names: Iterable[str], values: Values, up: str) -> list[str]:
    return [
        f"from {up}models.{values.model_module(name)} import {name}"
        if name in values.modules
        else f"from {up}types import {name}"
        for name in names
    ]


def _package(folder: Path, about: str) -> None:
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text(f'"""{about}"""\n' if about else "", encoding="utf-8")


def _render(pages: Environment, template: str, path: Path, /, **context: object) -> None:
    text = pages.get_template(f"{template}.jinja").render(context)
    path.write_text(text.rstrip("\n") + "\n", encoding="utf-8", newline="\n")


def _environment() -> Environment:
    environment = Environment(  # noqa: S701 - it writes Python, which HTML's escapes would break
        loader=PackageLoader("contractkit.generate", "templates/client"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["literal"] = repr
    environment.filters["toml"] = lambda text: json.dumps(text, ensure_ascii=False)
    return environment


@cache
def error_classes() -> frozenset[str]:
    """The names of the exceptions that every client has."""
    return frozenset(ERRORS.findall((TEMPLATES / "errors.py.jinja").read_text(encoding="utf-8")))
