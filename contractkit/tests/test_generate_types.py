"""The provider's types, schema by schema: what an annotation is, and that Python and mypy take it."""

import ast
import importlib.util
import json
import re
import subprocess
import sys
import typing
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from contractkit.errors import GenerationError
from contractkit.generate import provider
from contractkit.generate.provider import generate_provider

Schemas = dict[str, Any]
Generate = Callable[..., Path]

NULL_OBJECT = {"type": "object", "nullable": True, "enum": [None]}


def ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


@pytest.fixture
def generate(tmp_path: Path) -> Generate:
    """Generates the types of these schemas and operations, and returns their folder."""

    def generator(schemas: Schemas, operations: dict[str, Any] | None = None) -> Path:
        document = {
            "openapi": "3.0.3",
            "info": {"title": "T", "version": "1.0.0"},
            "paths": {f"/{name}/{{id}}": {"post": operation} for name, operation in (operations or {}).items()},
            "components": {"schemas": schemas},
        }
        (tmp_path / "spec.json").write_text(json.dumps(document))
        generate_provider(tmp_path / "spec.json", tmp_path / "generated")
        return tmp_path / "generated"

    return generator


def load(folder: Path, name: str = "schemas") -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, folder / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


BASE = {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}, "at": {"type": "object"}}}
ADDED = {"type": "object", "required": ["x"], "properties": {"x": {"type": "integer"}}}
ANNOTATIONS: list[tuple[object, str]] = [
    ({"type": "string", "format": "date-time"}, "str"),
    ({"type": "string", "format": "decimal"}, "str"),
    ({"type": "number"}, "float"),
    ({"type": "integer", "nullable": True}, "int | None"),
    ({"type": "string", "enum": ["a", "b"]}, "Literal['a', 'b']"),
    ({"type": "string", "enum": ["a", None], "nullable": True}, "Literal['a'] | None"),
    ({"type": "integer", "enum": [1, 2]}, "Literal[1, 2]"),
    ({"type": "number", "enum": [0.5]}, "float"),
    ({"enum": ["it's", '"']}, "Literal[\"it's\", '\"']"),
    ({"type": "array", "items": ref("Base")}, "list[Base]"),
    ({"type": "array"}, "list[Any]"),
    ({"type": "object"}, "dict[str, Any]"),
    ({"type": "object", "additionalProperties": {"type": "integer"}}, "dict[str, int]"),
    ({}, "Any"),
    ({"not": {"type": "string"}}, "Any"),
    ({"oneOf": [ref("Base"), ref("Added")]}, "Base | Added"),
    ({"oneOf": [ref("Base"), NULL_OBJECT]}, "Base | None"),
    ({"oneOf": [{"type": "string"}, {}]}, "Any"),
    ({"anyOf": [{"type": "string"}, {"type": "integer"}, {"type": "string"}]}, "str | int"),
    ({"allOf": [ref("Base")], "description": "only that"}, "Base"),
    ({"allOf": [ref("Base"), {"nullable": True}]}, "Base | None"),
    ({"allOf": [{"type": "string"}, {"maxLength": 5}]}, "str"),
    (ref("Base"), "Base"),
    ({**ref("Base"), "nullable": True}, "Base | None"),
]


@pytest.mark.parametrize(("schema", "annotation"), ANNOTATIONS, ids=lambda each: json.dumps(each)[:60])
def test_an_alias_is(generate: Generate, schema: object, annotation: str) -> None:
    folder = generate({"Base": BASE, "Added": ADDED, "Found": schema})
    namespace = vars(load(folder)) | {"Any": typing.Any, "Literal": typing.Literal}
    assert namespace["Found"] == eval(annotation, namespace)  # noqa: S307 - the annotations above


def members(folder: Path, name: str) -> dict[str, str]:
    """The fields of a class and their annotations, as written."""
    tree = ast.parse((folder / "schemas.py").read_text())
    found = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name)
    fields = [node for node in found.body if isinstance(node, ast.AnnAssign)]
    return {ast.unparse(node.target): ast.unparse(node.annotation) for node in fields}


def test_an_all_of_is_the_one_object_that_it_describes(generate: Generate) -> None:
    folder = generate({"Base": BASE, "Found": {"allOf": [ref("Base"), ADDED, {"required": ["at"]}]}})
    assert members(folder, "Found") == {"id": "str", "at": "dict[str, Any]", "x": "int"}


def test_alternatives_inside_an_object_are_one_type_each(generate: Generate) -> None:
    either = {"type": "object", "properties": {"n": {"type": "string"}}, "oneOf": [BASE, ADDED]}
    module = load(generate({"Found": either}))
    first, second = typing.get_args(module.Found)
    assert (set(first.__annotations__), set(second.__annotations__)) == ({"n", "id", "at"}, {"n", "x"})


def test_alternatives_that_only_require_do_not_multiply_the_object(generate: Generate) -> None:
    either = {**BASE, "anyOf": [{"required": ["id"]}, {"required": ["at"]}]}
    assert set(members(generate({"Found": either}), "Found")) == {"id", "at"}


def test_members_that_one_direction_lacks_may_be_absent(generate: Generate) -> None:
    properties = {"a": {"type": "string", "readOnly": True}, "b": {"type": "string", "writeOnly": True}}
    folder = generate({"Found": {"type": "object", "required": ["a", "b"], "properties": properties}})
    assert members(folder, "Found") == {"a": "NotRequired[str]", "b": "NotRequired[str]"}


def test_names_that_python_does_not_take_as_fields_stay_as_they_are_in_json(generate: Generate) -> None:
    names = ["class", "x-y", "__typename", "str", "Found", "1st", 'a"b', "ok"]
    folder = generate({"Found": {"type": "object", "properties": {name: {"type": "string"} for name in names}}})
    assert list(load(folder).Found.__annotations__) == names


def test_an_object_inside_another_is_named_after_it_once(generate: Generate) -> None:
    inner = {"type": "object", "properties": {"deep": {"type": "object", "properties": {"n": {"type": "integer"}}}}}
    base = {"type": "object", "properties": {"line-items": {"type": "array", "items": inner}}}
    module = load(generate({"Order": base, "Special": {"allOf": [ref("Order"), ADDED]}}))
    assert {name for name in vars(module) if name.startswith(("Order", "Special"))} == {
        "Order",
        "OrderLineItemsItem",
        "OrderLineItemsItemDeep",
        "Special",
    }


def test_schemas_that_contain_themselves_are_declared(generate: Generate) -> None:
    tree = {"type": "object", "properties": {"children": {"type": "array", "items": ref("Tree")}}}
    json_value = {"oneOf": [{"type": "string"}, {"type": "array", "items": ref("Value")}]}
    folder = generate({"Tree": tree, "Value": json_value})
    assert set(members(folder, "Tree")) == {"children"}
    assert 'Value: TypeAlias = "str | list[Value]"' in (folder / "schemas.py").read_text()


def test_names_that_would_be_one_are_kept_apart_and_references_into_the_middle_are_named(generate: Generate) -> None:
    folder = generate(
        {
            "foo-bar": {"type": "string"},
            "FooBar": {"type": "integer"},
            "Any": {"type": "boolean"},
            "Base": BASE,
            "Part": {"type": "array", "items": {"$ref": "#/components/schemas/Base/properties/id"}},
        }
    )
    module = load(folder)
    assert (module.FooBar, module.FooBar2, module.Any2, module.Part, module.BaseId) == (str, int, bool, list[str], str)


def test_a_schema_may_be_called_like_anything_that_the_modules_import(generate: Generate) -> None:
    templates = Path(provider.__file__).parent / "templates" / "provider"
    words = {word for path in templates.iterdir() for word in re.findall(r"\b[A-Z]\w+", path.read_text())}
    assert {"Awaitable", "NotRequired", "Protocol"} <= words
    replies = {"200": {"description": "It.", "content": {"application/json": {"schema": ref("Protocol")}}}}
    folder = generate(dict.fromkeys(words, BASE), {"op": {"operationId": "op", "responses": replies}})
    for name in ("schemas.py", "api.py"):
        tree = ast.parse((folder / name).read_text())
        bound = [name.name for each in tree.body if isinstance(each, ast.ImportFrom) for name in each.names]
        bound += [each.name for each in tree.body if isinstance(each, ast.ClassDef)]
        assert sorted(bound) == sorted(set(bound))


def test_text_of_a_document_cannot_leave_its_comment_or_docstring(generate: Generate) -> None:
    hostile = 'Ends here: """\u2028import os\nraise SystemExit\r# \\'
    record = {"type": "object", "description": hostile, "properties": {"a": {"type": "string", "description": hostile}}}
    operation = {"summary": hostile, "description": hostile, "operationId": "run", "tags": ["t"], "responses": {}}
    folder = generate({"Found": record, "Alias": {"type": "string", "description": hostile}}, {"items": operation})
    load(folder)
    compile((folder / "api.py").read_text(), "api.py", "exec")


RESPONSES = {
    "one plain success": ({"200": {}, "404": {}}, "str | bytes"),
    "two successes": ({"200": {}, "202": None}, "tuple[Literal[200], str | bytes] | tuple[Literal[202], None]"),
    "a redirect alone": ({"303": None}, "tuple[Literal[303], None]"),
    "any success": ({"2XX": {}}, "tuple[int, str | bytes]"),
    "only a default": ({"default": {}}, "tuple[int, str | bytes]"),
    "nothing": ({"204": None}, "None"),
}


@pytest.mark.parametrize(("replies", "annotation"), RESPONSES.values(), ids=RESPONSES)
def test_a_handler_returns(generate: Generate, replies: dict[str, Any], annotation: str) -> None:
    responses = {
        status: {"description": "", **({} if content is None else {"content": {"text/plain": content}})}
        for status, content in replies.items()
    }
    folder = generate({}, {"items": {"operationId": "run", "responses": responses}})
    flat = " ".join((folder / "api.py").read_text().split())
    assert f"{annotation} | Awaitable[{annotation}]" in flat.replace("( | ", "").replace("| | ", "| ")


def test_a_required_header_is_returned_with_the_status(generate: Generate) -> None:
    headers = {"ETag": {"required": True, "schema": {"type": "string"}}}
    folder = generate(
        {}, {"items": {"operationId": "run", "responses": {"200": {"description": "", "headers": headers}}}}
    )
    assert "tuple[Literal[200], None, Mapping[str, str]]" in (folder / "api.py").read_text()


def test_arguments_follow_the_convention_of_the_runtime(generate: Generate, tmp_path: Path) -> None:
    form = {"type": "object", "properties": {"photo": {"type": "string", "format": "binary"}, "n": {"type": "integer"}}}
    operation = {
        "operationId": "putPhoto",
        "parameters": [
            {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}},
            {"name": "itemsPerPage", "in": "query", "schema": {"type": "integer", "default": 20}},
            {"name": "from", "in": "query", "schema": {"type": "string", "format": "date"}},
            {"name": "Idempotency-Key", "in": "header", "schema": {"type": "string"}},
            {"name": "Accept", "in": "header", "schema": {"type": "string"}},
        ],
        "requestBody": {"content": {"multipart/form-data": {"schema": form}, "image/png": {}, "text/csv": {}}},
        "responses": {"204": {"description": "Done."}},
    }
    folder = generate({}, {"photos": operation})
    text = (folder / "api.py").read_text()
    for line in (
        "id: str,",
        "items_per_page: int,",
        "from_: str | None = None,",
        "idempotency_key: str | None = None,",
        "body: PutPhotoRequestForm | bytes | str | None = None,",
    ):
        assert line in text
    assert "accept" not in text
    assert members(folder, "PutPhotoRequestForm") == {"photo": "NotRequired[bytes]", "n": "NotRequired[int]"}
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "generated"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_two_operations_of_one_name_are_refused(generate: Generate) -> None:
    operations = {name: {"operationId": each, "responses": {}} for name, each in (("a", "do_it"), ("b", "doIt"))}
    with pytest.raises(GenerationError, match="do_it and doIt would both be the handler do_it"):
        generate({}, operations)
