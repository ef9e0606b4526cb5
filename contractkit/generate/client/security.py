"""What the security of a document asks for: which credentials a client takes, and where they go."""

from collections import Counter

from attrs import frozen

from contractkit.stub.document import Document
from contractkit.stub.security import Scheme


@frozen
class Placement:
    """Where the credential of a security scheme goes."""

    location: str
    name: str
    prefix: str


def token_place(document: Document) -> Placement:
    """Where the token goes: as the scheme says that most operations ask for, else as a bearer token, the most usual."""
    return next(iter(placements(document).values()), Placement("header", "Authorization", "Bearer"))


def placements(document: Document) -> dict[str, Placement]:
    """Where the credential of each security scheme goes, first of that which most operations ask for, the token's."""
    schemes = {name: Scheme.of(name, node) for name, node in document.schemes().items()}
    asked: Counter[str] = Counter(
        name for each in document.operations for alternative in each.security for name in alternative if name in schemes
    )
    ordered = dict.fromkeys([*(name for name, _ in asked.most_common()), *schemes])
    return {name: _place(schemes[name]) for name in ordered}


def takes_several(document: Document) -> bool:
    """Whether there are credentials to tell apart: schemes that put theirs into the same place share the token."""
    return len({_place(Scheme.of(name, node)) for name, node in document.schemes().items()}) > 1


def _place(scheme: Scheme) -> Placement:
    if scheme.kind == "apiKey":
        return Placement(scheme.location, scheme.parameter, "")
    return Placement("header", "Authorization", scheme.kind.capitalize())
