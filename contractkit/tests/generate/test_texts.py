"""Texts of documents in Python: whatever they hold, they stay text, and what stands around them is as it was."""

import ast
import warnings
from textwrap import indent

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from contractkit.generate import texts

PIECES = [
    '"', '"""', "'''", "\\", "\\N{", "\\x", "#", "\n", "\n\n", "\r", "\x00", "\u2028", "\ud800", "{", "`", "|", "- ",
    "```", "type: x", "noqa", "# fmt: off", "a" * 100, "\\" * 101, "a word ", "1. ", "é",
]  # fmt: skip
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no fault
TEXT = st.text() | st.lists(st.sampled_from(PIECES), max_size=8).map("".join)


def body(lines: list[str]) -> list[ast.stmt]:
    """The statements that these lines are, in a class that has one more."""
    source = "class A:\n" + indent("\n".join([*lines, "x = 1"]), "    ")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        module = ast.parse(source, type_comments=True)
    assert not module.type_ignores
    (found,) = module.body
    assert isinstance(found, ast.ClassDef)
    assert isinstance(found.body[-1], ast.Assign)
    return found.body[:-1]


def letters(*written: str) -> str:
    """What must not get lost: a wrapped text has other spaces, a docstring no three quotes in a row."""
    return "".join("".join(written).replace("'", '"').split())


def docstring_of(lines: list[str]) -> str:
    (found,) = body(lines)
    assert isinstance(found, ast.Expr)
    assert isinstance(found.value, ast.Constant)
    assert isinstance(found.value.value, str)
    return found.value.value


@PATIENT
@given(st.lists(TEXT.map(texts.paragraph), max_size=3))
@example(['"'])
@example([texts.paragraph('He said "no"')])
@example([texts.paragraph("a" * 103 + "\\N")])
def test_a_docstring_says_what_its_paragraphs_say(parts: list[str]) -> None:
    lines = texts.docstring(parts, 4)
    assert letters(docstring_of(lines) if lines else "") == letters(*parts)


@PATIENT
@given(TEXT, st.lists(TEXT.map(texts.paragraph), max_size=2))
@example('"', [])
@example('"', ['"'])
@example("\\" * 300, [])
def test_a_long_docstring_says_what_its_paragraphs_and_sections_say(text: str, sections: list[str]) -> None:
    parts = texts.paragraphs(text)
    lines = texts.long_docstring(parts, [f"    {each}" for each in sections], 8)
    assert letters(docstring_of(lines) if lines else "") == letters(*parts, *sections)


@PATIENT
@given(TEXT)
@example("He said \\")
@example('He said "no"')
def test_a_text_in_a_docstring_does_not_end_it(text: str) -> None:
    found = texts.paragraph(text)
    assert letters(docstring_of([f'"""{texts.in_docstring(found)}"""'])) == letters(found)


@PATIENT
@given(TEXT)
@example("type: the kind of it")
@example("type: ignore")
@example("a\x00b\rc\nd")
def test_a_comment_is_nothing_but_comment(text: str) -> None:
    assert body(texts.comment(text)) == []


@pytest.mark.parametrize("text", ["noqa", "NOQA: E501", "fmt: off", "ruff: noqa", "a # noqa", "pyright: basic"])
def test_a_comment_tells_no_tool_what_to_do(text: str) -> None:
    (line,) = texts.comment(text)
    assert line.replace("# - ", "# ").replace(" - ", " # ") == f"# {text}"
    assert line.startswith("# - ") or " # " not in line


DESCRIBED = [
    ({"minimum": 0, "exclusiveMinimum": True, "maximum": 5}, "More than 0 and at most 5."),
    ({"minimum": 0, "maximum": 5, "exclusiveMaximum": True}, "At least 0 and less than 5."),
    ({"minimum": 0, "exclusiveMinimum": True}, "More than 0."),
    ({"maximum": 5, "exclusiveMinimum": True}, "At most 5."),
    ({"minimum": 0, "exclusiveMinimum": False, "maximum": 5}, "0 to 5."),
    ({"multipleOf": 100, "description": "An amount."}, "An amount; a multiple of 100."),
    ({"pattern": r"^\d{4}$"}, r"Pattern `^\d{4}$`."),
    ({"pattern": "a" * 200}, ""),
    ({"deprecated": True, "description": "Old."}, "Old. Deprecated."),
    ({"deprecated": True}, "Deprecated."),
    ({"format": "date-time"}, ""),
    ({"format": "int64"}, ""),
    ({"format": "email"}, "Email."),
    ({"description": "The region decides:\n\n| region | currency |"}, "The region decides."),
    ({"description": "A ratio, as in 1:"}, "A ratio, as in 1:"),
]


@pytest.mark.parametrize(("schema", "said"), DESCRIBED)
def test_limits_are_told_as_they_are_and_nothing_that_the_type_tells(schema: dict[str, object], said: str) -> None:
    assert texts.described(schema) == said


def test_values_on_the_wire_have_their_format_told() -> None:
    assert texts.described({"type": "string", "format": "date-time"}, on_the_wire=True) == "Date-time."


SCHEMA = st.dictionaries(
    st.sampled_from(
        [
            "description",
            "title",
            "minLength",
            "maximum",
            "format",
            "default",
            "minItems",
            "pattern",
            "multipleOf",
            "exclusiveMaximum",
            "deprecated",
        ]
    ),
    st.recursive(TEXT | st.none() | st.integers() | st.floats(), lambda inner: st.lists(inner, max_size=2)),
)


@PATIENT
@given(SCHEMA)
def test_a_schema_is_described_on_one_line_whatever_its_keywords_hold(schema: dict[str, object]) -> None:
    found = texts.described(schema)
    assert found.isprintable()
    body(texts.docstring([found], 4))
