"""Which documented media type to answer with, by the request's Accept header."""

from contractkit.stub.document import Media


def negotiate(content: tuple[Media, ...], accept: str) -> Media:
    """The media type that the client likes best; the first one where it likes none, or all the same."""
    if not accept or len(content) == 1:
        return content[0]
    ranges = [_range(part) for part in accept.split(",")]
    return max(content, key=lambda media: _quality(media.name, ranges))  # max keeps the first of equals


def _range(part: str) -> tuple[str, float]:
    name, _, parameters = part.partition(";")
    quality = next((each.strip()[2:] for each in parameters.split(";") if each.strip().startswith("q=")), "1")
    try:
        return name.strip().lower(), float(quality)
    except ValueError:
        return name.strip().lower(), 0.0


def _quality(name: str, ranges: list[tuple[str, float]]) -> float:
    """The quality of a media type by the most exact range that includes it."""
    for wanted in (name, f"{name.partition('/')[0]}/*", "*/*"):
        for offered, quality in ranges:
            if offered == wanted:
                return quality
    return 0.0
