"""Bundling: the files of a spec become one document, by names that can be foretold."""

import re
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import yaml
from ruamel.yaml import YAML

from contractkit import source
from contractkit.bundle import bundle, dump, prove, write_bundle
from contractkit.errors import BundleError, SpecError

Write = Callable[..., Path]

ROOT = """
    openapi: 3.0.3
    info: {title: Shop, version: 1.0.0}
    paths:
      /items:
        $ref: paths/items.yaml#/~1items
      /items/{id}:
        $ref: paths/items.yaml#/~1items~1{id}
    components:
      schemas:
        Error: {type: object, description: An error}
      responses:
        NotFound:
          description: No such item
          content:
            application/json:
              schema: {$ref: '#/components/schemas/Error'}
"""
PATHS = """
    /items:
      post:
        operationId: create_item
        requestBody:
          content:
            application/json:
              schema: {$ref: ../schemas/item.yaml#/Item}
              examples:
                cup: {$ref: ../examples/create_item.cup.json}
        responses:
          200:
            description: Created
            content:
              application/json:
                schema: {$ref: ../schemas/item.yaml#/Item}
            links:
              read: {operationRef: '#/~1items~1{id}/get', parameters: {id: $response.body#/id}}
    /items/{id}:
      parameters:
        - {name: id, in: path, required: true, schema: {type: string}}
      get:
        operationId: get_item
        responses:
          200: {description: Found}
          404: {$ref: ../openapi.yaml#/components/responses/NotFound}
"""
ITEM = """
    Item:
      oneOf:
        - $ref: '#/Box'
        - $ref: '#/Leaf'
      discriminator:
        propertyName: kind
        mapping: {box: '#/Box', leaf: Leaf}
    Leaf:
      type: object
      required: [kind]
      properties: {kind: {type: string, enum: [leaf]}}
    Box:
      type: object
      required: [kind]
      properties:
        kind: {type: string, enum: [box]}
        inside: {type: array, items: {$ref: '#/Item'}}
    Unused: {type: string}
"""


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes the files of a spec, named with `_` for `.` and `__` for `/`, and returns the root document."""

    def writer(**files: str) -> Path:
        for name, text in files.items():
            path = tmp_path / name.replace("__", "/").replace("_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(dedent(text))
        return tmp_path / "openapi.yaml"

    return writer


@pytest.fixture
def shop(write: Write, tmp_path: Path) -> Path:
    (tmp_path / "examples").mkdir()
    (tmp_path / "examples/create_item.cup.json").write_text('{"summary": "A cup", "value": {"kind": "leaf"}}')
    return write(openapi_yaml=ROOT, paths__items_yaml=PATHS, schemas__item_yaml=ITEM)


def test_components_are_named_by_their_source_and_sorted_after_the_roots_own(shop: Path) -> None:
    components = bundle(shop)["components"]
    assert list(components) == ["schemas", "responses", "examples"]
    assert list(components["schemas"]) == ["Error", "Box", "Item", "Leaf"]
    assert components["examples"] == {"create_item.cup": {"summary": "A cup", "value": {"kind": "leaf"}}}
    assert components["schemas"]["Item"]["oneOf"][0] == {"$ref": "#/components/schemas/Box"}


def test_path_items_are_put_in_place_and_see_the_roots_components(shop: Path) -> None:
    found = bundle(shop)["paths"]["/items/{id}"]["get"]["responses"]
    assert found == {"200": {"description": "Found"}, "404": {"$ref": "#/components/responses/NotFound"}}


def test_a_discriminators_places_and_a_links_operation_are_followed(shop: Path) -> None:
    found = bundle(shop)
    mapping = found["components"]["schemas"]["Item"]["discriminator"]["mapping"]
    assert mapping == {"box": "#/components/schemas/Box", "leaf": "Leaf"}
    link = found["paths"]["/items"]["post"]["responses"]["200"]["links"]["read"]
    assert link["operationRef"] == "#/paths/~1items~1{id}/get"


def test_a_document_in_one_file_is_its_own_bundle(write: Write) -> None:
    text = """
        openapi: 3.0.0
        info: {title: One, version: '1', x-note: {$ref: nowhere.yaml}}
        paths:
          /a:
            get:
              responses: {200: {$ref: '#/components/responses/R'}}
        components:
          responses:
            R: {description: R, content: {application/json: {example: {$ref: data, not a reference}}}}
    """
    root = write(openapi_yaml=text)
    assert bundle(root) == source.read(root).value


def test_a_root_component_that_only_refers_gives_its_name_to_what_it_refers_to(write: Write) -> None:
    root = write(
        openapi_yaml="""
            openapi: 3.0.3
            info: {title: T, version: '1'}
            paths: {}
            components:
              schemas:
                Thing: {$ref: thing.yaml}
                Holder: {type: array, items: {$ref: thing.yaml}}
        """,
        thing_yaml="{type: object, properties: {next: {$ref: thing.yaml}}}",
    )
    assert bundle(root)["components"]["schemas"] == {
        "Thing": {"type": "object", "properties": {"next": {"$ref": "#/components/schemas/Thing"}}},
        "Holder": {"type": "array", "items": {"$ref": "#/components/schemas/Thing"}},
    }


def test_an_index_file_adds_no_names(write: Write) -> None:
    root = write(
        openapi_yaml="""
            openapi: 3.0.3
            info: {title: T, version: '1'}
            paths: {}
            components:
              schemas:
                A: {type: array, items: {$ref: index.yaml#/Thing}}
                B: {type: array, items: {$ref: thing.yaml#/Thing}}
        """,
        index_yaml="Thing: {$ref: thing.yaml#/Thing}",
        thing_yaml="Thing: {type: string}",
    )
    assert bundle(root)["components"]["schemas"]["Thing"] == {"type": "string"}


SCHEMA = "{openapi: 3.0.3, info: {title: T, version: '1'}, paths: {}, components: {schemas: {A: %s}}}"


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("missing.yaml#/X", "openapi.yaml:1: the reference missing.yaml#/X leads to no file"),
        ("'#/components/schemas/B'", "openapi.yaml:1: the reference #/components/schemas/B leads nowhere"),
        ("https://example.com/x.yaml#/X", "https://example.com/x.yaml#/X is on another machine"),
        ("'#anchor'", "#anchor must name its target by a JSON pointer"),
        ("'#/components/schemas/A'", "goes in a circle"),
    ],
)
def test_a_reference_that_cannot_be_followed_is_named_with_its_place(
    write: Write, reference: str, message: str
) -> None:
    with pytest.raises(BundleError, match=re.escape(message)):
        bundle(write(openapi_yaml=SCHEMA % f"{{$ref: {reference}}}"))


def test_two_sources_that_want_one_name_are_refused_by_their_places(write: Write) -> None:
    root = write(
        openapi_yaml=SCHEMA % "{anyOf: [{$ref: one.yaml#/X}, {$ref: two.yaml#/X}]}",
        one_yaml="X: {type: string}",
        two_yaml="\nX: {type: integer}",
    )
    with pytest.raises(BundleError, match=r"two\.yaml:2 and \S*one\.yaml:1 both want the name X in components/schemas"):
        bundle(root)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3\n", r"openapi\.yaml:3: the key 'a' stands here twice"),
        ("a: [1\n", r"openapi\.yaml:2: "),
        ("a: !!binary aGk=\n", r"openapi\.yaml:1: .*no JSON value"),
        ("swagger: '2.0'\n", r"openapi\.yaml:1: is no OpenAPI 3\.0 document"),
        ("", r"is no OpenAPI 3\.0 document"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_with_the_line(write: Write, text: str, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        bundle(write(openapi_yaml=text))


def test_a_json_file_with_a_key_twice_is_named_with_the_line(tmp_path: Path) -> None:
    (tmp_path / "openapi.json").write_text('{"a": {\n"b": 1,\n"b": 2}}')
    with pytest.raises(SpecError, match=r"openapi\.json:2: the key 'b' stands here twice"):
        source.read(tmp_path / "openapi.json")


def test_plain_scalars_have_the_types_of_json(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(
        "{200: 2026-01-01, a: yes, b: 1.50, c: null, d: true, e: 0777, f: ~, g: 1e3, h: 0o7}"
    )
    assert source.read(tmp_path / "a.yaml").value == {
        "200": "2026-01-01",
        "a": "yes",
        "b": 1.5,
        "c": None,
        "d": True,
        "e": "0777",
        "f": None,
        "g": 1000.0,
        "h": "0o7",
    }


def test_what_is_written_reads_alike_in_yaml_1_1_and_1_2(tmp_path: Path) -> None:
    texts = ["1e3", "0x1F", "0o17", "0390", "+1", ".5", "1:30", "~", "=", ".inf", "1.2.3", " x ", "a\nb\n"]
    document = {"200": "2026-01-01", "yes": "no", "texts": texts, "numbers": [1.5, -2, 1e30]}
    (tmp_path / "a.yaml").write_text(dump(document))
    assert source.read(tmp_path / "a.yaml").value == document
    assert yaml.safe_load(dump(document)) == document
    assert YAML(typ="safe").load(dump(document)) == document


def test_a_bundle_is_written_whole_marked_and_the_same_each_time(shop: Path, tmp_path: Path) -> None:
    out = tmp_path / "dist/openapi.yaml"
    write_bundle(shop, out)
    first = out.read_bytes()
    assert first.startswith(b"# GENERATED by contractkit from openapi.yaml - do not edit.\n")
    (tmp_path / "schemas/item.yaml").write_text("Item: {$ref: nowhere.yaml}")
    with pytest.raises(BundleError):
        write_bundle(shop, out)
    assert out.read_bytes() == first
    assert [path.name for path in out.parent.iterdir()] == ["openapi.yaml"]


def test_the_proof_holds_for_a_recursive_spec_in_several_files(shop: Path, tmp_path: Path) -> None:
    write_bundle(shop, tmp_path / "dist/openapi.yaml")
    prove(shop, tmp_path / "dist/openapi.yaml")


def _drop_a_property(document: dict[str, Any]) -> None:
    del document["components"]["schemas"]["Box"]["properties"]["inside"]


def _mistype(document: dict[str, Any]) -> None:
    document["components"]["schemas"]["Leaf"]["type"] = "strnig"


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (_drop_a_property, r"#/paths/~1items/post/.*/inside is missing"),
        (_mistype, r"prance does not accept openapi\.yaml: #/components/schemas/Leaf"),
    ],
)
def test_the_proof_names_the_first_difference(
    shop: Path, tmp_path: Path, damage: Callable[[dict[str, Any]], None], message: str
) -> None:
    document = bundle(shop)
    damage(document)
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged/openapi.yaml").write_text(dump(document))
    with pytest.raises(BundleError, match=message):
        prove(shop, tmp_path / "damaged/openapi.yaml")
