"""The rules of the house, as ARCHITECTURE.md states them: who may import whom, and what may stand where."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
OURS = ("contractkit", "broker", "provider_stub", "billing_client", "consumer_tests", "provider_verification", "tests")

# Who may import whom, the most specific name first. `*` allows anything below; a room always sees itself.
MAY_IMPORT = {
    "provider_stub.engine": (),
    "provider_stub.store": ("provider_stub.engine",),
    "provider_stub.usecases": ("provider_stub.engine", "provider_stub.store.protocol"),
    "provider_stub.wire": ("provider_stub.engine", "provider_stub.generated"),
    "provider_stub.problems": ("provider_stub.engine",),
    "provider_stub.handlers": (
        "provider_stub.usecases",
        "provider_stub.wire",
        "provider_stub.problems",
        "provider_stub.generated",
    ),
    "provider_stub.generated": (),
    "provider_stub": ("provider_stub", "contractkit.stub"),
    "generated_client.billing_client": (),
    "consumer_tests": ("billing_client",),
    "provider_verification": ("provider_stub.app", "provider_stub.config", "contractkit"),
    "contractkit": (),
    "broker": (),
}
READS_ENVIRONMENT = {"config.py", "cli.py"}
ENGINE_FORBIDS = ("float(", "round(", "datetime.now", "uuid4")
BILLING_WORDS = re.compile(r"\bbilling|\binvoice|\bmeter(?:s|ing)?\b|late.?fee|\bKRW\b", re.IGNORECASE)


def modules(*folders: str) -> Iterator[Path]:
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "tests" not in path.relative_to(ROOT).parts[:-1] or folder == "tests":
                yield path


def dotted(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = dotted(path).split(".") + [""] * (path.name == "__init__.py")
            base = ".".join([*package[: -node.level], *filter(None, [node.module])]) if node.level else node.module
            yield from (f"{base}.{alias.name}" for alias in node.names)


def below(name: str, room: str) -> bool:
    return name == room or name.startswith(f"{room}.")


def room_of(module: str) -> str:
    return max((room for room in MAY_IMPORT if below(module, room)), key=len)


ROOMS = ("contractkit", "broker", "provider_stub", "generated_client", "consumer_tests", "provider_verification")


@pytest.mark.parametrize("path", list(modules(*ROOMS)), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_imports_only_what_its_room_may(path: Path) -> None:
    room = room_of(dotted(path))
    allowed = (room, room.removeprefix("generated_client."), *MAY_IMPORT[room])
    foreign = [
        name
        for name in imports(path)
        if any(below(name, ours) for ours in OURS) and not any(below(name, each) for each in allowed)
    ]
    assert foreign == []


def test_only_config_and_cli_read_the_environment() -> None:
    readers = [
        str(path.relative_to(ROOT))
        for path in modules(*ROOMS)
        if path.name not in READS_ENVIRONMENT and re.search(r"\bgetenv\b|\benviron\b", path.read_text(encoding="utf-8"))
    ]
    assert readers == []


def test_no_engine_file_names_a_float_a_clock_or_a_random_id() -> None:
    named = [
        (str(path.relative_to(ROOT)), word)
        for path in modules("provider_stub/engine")
        for word in ENGINE_FORBIDS
        if word in path.read_text(encoding="utf-8")
    ]
    assert named == []


def test_the_engine_needs_the_standard_library_and_attrs_alone() -> None:
    allowed = {"attrs", "provider_stub"}
    foreign = {
        name.partition(".")[0]
        for path in modules("provider_stub/engine")
        for name in imports(path)
        if name.partition(".")[0] not in allowed and not _standard(name)
    }
    assert foreign == set()


def test_the_toolkit_does_not_know_what_a_bill_is() -> None:
    templates = (ROOT / "contractkit").rglob("*.jinja")
    named = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path in [*modules("contractkit", "broker"), *templates]
        for line in path.read_text(encoding="utf-8").splitlines()
        if BILLING_WORDS.search(line)
    ]
    assert named == []


def test_every_generated_file_says_so_in_its_first_line_and_to_git() -> None:
    generated = [*modules("generated_client", "provider_stub/generated"), ROOT / "spec/dist/openapi.yaml"]
    unmarked = [str(path.relative_to(ROOT)) for path in generated if "GENERATED" not in _first_line(path)]
    assert unmarked == []
    attributes = (ROOT / ".gitattributes").read_text()
    for folder in ("generated_client/**", "provider_stub/generated/**", "spec/dist/**"):
        assert re.search(rf"^{re.escape(folder)} .*linguist-generated", attributes, re.MULTILINE)


def test_every_make_target_is_in_the_help_and_in_the_readme() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z][a-z-]+):", makefile, re.MULTILINE)) - {"install"}
    helped = set(re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE))
    assert targets == helped
    readme = (ROOT / "README.md").read_text()
    assert [target for target in sorted(targets) if f"make {target}" not in readme] == []


def test_the_lock_file_pins_by_hash_and_names_no_index() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    assert "://" not in lock
    entries = re.split(r"\n(?=[a-zA-Z0-9])", lock[lock.index("\n", lock.rindex("#    make lock")) + 1 :])
    assert [entry.partition("\n")[0] for entry in entries if "--hash=sha256:" not in entry] == []


def test_every_workflow_pins_its_actions_by_commit_and_grants_no_more_than_reading() -> None:
    for workflow in sorted((ROOT / ".github/workflows").glob("*.yml")):
        text = workflow.read_text()
        uses = re.findall(r"uses: *(\S+)", text)
        assert [use for use in uses if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", use)] == []
        assert re.search(r"^permissions:\n  contents: read$", text, re.MULTILINE)


def test_both_distributions_and_the_client_build_from_their_own_pyproject() -> None:
    for folder in ("contractkit", "broker", "generated_client"):
        project = tomllib.loads((ROOT / folder / "pyproject.toml").read_text())
        assert project["project"]["name"]
        assert project["build-system"]["build-backend"]


def test_the_client_depends_on_what_it_imports_and_on_nothing_else() -> None:
    project = tomllib.loads((ROOT / "generated_client/pyproject.toml").read_text())["project"]
    named = [*project["dependencies"], *project["optional-dependencies"]["otel"]]
    imported = {name.partition(".")[0] for path in modules("generated_client") for name in imports(path)}
    foreign = {name for name in imported if name not in sys.stdlib_module_names} - {"generated_client", "pytest"}
    assert foreign == {re.split(r"[-<>=]", each)[0] for each in named}


def test_every_exception_from_a_checker_gives_its_reason() -> None:
    bare = re.compile(r"# (noqa: [A-Z\d, ]+|type: ignore\[[a-z, -]+\])$")
    written = (path for folder in (*ROOMS, "tests") for path in (ROOT / folder).rglob("*.py"))
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in written
        if "golden" not in path.parts
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if bare.search(line)
    ]
    assert found == []


def _first_line(path: Path) -> str:
    with path.open(encoding="utf-8") as lines:
        return lines.readline()


def _standard(name: str) -> bool:
    return name.partition(".")[0] in sys.stdlib_module_names
