"""What a rule has to say, and what is made of it."""

from collections.abc import Iterator

from attrs import frozen

from contractkit.bundle_files import Place


@frozen
class Fault:
    """A breach of a rule. `subject` is the name by which the rules file may except it."""

    place: Place
    subject: str
    message: str


Faults = Iterator[Fault]


@frozen(order=True)
class Finding:
    """A fault as it is reported: `file` is shown from the working folder, `line` counts from 1."""

    file: str
    line: int
    rule: str
    severity: str
    pointer: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.severity}: {self.rule}: {self.message} (#{self.pointer})"
