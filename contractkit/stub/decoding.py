"""Text of parameters and forms into JSON values, by style and schema."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from attrs import frozen

from contractkit.stub.document import Schema
from contractkit.stub.schemas import Schemas

INTEGER = re.compile(r"-?(0|[1-9]\d{0,4000})", re.ASCII)  # Python reads no more digits than that
NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?", re.ASCII)
DELIMITERS = {"spaceDelimited": " ", "pipeDelimited": "|"}
LONG_INTEGER = re.compile(rb"[0-9]{19}")


class DecodingError(ValueError):
    """The text cannot be what the document says; the message says why."""


@frozen
class Decoder:
    """Decodes the text of a parameter or form field; what does not parse stays text, for validation to refuse."""

    kinds: frozenset[str]
    items: "Decoder | None"
    properties: Mapping[str, "Decoder"]

    @classmethod
    def build(cls, schema: Schema, schemas: Schemas, depth: int = 0) -> "Decoder":
        """The decoder of a schema; text nests arrays and objects a few levels at most."""
        kinds = schemas.kinds(schema)
        deeper = depth < 4
        return cls(
            kinds,
            cls.build(schemas.items(schema), schemas, depth + 1) if "array" in kinds and deeper else None,
            {name: cls.build(each, schemas, depth + 1) for name, each in schemas.alternatives(schema).items()}
            if "object" in kinds and deeper
            else {},
        )

    @property
    def is_array(self) -> bool:
        return "array" in self.kinds

    @property
    def is_object(self) -> bool:
        return "object" in self.kinds

    def scalar(self, text: str) -> object:
        """One value: the first of integer, number and boolean that the schema allows and the text is."""
        if "integer" in self.kinds and INTEGER.fullmatch(text):
            return int(text)
        if "number" in self.kinds and NUMBER.fullmatch(text):
            number = float(text)
            return number if number not in (float("inf"), float("-inf")) else text
        if "boolean" in self.kinds and text in ("true", "false"):
            return text == "true"
        return text

    def array(self, texts: Sequence[str]) -> list[object]:
        """A value for each text."""
        return [self.items.scalar(text) for text in texts] if self.items else list(texts)

    def mapping(self, pairs: Mapping[str, Any]) -> dict[str, object]:
        """An object from texts by property; nested mappings and lists of texts are decoded too."""
        return {name: self._property(name, value) for name, value in pairs.items()}

    def _property(self, name: str, value: Any) -> object:
        decoder = self.properties.get(name)
        if decoder is None:
            return value
        if isinstance(value, Mapping):
            return decoder.mapping(value)
        if isinstance(value, list):
            return decoder.array(value)
        return decoder.array([value]) if decoder.is_array else decoder.scalar(value)

    def joined(self, text: str, *, style: str, explode: bool) -> object:
        """A value written in one piece of text: `1,2,3`, `a,1,b,2` or, exploded, `a=1,b=2`."""
        delimiter = DELIMITERS.get(style, ",")
        if self.is_array:
            return self.array(text.split(delimiter) if text else [])
        if self.is_object:
            parts = text.split(delimiter)
            if explode:
                return self.mapping(dict(part.partition("=")[::2] for part in parts))
            return self.mapping(dict(zip(parts[::2], parts[1::2], strict=False)))
        return self.scalar(text)


def load_json(body: bytes) -> Any:
    """JSON by RFC 8259: UTF-8, no NaN, nesting bounded; integers of any size stay exact.

    Raises DecodingError.
    """
    try:
        value: Any = orjson.loads(body)
        if LONG_INTEGER.search(body):  # orjson makes a float of an integer beyond 64 bits
            value = json.loads(body)
    except RecursionError:
        raise DecodingError("nested too deeply") from None
    except ValueError as error:
        raise DecodingError(str(error)) from None
    return value
