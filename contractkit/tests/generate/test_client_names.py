"""Names of a document that the modules of a client use themselves: none of them hides what it is not."""

import ast
import builtins
import importlib
import keyword
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from contractkit.generate.client import TEMPLATES
from contractkit.tests.generate.small_documents import document, generated

# All that anybody wrote in the templates, and what Python has: any of it may be the name of something in a document.
SOURCES = [path.read_text() for path in (*TEMPLATES.glob("*.py.jinja"), *TEMPLATES.glob("support/*.py"))]
WORDS = sorted({word for source in SOURCES for word in re.findall(r"[A-Za-z]\w*", source)} | set(dir(builtins)))
CLASSES = [word for word in WORDS if word[0].isupper()]
MEMBERS = [word for word in [*WORDS, *keyword.kwlist] if word[0].islower()]
TEXT = {"type": "string"}
WHEN = {"type": "string", "format": "date-time"}
STATUSES = ["200", "400", "401", "403", "404", "409", "410", "412", "415", "422", "429"]
NAMES = [*CLASSES, "PingManager", "AsyncPing", "Ping"]
AT = "2026-01-01T00:00:00+00:00"


def part(words: list[str], number: int, parts: int) -> list[str]:
    """One of so many parts of the words, which together are all of them."""
    return words[number::parts]


def operation(names: list[str], arguments: list[str], number: int) -> dict[str, Any]:
    """It takes the first of these classes and answers with each, with arguments of these names."""
    bodies = [{"content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}} for name in names]
    found = {
        "operationId": f"put_{number}",
        "tags": [re.sub("Manager$", "", names[0])],
        "parameters": [{"name": each, "in": "query", "schema": WHEN} for each in arguments],
        "requestBody": {"required": True, **bodies[0]},
        "responses": {status: {"description": "It.", **body} for status, body in zip(STATUSES, bodies, strict=False)},
    }
    return {f"/{number}": {"put": found}}


def schema(names: list[str]) -> dict[str, Any]:
    properties = {"at": WHEN, "tree": {"type": "object", "additionalProperties": WHEN}, **dict.fromkeys(names, WHEN)}
    return {"type": "object", "required": ["at"], "properties": properties}


def spec() -> dict[str, Any]:
    groups = [*(NAMES[start : start + len(STATUSES)] for start in range(0, len(CLASSES), len(STATUSES))), NAMES[-2:]]
    paths: dict[str, Any] = {}
    for number, names in enumerate(groups):
        paths |= operation(names, part(MEMBERS, number, len(groups)), number)
    schemas = {name: schema(part(MEMBERS, number, len(NAMES))) for number, name in enumerate(NAMES)}
    return document(paths, components={"schemas": schemas})


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("names")
    generated(folder, spec(), "names_client")
    sys.path.insert(0, str(folder / "names_client"))
    yield folder / "names_client" / "names_client"
    sys.path.remove(str(folder / "names_client"))


def bound(statements: list[ast.stmt]) -> Iterator[str]:
    """The names that a module, or what is within an if, imports, declares or assigns."""
    for each in statements:
        match each:
            case ast.ImportFrom() | ast.Import():
                yield from (name.asname or name.name for name in each.names)
            case ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
                yield each.name
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                yield name
            case ast.If():
                yield from bound(each.body)


def trees(package: Path) -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(package.rglob("*.py")):
        yield str(path.relative_to(package)), ast.parse(path.read_text())


def test_no_module_gives_one_name_to_two_things(package: Path) -> None:
    twice = {place: Counter(bound(tree.body)) for place, tree in trees(package)}
    assert {(place, name) for place, found in twice.items() for name, count in found.items() if count > 1} == set()


def test_no_argument_hides_what_its_function_calls(package: Path) -> None:
    own = {"self", "client", "cls"}
    hidden = set()
    for place, tree in trees(package):
        functions = (each for each in ast.walk(tree) if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef))
        for function in functions if place.startswith(("api", "managers")) else ():
            taken = {each.arg for each in (*function.args.args, *function.args.kwonlyargs)} - own
            used = [each for statement in function.body for each in ast.walk(statement)]
            called = [each.func for each in used if isinstance(each, ast.Call)]
            called += [each.value for each in used if isinstance(each, ast.Attribute)]
            hidden |= {(place, each.id) for each in called if isinstance(each, ast.Name) and each.id in taken}
    assert hidden == set()


def test_every_class_reads_and_writes_its_members(package: Path) -> None:
    models = importlib.import_module(f"{package.name}.models")
    classes = [getattr(models, name) for name in models.__all__ if name not in ("File", "UnknownVariant")]
    assert len(classes) == len(NAMES)
    for found in classes:
        data = {"at": AT, "tree": {"a": AT}}
        assert found.from_dict(data).to_dict() == data


def test_every_operation_is_called_with_every_argument(package: Path) -> None:
    when = importlib.import_module(f"{package.name}.codec").date_time(AT)
    models = importlib.import_module(f"{package.name}.models")
    for path in sorted((package / "api").rglob("put_*.py")):
        module = importlib.import_module(".".join([package.name, *path.relative_to(package).with_suffix("").parts]))
        body = getattr(models, module.build.__annotations__["body"])(at=when)
        arguments = dict.fromkeys(module.build.__kwdefaults__, when)
        assert len(module.build(body=body, **arguments).query) == len(arguments)


def test_errors_are_exceptions_whatever_a_problem_is_called(package: Path) -> None:
    assert issubclass(importlib.import_module(f"{package.name}.errors").ApiError, Exception)
