"""Linting: each rule finds what it is for, at the line where it is written, and the rules file is held to its form."""

import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import yaml

from contractkit.errors import SpecError
from contractkit.lint import RULES, Finding, lint
from contractkit.tests.lint_cases import CASES
from contractkit.tests.lint_documents import Case, Json

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes the files of a spec, by name, and answers its root document."""
    monkeypatch.chdir(tmp_path)

    def write(**files: str | Json) -> Path:
        for name, content in files.items():
            path = tmp_path / name.replace("__", "/").replace("_json", ".json")
            path = path if path.suffix else path.with_suffix(".yaml")
            path.parent.mkdir(exist_ok=True)
            path.write_text(dedent(content) if isinstance(content, str) else json.dumps(content))
        return tmp_path / "openapi.yaml"

    return write


def rules(root: Path, **settings: Any) -> Path:
    """A rules file beside the spec, with a setting for each rule; `_` stands for `-`."""
    path = root.parent / "lint.yaml"
    said = {name.replace("_", "-"): {"severity": "error", "reason": "...", **each} for name, each in settings.items()}
    path.write_text(yaml.safe_dump({"rules": said}, sort_keys=False))
    return path


def found(root: Path, rule: str, **options: Any) -> list[Finding]:
    return lint(root, rules(root, **{rule: options}))


def test_every_rule_has_a_case_and_a_line_that_says_what_it_means() -> None:
    assert sorted(RULES) == sorted(case.rule for case in CASES)
    assert [name for name, rule in RULES.items() if not (rule.__doc__ or "").strip()] == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.rule)
def test_a_document_that_keeps_the_rule_passes(write: Write, case: Case) -> None:
    assert found(write(openapi=case.keeps), case.rule, **case.options) == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.rule)
def test_a_document_that_breaks_the_rule_is_reported_where_it_does(write: Write, case: Case) -> None:
    findings = found(write(openapi=case.breaks), case.rule, **case.options)
    assert sorted(set(case.at)) == sorted({finding.pointer for finding in findings})
    assert {case.rule} == {finding.rule for finding in findings}


ROOT = """
    openapi: 3.0.3
    info: {title: Shop, version: 1.0.0}
    paths:
      /items:
        $ref: paths/items.yaml#/~1items
"""
ITEMS = """
    # Items.
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
          200: {description: OK}
    /shops:
      get: {}
"""
ITEM = """
    Item:
      type: object
      properties:
        name:
          type: string
        size:
          $ref: '#/Size'

    Size:
      type: integer
    Colour:
      type: string
"""
CUP = '{\n  "value": {\n    "name": "cup",\n    "size": "big"\n  }\n}'


@pytest.fixture
def shop(write: Write) -> Path:
    return write(
        openapi=ROOT,
        paths__items=ITEMS,
        schemas__item=ITEM,
        examples__cup_json="{}",
        **{"examples__create_item.cup.json": CUP},
    )


def test_a_finding_names_the_file_and_line_where_the_fault_is_written(shop: Path) -> None:
    (summary,) = found(shop, "operation-summary")
    assert str(summary) == "paths/items.yaml:4: error: operation-summary: has no summary (#/~1items/post)"
    (limit,) = found(shop, "string-limits")
    assert (limit.file, limit.line) == ("schemas/item.yaml", 5)


def test_an_example_is_reported_at_the_value_that_does_not_fit(shop: Path) -> None:
    (finding,) = found(shop, "no-invalid-media-type-examples")
    assert (finding.file, finding.line, finding.pointer) == ("examples/create_item.cup.json", 4, "/value/size")


def test_what_no_file_refers_to_is_unused(shop: Path) -> None:
    unused = [(each.file, each.pointer) for each in found(shop, "no-unused-components")]
    assert unused == [("examples/cup.json", ""), ("paths/items.yaml", "/~1shops"), ("schemas/item.yaml", "/Colour")]


def test_findings_are_sorted_by_file_and_line(shop: Path) -> None:
    settings: dict[str, Json] = {
        "no-unused-components": {},
        "string-limits": {},
        "number-limits": {},
        "operation-summary": {},
    }
    findings = lint(shop, rules(shop, **settings))
    assert len(findings) == 6
    assert sorted(findings, key=lambda each: (each.file, each.line)) == findings


def test_a_rule_that_is_off_or_not_listed_finds_nothing(shop: Path) -> None:
    assert lint(shop, rules(shop)) == []
    assert lint(shop, rules(shop, operation_summary={"severity": "off"})) == []


def test_a_rule_may_warn(shop: Path) -> None:
    (finding,) = lint(shop, rules(shop, operation_summary={"severity": "warn"}))
    assert ": warn: operation-summary: " in str(finding)


def test_an_exception_spares_what_it_names(shop: Path) -> None:
    assert found(shop, "operation-summary", **{"except": {"create_item": "It is plain."}}) == []
    assert found(shop, "string-limits", **{"except": {"Item.name": "It is short."}}) == []


def test_an_exception_that_spares_nothing_is_a_finding_in_the_rules_file(shop: Path) -> None:
    (finding,) = found(shop, "operation-description", **{"except": {"create_item": "a", "crate_item": "b"}})
    assert (
        finding.file,
        finding.line,
        finding.pointer,
    ) == ("lint.yaml", 7, "/rules/operation-description/except/crate_item")


SUMMARY = "rules:\n  operation-summary:\n    severity: off\n    reason: a\n    "
WRONG = {
    "- rules": "1: the file must be a mapping",
    "rules: {}\nrule: {}": "2: rule is not known here; only rules is",
    "rules: []": "1: rules must be a mapping",
    "rules: {": "2: ",
    "rules:\n  operation-sumary: {}": "2: there is no rule operation-sumary",
    "rules:\n  tag-description: {}\n  tag-description: {}": "3: the key 'tag-description' stands here twice",
    "rules:\n  tag-description: error": "2: tag-description must be a mapping",
    "rules:\n  tag-description:\n    severity: eror": "3: tag-description needs a severity: error, warn, off",
    "rules:\n  tag-description: {severity: off}": "2: tag-description needs a reason",
    "rules:\n  tag-description:\n    severity: off\n    reason: ' '": "4: tag-description needs a reason",
    "rules:\n  tag-description: {severity: off, reason: a, b: 3}": "2: tag-description has no option b; it has none",
    "rules:\n  property-names: {severity: off, reason: a}": "2: property-names needs the option pattern",
    SUMMARY + "max-lenght: 3": "5: operation-summary has no option max-lenght; it has max-length",
    SUMMARY + "max-length: true": "5: max-length must be an integer",
    SUMMARY + "except: [get]": "5: except must be a mapping",
    SUMMARY + "except:\n      get:": "6: the exception get needs a reason",
    "rules:\n  retry-after: {severity: off, reason: a, statuses: [429]}": "2: statuses must be a list of strings",
    "rules:\n  retry-after: {severity: off, reason: a, statuses: '429'}": "2: statuses must be a list of strings",
    "rules:\n  idempotency-key: {severity: off, reason: a, header: [x]}": "2: header must be a string",
    "rules:\n  property-names: {severity: off, reason: a, pattern: '('}": "2: pattern must be a regular expression: ",
    "rules:\n  property-schemas: {severity: off, reason: a, schemas: [a]}": "2: schemas must be regular expressions,",
}


@pytest.mark.parametrize("text", WRONG, ids=lambda text: WRONG[text])
def test_a_rules_file_that_makes_no_sense_is_refused_at_its_line(write: Write, text: str) -> None:
    root = write(openapi=ROOT, lint=text)
    with pytest.raises(SpecError) as caught:
        lint(root, root.parent / "lint.yaml")
    assert str(caught.value).startswith(f"lint.yaml:{WRONG[text]}")


def test_a_rules_file_that_is_missing_is_refused(shop: Path) -> None:
    with pytest.raises(SpecError, match=r"^nothing\.yaml: no such file"):
        lint(shop, Path("nothing.yaml"))


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ({"oneOf": [{"type": "object"}, {"type": "array"}]}, "has no discriminator with a mapping"),
        ({"anyOf": [{"type": "object"}]}, "tools read anyOf in different ways; use oneOf"),
        ({"oneOf": [{"type": "object"}, {"type": "object", "nullable": True, "enum": [None]}]}, None),
    ],
)
def test_a_choice_needs_a_tag_unless_it_is_between_a_schema_and_null(
    write: Write, schema: Json, message: str | None
) -> None:
    root = write(openapi=ROOT.replace("paths/items.yaml#/~1items", "items.json"), items_json=taking(schema))
    assert [message] * (message is not None) == [each.message for each in found(root, "one-of-tagged")]


def taking(schema: Json) -> Json:
    content = {"application/json": {"schema": schema}}
    return {"post": {"requestBody": {"content": content}, "responses": {"200": {"description": "OK"}}}}


def test_limits_hold_for_responses_where_they_are_asked_for(write: Write) -> None:
    content = {"application/json": {"schema": {"type": "string"}}}
    answer = {"get": {"responses": {"200": {"description": "OK", "content": content}}}}
    root = write(openapi=ROOT.replace("paths/items.yaml#/~1items", "items.json"), items_json=answer)
    assert found(root, "string-limits") == []
    assert len(found(root, "string-limits", directions=["response"])) == 1


def test_a_reference_that_leads_nowhere_is_refused_at_its_line(write: Write) -> None:
    root = write(openapi=ROOT, paths__items="/shops: {}\n")
    with pytest.raises(SpecError, match=r"^openapi\.yaml:5: the reference paths/items\.yaml#/~1items leads nowhere"):
        lint(root, rules(root))


def test_what_is_no_openapi_document_is_refused(write: Write) -> None:
    root = write(openapi="swagger: '2.0'\n")
    with pytest.raises(SpecError, match=r"^openapi\.yaml:1: is no OpenAPI 3\.0 document"):
        lint(root, rules(root))


def all_rules(root: Path) -> Path:
    return rules(root, **{case.rule: case.options for case in CASES})


def test_fields_of_the_wrong_kind_are_findings_whatever_the_rules(write: Write) -> None:
    root = write(openapi=ROOT, paths__items="/items:\n  get:\n    tags: items\n    responses: [200]\n")
    assert [str(each) for each in lint(root, rules(root))] == [
        "paths/items.yaml:3: error: struct: tags must be a list of strings (#/~1items/get/tags)",
        "paths/items.yaml:4: error: struct: responses must be a mapping (#/~1items/get/responses)",
    ]


def test_no_document_however_broken_crashes_a_rule(write: Write) -> None:
    broken = [each for case in CASES for each in spoiled(case.breaks)]
    root = write(openapi=ROOT)
    file = all_rules(root)
    for document in broken[::31]:
        root.write_text(json.dumps(document))
        with contextlib.suppress(SpecError):
            lint(root, file)


def spoiled(node: Any) -> Iterator[Any]:
    """Copies of a document with one of its values of another kind."""
    pairs = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in pairs:
        for other in (None, 3, "x", [], {}, [None], {"a": None}):
            yield replaced(node, key, other)
        for inner in spoiled(value):
            yield replaced(node, key, inner)


def replaced(node: Any, key: Any, value: Any) -> Any:
    copied = node.copy()
    copied[key] = value
    return copied
