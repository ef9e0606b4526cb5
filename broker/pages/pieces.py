"""The small pieces that stand in every row of every table: written in Python, because a macro of the template
language costs ten times as much, and a long table has thousands of them."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Protocol

from markupsafe import Markup, escape

from broker.hal.urls import Urls
from broker.hal.values import instant
from broker.model import OnBranch, Tag

# Kind -> style class, mark and word. Nothing is said by colour alone.
STATUSES = {
    "verified": ("good", "check", "Verified"),
    "failed": ("bad", "cross", "Failed"),
    "changed": ("warn", "changed", "Changed since verified"),
    "unverified": ("", "none", "Not verified"),
    "compared": ("other", "compare", "Fits by comparison"),
    "compared-failed": ("bad", "differ", "Differs by comparison"),
    "pending": ("warn", "wait", "Pending"),
    "waiting": ("warn", "wait", "Waiting"),
}

_SHAPES = {
    "check": '<path d="M5 13l4.5 4.5L19 7"/>',
    "cross": '<path d="M6 6l12 12M18 6L6 18"/>',
    "changed": '<path d="M4 12a8 8 0 0 1 14-5l2 2M20 4v5h-5M20 12a8 8 0 0 1-14 5l-2-2M4 20v-5h5"/>',
    "compare": '<path d="M4 9h16M4 15h16"/>',
    "differ": '<path d="M4 9h16M4 15h16M16 4L8 20"/>',
    "wait": '<circle cx="12" cy="12" r="8.5"/><path d="M12 7v5l3 2"/>',
    "branch": '<circle cx="6" cy="5" r="2.5"/><circle cx="6" cy="19" r="2.5"/><circle cx="18" cy="8" r="2.5"/>'
    '<path d="M6 7.5v9M18 10.5c0 4-12 1.5-12 6"/>',
    "tag": '<path d="M3 3h8l10 10-8 8L3 11zM7.5 7.5h.01"/>',
    "place": '<path d="M4 20h16M6 20V9l6-5 6 5v11M10 20v-6h4v6"/>',
    "out": '<path d="M14 4h6v6M20 4l-9 9M18 14v6H4V6h6"/>',
}
_ICON = Markup('<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">%s</svg>')
_ICONS = {name: _ICON % Markup(shape) for name, shape in _SHAPES.items()}  # noqa: S704 - the shapes above
_NO_ICON = _ICON % Markup('<path d="M6 12h12"/>')
_STATUS = Markup('<span class="status %s">%s%s</span>')
_WORDS = {kind: _STATUS % (style, _ICONS.get(mark, _NO_ICON), word) for kind, (style, mark, word) in STATUSES.items()}
_CHIP = Markup('<li class="chip%s" title="%s %s">%s<span class="hidden">%s </span><span class="clip">%s</span></li>')
_CHIPS = Markup('<ul class="chips">%s</ul>')
_LINK = Markup('<a href="%s">%s</a>')


class Around(Protocol):
    """What chips are made of, see `surroundings.Surroundings`."""

    @property
    def branches(self) -> tuple[OnBranch, ...]: ...
    @property
    def tags(self) -> tuple[Tag, ...]: ...
    @property
    def places(self) -> tuple[tuple[str, str], ...]: ...


def icon(name: str) -> Markup:
    return _ICONS.get(name, _NO_ICON)


def status(kind: str, text: str | None = None) -> Markup:
    """The mark and the word of a status; `text` replaces the word."""
    if text is None:
        return _WORDS[kind]
    style, mark, _ = STATUSES[kind]
    return _STATUS % (style, icon(mark), text)


def when(microseconds: int, now: int) -> Markup:
    written = instant(microseconds)
    # Digits and words of our own: there is nothing to escape, and formatting with escapes takes five times as long.
    return Markup(f'<time datetime="{written}" title="{written}">{ago(now - microseconds)}</time>')  # noqa: S704 - see above


def ago(microseconds: int) -> str:
    """How long ago something was, in words: "3 hours ago"."""
    seconds = max(0, microseconds // 1_000_000)
    for size, unit in ((31_536_000, "year"), (2_592_000, "month"), (86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            count = seconds // size
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"


@lru_cache(maxsize=1024)  # most versions are on a few branches
def branch(name: str, latest: bool = False) -> Markup:
    said = "latest of branch" if latest else "on branch"
    return _CHIP % (" head" if latest else "", said, name, icon("branch"), "branch", name)


@lru_cache(maxsize=1024)
def tag(name: str, latest: bool = False) -> Markup:
    said = "latest with tag" if latest else "tag"
    return _CHIP % (" head" if latest else "", said, name, icon("tag"), "tag", name)


@lru_cache(maxsize=256)
def place(name: str, how: str = "deployed") -> Markup:
    return _CHIP % (" place", f"{how} in", name, icon("place"), f"{how} in", name)


def chips(of: Around) -> Markup:
    """A list of branches, tags and environments; nothing when there are none."""
    found = [branch(one.branch, one.latest) for one in of.branches]
    found += [tag(one.name, one.latest) for one in of.tags]
    found += [place(*one) for one in of.places]
    return _CHIPS % Markup("").join(found) if found else Markup("")


def linked(text: str, public: Urls, urls: Urls) -> Markup:
    """A sentence with the addresses of this broker in it as links. `Urls` escapes brackets, so one ends an address."""
    parts = [
        _LINK % (urls.base + part.removeprefix(public.base), part.removeprefix(public.base))
        if part.startswith(f"{public.base}/")
        else Markup.escape(part)
        for part in re.split(r"(https?://[^\s)]+)", text)
    ]
    return Markup("").join(parts)


def version(urls: Urls, name: str, number: str) -> Markup:
    return Markup(f'<a class="version" href="{escape(urls.version(name, number))}">{escape(number)}</a>')  # noqa: S704 - escaped here
