"""Replies without a handler: the document's examples, and values made from its schemas where it has none.

The `Prefer` header selects, with the words of Prism: `code=404` another status, `example=name` a named example.
"""

import logging
import re
from collections.abc import Iterator, Mapping

import orjson
from attrs import field, frozen

from contractkit.stub.document import Header, Media, Operation, Reply
from contractkit.stub.negotiation import negotiate
from contractkit.stub.problems import Problem
from contractkit.stub.schemas import Direction, Schemas
from contractkit.stub.values import Maker, NoValueError

log = logging.getLogger("contractkit.stub")

PREFERENCE = re.compile(r'(\w+)\s*=\s*"?([^",;]+)"?')


@frozen
class Answer:
    """A reply before it is encoded; `media` is chosen by the Accept header where it is None."""

    status: int
    body: object
    headers: Mapping[str, str] = field(factory=dict)
    media: Media | None = None


@frozen
class Mock:
    """The example replies of one operation; each is made once."""

    operation: Operation
    schemas: Schemas
    _made: dict[tuple[str, str, str], object] = field(factory=dict)

    def answer(self, prefer: str, accept: str) -> Answer:
        """The preferred reply, or the first success.

        Raises Problem 404 for a status or an example that the document does not have, 500 where no valid value is
        known.
        """
        wished = {name.lower(): value.strip() for name, value in PREFERENCE.findall(prefer)}
        status, reply = self._reply(wished.get("code", ""))
        needed = (header for header in reply.headers if header.required and header.name.lower() != "x-request-id")
        headers = {header.name: self._header(header) for header in needed}
        if not reply.content or status in (204, 304):
            return Answer(status, None, headers)
        media = negotiate(reply.content, accept)
        return Answer(status, self._body(reply, media, wished.get("example", "")), headers, media)

    def _reply(self, code: str) -> tuple[int, Reply]:
        if code:
            reply = self.operation.reply(int(code)) if re.fullmatch(r"[1-5]\d\d", code) else None
            if reply is None:
                raise Problem(404, detail=f"{self.operation.key} documents no response {code}.")
            return int(code), reply
        replies = self.operation.successes or tuple(self.operation.replies.values())
        if not replies:
            return 200, Reply("200", (), ())
        status = replies[0].status
        return (int(status) if status.isdigit() else 200 if status == "default" else int(status[0]) * 100), replies[0]

    def _body(self, reply: Reply, media: Media, name: str) -> object:
        key = reply.status, media.written, name
        if key not in self._made:
            self._made[key] = self._make(media, name)
        return self._made[key]

    def _make(self, media: Media, name: str) -> object:
        if name and name not in media.examples:
            raise Problem(404, detail=f"{self.operation.key} has no example named {name}.")
        check = self.schemas.check(media.schema, Direction.RESPONSE)
        speaks = media.is_json or "string" in self.schemas.kinds(media.schema)  # else it is of what the text stands for
        for title, value in self._candidates(media, name):
            body = value if media.is_json else _text(value)
            if not speaks or check.accepts(body):
                return body
            log.warning("%s: the example %s does not fit its schema", self.operation.key, title or "of the response")
        if name:
            raise Problem(500, detail=f"The example {name} does not fit its schema.")
        return self._made_up(media) if speaks else "<example/>" if media.name.endswith("xml") else ""

    def _candidates(self, media: Media, name: str) -> Iterator[tuple[str, object]]:
        if name:
            yield name, media.examples[name]
            return
        yield from media.examples.items()
        for part in self.schemas.parts(media.schema):
            if "example" in part:
                yield "of its schema", part["example"]

    def _made_up(self, media: Media) -> object:
        try:
            return Maker(self.schemas, Direction.RESPONSE).make(media.schema)
        except NoValueError as error:
            log.error("%s: no value fits the schema of its response: %s", self.operation.key, error)  # noqa: TRY400 - the message says it all
            raise Problem(500, detail="The document has no example here, and none could be made.") from None

    def _header(self, header: Header) -> str:
        own = (part["example"] for part in self.schemas.parts(header.schema) if "example" in part)
        values = [*header.examples.values(), *own]
        if not values:
            try:
                values = [Maker(self.schemas, Direction.RESPONSE).make(header.schema)]
            except NoValueError:
                values = ["example"]
        value = values[0]
        return str(value).lower() if isinstance(value, bool) else str(value)


def _text(value: object) -> str:
    """An example of a text format; one that is written as structured data is shown as JSON."""
    return value if isinstance(value, str) else orjson.dumps(value).decode()
