"""The page that a person sees at the broker's address: every integration and how it stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from urllib.parse import quote

from broker.hal.values import instant
from broker.model import Pact, Verification

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Pact Broker</title>
<style>
:root {{ color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }}
body {{ max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }}
table {{ border-collapse: collapse; width: 100%; }}
caption {{ text-align: left; padding: .4rem 0; }}
th, td {{ text-align: left; padding: .4rem .8rem .4rem 0; border-bottom: 1px solid #8884; }}
.ok {{ color: light-dark(#176b2c, #6fd08c); }} .failed {{ color: light-dark(#a4161a, #ff9b9b); }}
</style>
</head>
<body>
<main>
<h1>Pact Broker</h1>
{content}
</main>
</body>
</html>
"""
_EMPTY = """<p>No contract is published yet. Publish the first with
<code>pact broker publish FOLDER --consumer-app-version VERSION --branch BRANCH</code>.</p>"""


def overview(found: Sequence[Pact], results: Mapping[int, Verification], now: int) -> bytes:
    """UTF-8 HTML; `results` holds the newest result by content id."""
    content = _table(found, results, now) if found else _EMPTY
    return _PAGE.format(content=content).encode("utf-8")


def _table(found: Sequence[Pact], results: Mapping[int, Verification], now: int) -> str:
    rows = "\n".join(_row(pact, results.get(pact.content_id), now) for pact in found)
    heads = "".join(
        f'<th scope="col">{title}</th>'
        for title in ("Consumer", "Version", "Provider", "Published", "Last verification")
    )
    caption = "<caption>Latest pact of every integration</caption>"
    return f"<table>{caption}<thead><tr>{heads}</tr></thead>\n<tbody>\n{rows}\n</tbody></table>"


def _row(pact: Pact, result: Verification | None, now: int) -> str:
    path = f"/pacts/provider/{quote(pact.provider, safe='')}/consumer/{quote(pact.consumer, safe='')}"
    href = escape(f"{path}/version/{quote(pact.number, safe='')}")
    cells = (
        escape(pact.consumer),
        f'<a href="{href}">{escape(pact.number)}</a>',
        escape(pact.provider),
        f'<time datetime="{instant(pact.created_at)}">{_ago(now - pact.created_at)}</time>',
        _verdict(result, now),
    )
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _verdict(result: Verification | None, now: int) -> str:
    if result is None:
        return "not yet"
    kind, word = ("ok", "passed") if result.success else ("failed", "failed")
    when = _ago(now - result.created_at)
    return f'<span class="{kind}">{word}</span> with {escape(result.provider_number)}, {when}'


def _ago(microseconds: int) -> str:
    seconds = max(0, microseconds // 1_000_000)
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            count = seconds // size
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"
