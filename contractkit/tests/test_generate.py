"""Generated code: it runs, it type-checks, it is whole or not there at all, and a changed spec is noticed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from contractkit.errors import GenerationError, ToolkitError
from contractkit.generate.client import generate_client
from contractkit.generate.output import differing
from contractkit.generate.provider import generate_provider
from contractkit.process import free_port, running

SPEC = {
    "openapi": "3.0.3",
    "info": {"title": "Zoo", "version": "1.2.0"},
    "tags": [{"name": "animals", "description": "Who lives here."}],
    "paths": {
        "/animals/{animalId}": {
            "parameters": [{"name": "animalId", "in": "path", "required": True, "schema": {"type": "string"}}],
            "get": {
                "operationId": "getAnimal",
                "tags": ["animals"],
                "summary": "One animal",
                "parameters": [
                    {"name": "X-Trace", "in": "header", "schema": {"type": "string"}},
                    {"name": "limit", "in": "query", "schema": {"type": "integer", "default": 5}},
                    {"name": "sort", "in": "query", "schema": {"type": "string", "enum": ["name", "age"]}},
                ],
                "responses": {
                    "200": {
                        "description": "Found.",
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Animal"}}},
                    },
                    "404": {
                        "description": "Nobody of that name.",
                        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
                    },
                },
            },
            "put": {
                "operationId": "putAnimal",
                "tags": ["animals"],
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/json": {
                            "schema": {
                                "type": "object",
                                "required": ["name"],
                                "properties": {"name": {"type": "string"}, "class": {"type": "string"}},
                            }
                        }
                    },
                },
                "responses": {
                    "200": {
                        "description": "Replaced.",
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Animal"}}},
                    },
                    "201": {"description": "Created."},
                },
            },
        }
    },
    "components": {
        "schemas": {
            "Animal": {
                "type": "object",
                "required": ["name", "age"],
                "properties": {
                    "name": {"type": "string"},
                    "age": {"type": "integer", "nullable": True},
                    "parents": {"type": "array", "items": {"$ref": "#/components/schemas/Animal"}},
                },
                "example": {"name": "Zora", "age": 4},
            },
            "Problem": {"type": "object", "properties": {"title": {"type": "string"}}},
        }
    },
}
HANDLERS = """
from generated.api import AnimalsApi
from generated.schemas import Animal, PutAnimalRequest
from typing import Literal


class Animals:
    def get_animal(
        self, *, animal_id: str, x_trace: str | None = None, limit: int = 5, sort: Literal["name", "age"] | None = None
    ) -> Animal:
        return {"name": animal_id, "age": limit}

    async def put_animal(self, *, animal_id: str, body: PutAnimalRequest) -> tuple[Literal[200], Animal]:
        return 200, {"name": body["name"], "age": None}


animals: AnimalsApi = Animals()
"""


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    path = tmp_path / "spec.json"
    path.write_text(json.dumps(SPEC))
    return path


def mypy(folder: Path, *names: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mypy", "--strict", "--no-incremental", *names]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_handlers_that_fit_the_spec_type_check_and_a_renamed_property_names_the_handler(bundle: Path) -> None:
    folder = bundle.parent
    (folder / "handlers.py").write_text(HANDLERS)
    generate_provider(bundle, folder / "generated")
    fitting = mypy(folder, "handlers.py", "generated")
    assert fitting.returncode == 0, fitting.stdout
    bundle.write_text(json.dumps(SPEC).replace('"age"', '"years"'))
    generate_provider(bundle, folder / "generated")
    renamed = mypy(folder, "handlers.py")
    assert renamed.returncode == 1
    assert 'handlers.py:11: error: Missing key "years" for TypedDict "Animal"' in renamed.stdout


def test_an_operation_without_a_name_is_handled_under_its_method_and_path(bundle: Path) -> None:
    bundle.write_text(json.dumps(SPEC).replace('"operationId": "getAnimal", ', ""))
    generate_provider(bundle, bundle.parent / "generated")
    assert "def get_animals_animal_id(" in (bundle.parent / "generated/api.py").read_text()


def test_two_parameters_that_would_be_one_keyword_are_refused(bundle: Path) -> None:
    bundle.write_text(json.dumps(SPEC).replace('"name": "X-Trace"', '"name": "Limit"'))
    with pytest.raises(GenerationError, match="two parameters would both be the argument limit"):
        generate_provider(bundle, bundle.parent / "generated")
    assert not (bundle.parent / "generated").exists()


def test_generating_twice_gives_the_same_bytes_and_stale_files_vanish(bundle: Path) -> None:
    one, other = bundle.parent / "one", bundle.parent / "other"
    for out in (one, other):
        generate_provider(bundle, out / "generated")
        generate_client(bundle, out / "client", project="zoo-client", package="zoo_client")
    assert differing(one, other) == []
    (one / "client/zoo_client/stale.py").write_text("")
    assert differing(one, other) == ["client/zoo_client/stale.py"]
    generate_client(bundle, one / "client", project="zoo-client", package="zoo_client")
    assert differing(one, other) == []
    assert not [path.name for path in one.iterdir() if path.name.startswith(".")]


def test_every_generated_file_says_what_it_is_in_its_first_line(bundle: Path) -> None:
    out = bundle.parent / "out"
    generate_provider(bundle, out / "generated")
    generate_client(bundle, out / "client", project="zoo-client", package="zoo_client")
    files = [path for path in out.rglob("*") if path.is_file() and path.suffix != ".json"]  # JSON has no comments
    assert len(files) > 10
    assert [path for path in files if "GENERATED" not in path.read_text().partition("\n")[0]] == []


def test_a_document_that_cannot_be_read_leaves_the_old_client(bundle: Path) -> None:
    out = bundle.parent / "client"
    generate_client(bundle, out, project="zoo-client", package="zoo_client")
    before = (out / "zoo_client/client.py").stat().st_ino
    bundle.write_text(json.dumps(SPEC).replace("schemas/Problem", "schemas/Nothing"))
    with pytest.raises(ToolkitError, match=r"schemas/Nothing' leads nowhere|schemas/Nothing leads nowhere"):
        generate_client(bundle, out, project="zoo-client", package="zoo_client")
    assert (out / "zoo_client/client.py").stat().st_ino == before
    assert sorted(path.name for path in bundle.parent.iterdir()) == ["client", "spec.json"]


def test_two_operations_of_one_name_are_both_there(bundle: Path) -> None:
    document = json.loads(json.dumps(SPEC))
    document["paths"]["/zoos"] = {
        "get": {**document["paths"]["/animals/{animalId}"]["put"], "operationId": "getAnimal"}
    }
    bundle.write_text(json.dumps(document))
    generate_client(bundle, bundle.parent / "client", project="zoo-client", package="zoo_client")
    modules = (bundle.parent / "client/zoo_client/api/animals").glob("*.py")
    assert {path.stem for path in modules} == {"__init__", "get_animal", "get_animal2", "put_animal"}


def test_another_client_with_more_headers_leaves_the_first_as_it_is_and_no_token_is_shown(client: Path) -> None:
    script = """
from zoo_client import AuthenticatedClient
first = AuthenticatedClient("http://127.0.0.1", "secret")
first.get_httpx_client()
second = first.with_headers({"X-Tenant": "two"}).with_timeout(1)
assert "X-Tenant" not in first.get_httpx_client().headers
assert second.get_httpx_client().headers["X-Tenant"] == "two"
assert second.get_httpx_client().headers["Authorization"] == "Bearer secret"
assert "secret" not in repr(first)
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=client, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture
def client(bundle: Path) -> Path:
    generate_client(bundle, bundle.parent / "client", project="zoo-client", package="zoo_client")
    return bundle.parent / "client"


def test_the_client_type_checks_strictly(client: Path) -> None:
    result = mypy(client, "zoo_client")
    assert result.returncode == 0, result.stdout


CALLS = """
import asyncio, sys
from zoo_client import Client
from zoo_client.api.animals import get_animal
from zoo_client.errors import UnexpectedResponse
from zoo_client.models import Animal

with Client(base_url=sys.argv[1]) as client:
    found = get_animal.sync("zora", client=client)
    assert isinstance(found, Animal) and (found.name, found.age) == ("Zora", 4), found
    assert get_animal.sync_detailed("zora", client=client).status_code == 200

async def main():
    async with Client(base_url=sys.argv[1]) as client:
        return await get_animal.asyncio("zora", client=client)

assert asyncio.run(main()) == found
for path, code in (("html", 200), ("odd", 499), ("teapot", 418)):
    try:
        with Client(base_url=sys.argv[2] + "/" + path) as client:
            get_animal.sync("zora", client=client)
    except UnexpectedResponse as error:
        assert error.status_code == code
    else:
        raise AssertionError(path)
"""
ODD = """
import http.server, sys

class Odd(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass
    def do_GET(self):
        self.send_response({"html": 200, "odd": 499, "teapot": 418}.get(self.path.split("/")[1], 200))
        self.end_headers()
        self.wfile.write(b"<html>an error page</html>")

http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Odd).serve_forever()
"""


def test_the_client_reads_what_is_documented_and_raises_for_what_is_not(bundle: Path, client: Path) -> None:
    (client / "odd.py").write_text(ODD)
    (client / "calls.py").write_text(CALLS)
    mock, odd = free_port(), free_port()
    serve = [sys.executable, "-m", "contractkit", "mock", str(bundle), "--port", str(mock)]
    log = client / "server.log"
    with (
        running("the mock", serve, port=mock, ready="/animals/zora", log=log) as good,
        running("a proxy", [sys.executable, str(client / "odd.py"), str(odd)], port=odd, ready="/", log=log) as bad,
    ):
        done = subprocess.run(
            [sys.executable, "calls.py", good.url, bad.url], cwd=client, capture_output=True, text=True, check=False
        )
    assert done.returncode == 0, done.stderr
