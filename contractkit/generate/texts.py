"""Text from a document on its way into Python: never able to end the comment or string that it stands in."""

import re
import textwrap
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

WIDTH = 108
# What begins a comment that type checkers, linters or formatters obey; `# type: a word` is a syntax error to them.
DIRECTIVE = re.compile(
    r"(^|#)\s*(?=noqa\b|(type|fmt|ruff|isort|yapf|flake8|mypy|pyright|pylint|pragma)\s*:)", re.IGNORECASE
)
MARKUP = ("- ", "* ", "|", "```", "#", ">", *(f"{number}. " for number in range(1, 10)))
SIZES = frozenset({"int32", "int64", "float", "double"})  # formats that Python has no word for
TYPES = SIZES | {"date", "date-time", "uuid", "decimal", "byte", "binary"}  # formats that have a type
MAX_PATTERN = 60  # characters; a longer one explains nothing
Schema = Mapping[str, Any]


def paragraph(text: object) -> str:
    """The first paragraph of a description, on one line; a full stop ends it where it leads to a list or a table."""
    lines = str(text or "").strip().splitlines()
    first = []
    for line in lines:
        if not line.strip():
            break
        first.append(line)
    found = _printable(" ".join(" ".join(first).split()))
    return f"{found[:-1]}." if found.endswith(":") and len(first) < len(lines) else found


def paragraphs(text: object) -> list[str]:
    """The paragraphs of a description, each on one line; lists, tables and code keep their lines."""
    found = []
    for block in re.split(r"\n\s*\n", str(text or "").strip()):
        lines: list[str] = []
        for line in (_printable(" ".join(line.split())) for line in block.splitlines()):
            if lines and not line.startswith(MARKUP) and not lines[-1].startswith(("|", "```")):
                lines[-1] = f"{lines[-1]} {line}".strip()
            else:
                lines.append(line)
        found.append("\n".join(lines))
    return [each for each in found if each]


def long_docstring(parts: list[str], sections: list[str], indent: int) -> list[str]:
    """The lines of a docstring of paragraphs, and of sections, `Args:` and the like, whose entries are indented."""
    lines: list[str] = []
    for part in parts:
        lines += [""] if lines else []
        for line in part.splitlines():
            lines += _hanging(line, WIDTH - indent, "  " if line.startswith(MARKUP) else "")
    for line in sections:
        is_entry = line.startswith("    ")
        lines += [] if is_entry else [""]
        lines += _hanging(line, WIDTH - indent, "        " if is_entry else "")
    return _quoted(lines)


def _hanging(line: str, width: int, hang: str) -> list[str]:
    return textwrap.wrap(line, width, subsequent_indent=hang, break_on_hyphens=False, break_long_words=False)


def _quoted(lines: list[str]) -> list[str]:
    """Lines as a docstring; nothing for none. They are escaped last, so that no escape is broken in two."""
    if len(lines) < 2:
        return [f'"""{in_docstring(line)}"""' for line in lines]
    first, *others = map(_escaped, lines)
    return [f'"""{first}', *others, '"""']


def comment(text: str) -> list[str]:
    """A text as the lines of a comment, which is for people alone."""
    lines = textwrap.wrap(_printable(" ".join(text.split())), WIDTH, break_on_hyphens=False)
    return [f"# {DIRECTIVE.sub('- ', line)}" for line in lines]


def in_docstring(text: str) -> str:
    """A text as it stands between triple double quotes."""
    found = _escaped(text)
    return f'{found[:-1]}\\"' if found.endswith('"') else found


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"""', "'''")


def docstring(parts: list[str], indent: int) -> list[str]:
    """The lines of a docstring: a first line, and paragraphs below it; nothing for no text.

    A part that starts with a backquote is a list entry, and stands directly below the one before or below a colon.
    """
    wrapped = [lines for part in parts if (lines := _wrapped(part, WIDTH - indent))]
    found = wrapped[0] if wrapped else []
    for before, part in pairwise(wrapped):
        follows = part[0].startswith("`") and (before[0].startswith("`") or before[-1].endswith(":"))
        found = [*found, *part] if follows else [*found, "", *part]
    return _quoted(found)


def limits(schema: Schema, *, on_the_wire: bool = False) -> str:
    """The limits of a schema in words: `1 to 64 characters`, `at most 1000`.

    A format that the Python type tells is left out; `on_the_wire` names it, for values that are still JSON.
    """
    spans = (
        ("minLength", "maxLength", " characters"),
        ("minItems", "maxItems", " entries"),
        ("minProperties", "maxProperties", " members"),
    )
    found = [*(span(schema.get(low), schema.get(high), unit) for low, high, unit in spans), _range(schema)]
    if "multipleOf" in schema:
        found.append(f"a multiple of {schema['multipleOf']}")
    if len(pattern := str(schema.get("pattern", ""))) <= MAX_PATTERN and "`" not in pattern:
        found.append(f"pattern `{pattern}`" if pattern else "")
    if isinstance(schema.get("format"), str) and schema["format"] not in (SIZES if on_the_wire else TYPES):
        found.append(schema["format"])
    if "default" in schema and not isinstance(schema["default"], (dict, list)):
        found.append(f"default {schema['default']!r}")
    return _printable(", ".join(each for each in found if each))


def span(low: object, high: object, unit: str) -> str:
    """`low` to `high`, one of them, or nothing."""
    match low, high:
        case None, None:
            return ""
        case None, _:
            return f"at most {high}{unit}"
        case _, None:
            return f"at least {low}{unit}"
    return f"{low}{unit}" if low == high else f"{low} to {high}{unit}"


def _range(schema: Schema) -> str:
    """The limits of a number, each of which may itself be out of the range."""
    low, high = schema.get("minimum"), schema.get("maximum")
    above = low is not None and schema.get("exclusiveMinimum") is True
    below = high is not None and schema.get("exclusiveMaximum") is True
    if not above and not below:
        return span(low, high, "")
    ends = [
        f"more than {low}" if above else span(low, None, ""),
        f"less than {high}" if below else span(None, high, ""),
    ]
    return " and ".join(each for each in ends if each)


def described(schema: Schema, *, on_the_wire: bool = False) -> str:
    """A schema's first paragraph, its limits, and whether it is deprecated."""
    about = joined(paragraph(schema.get("description") or schema.get("title")), limits(schema, on_the_wire=on_the_wire))
    return outdated(about) if schema.get("deprecated") is True else about


def described_whole(schema: Schema) -> str:
    """The same with every paragraph of the description, which are apart by an empty line."""
    rest = paragraphs(schema.get("description"))[1:]
    about = described(schema)
    if rest and paragraphs(schema["description"])[0].endswith(":") and about.endswith("."):
        about = f"{about[:-1]}:"
    return "\n\n".join([about, *rest])


def outdated(about: str) -> str:
    """A description of what is deprecated."""
    return f"{about.rstrip('.')}. Deprecated." if about else "Deprecated."


def joined(text: str, limit: str) -> str:
    if not limit:
        return text
    return f"{text.rstrip('.')}; {limit}." if text else f"{limit[:1].upper()}{limit[1:]}."


def _wrapped(text: str, width: int) -> list[str]:
    hang = "    " if text.startswith("`") else ""
    return textwrap.wrap(text, width, subsequent_indent=hang, break_on_hyphens=False)


def _printable(text: str) -> str:
    return "".join(character for character in text if character.isprintable())


def in_words(name: str) -> str:
    """A name as a sentence's beginning: `create_item` is "Create item"."""
    return _printable(name.replace("_", " ").strip().capitalize())
