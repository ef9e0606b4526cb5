"""Status badges as SVG, drawn here: an image in a README needs no other service."""

from __future__ import annotations

from html import escape

from attrs import frozen

# Advance widths of Verdana and its free sister DejaVu Sans for the characters from space to "~", in thousandths of
# the font's size. A reader's font may be another: the text is told its length and fits in any case.
_WIDTHS = (
    *(318, 401, 460, 838, 636, 950, 780, 275, 390, 390, 500, 838, 318, 361, 318, 337, 636, 636, 636, 636, 636, 636),
    *(636, 636, 636, 636, 337, 337, 838, 838, 838, 531, 1000, 684, 686, 698, 770, 632, 575, 775, 752, 295, 295, 656),
    *(557, 863, 748, 787, 603, 787, 695, 635, 611, 732, 684, 989, 685, 611, 685, 390, 337, 390, 838, 500, 500, 613),
    *(635, 550, 635, 615, 352, 635, 634, 278, 278, 579, 278, 974, 634, 612, 635, 635, 411, 521, 392, 634, 592, 818),
    *(592, 592, 525, 636, 337, 636, 838),
)
_WIDEST = 1000  # of a character that is not in the table
_SIZE = 11
_HEIGHT = 20
_PADDING = 6
_LONGEST_LABEL = 80

# Each colour keeps a contrast of 4.5 to 1 with white letters.
_COLOURS = {"good": "#2b7a3d", "bad": "#b3261e", "warn": "#8a5a00", "unknown": "#5f6670"}
_LABEL_COLOUR = "#3b4048"


@frozen
class Badge:
    """`kind` is good, bad, warn or unknown; the colour never stands without the `status` in words."""

    label: str
    status: str
    kind: str

    def svg(self) -> bytes:
        label = self.label if len(self.label) <= _LONGEST_LABEL else f"{self.label[:_LONGEST_LABEL]}…"
        left, right = width(label) + 2 * _PADDING, width(self.status) + 2 * _PADDING
        title = escape(_printable(f"{self.label}: {self.status}"))
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="{_HEIGHT}" '
            f'role="img" aria-label="{title}"><title>{title}</title>'
            f'<clipPath id="r"><rect width="{left + right}" height="{_HEIGHT}" rx="3"/></clipPath>'
            f'<g clip-path="url(#r)"><rect width="{left}" height="{_HEIGHT}" fill="{_LABEL_COLOUR}"/>'
            f'<rect x="{left}" width="{right}" height="{_HEIGHT}" fill="{_COLOURS[self.kind]}"/></g>'
            f'<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="{_SIZE}" aria-hidden="true">'
            f"{_text(label, _PADDING)}{_text(self.status, left + _PADDING)}</g></svg>"
        ).encode()


def width(text: str) -> int:
    """Of a text on a badge, in pixels, rounded up."""
    thousandths = sum(_WIDTHS[ord(letter) - 32] if " " <= letter <= "~" else _WIDEST for letter in text)
    return -(-thousandths * _SIZE // 1000)


def initials(name: str) -> str:
    """Of the words of a name, such as "wsa" for "web-shop api"; capitals inside a word begin one too."""
    found = "".join(
        letter
        for before, letter in zip(f" {name}", name, strict=False)
        if letter.isalnum() and (not before.isalnum() or (letter.isupper() and not before.isupper()))
    )
    return found.lower() or name


def _text(text: str, left: int) -> str:
    return f'<text x="{left}" y="14" textLength="{width(text)}">{escape(_printable(text))}</text>' if text else ""


def _printable(text: str) -> str:
    """XML has no place for control characters, however they are written."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
