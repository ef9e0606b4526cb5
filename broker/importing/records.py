"""What the source of an import holds, as values; instants are microseconds."""

from __future__ import annotations

from attrs import frozen


@frozen
class SourcePacticipant:
    name: str
    display_name: str | None
    main_branch: str | None
    repository_url: str | None
    labels: tuple[str, ...]
    created_at: int
    updated_at: int


@frozen
class SourceVersion:
    """A version as lists show it."""

    owner: str
    number: str
    created_at: int


@frozen
class VersionDetails:
    """`deployments` and `releases` are UUIDs of all that the source tells, also of those that are over."""

    build_url: str | None
    created_at: int
    updated_at: int
    branches: tuple[str, ...]
    tags: tuple[str, ...]
    deployments: tuple[str, ...]
    releases: tuple[str, ...]


@frozen
class SourceBranch:
    name: str
    created_at: int


@frozen
class SourceEnvironment:
    """`contacts` is JSON text."""

    uuid: str
    name: str
    display_name: str | None
    production: bool
    contacts: str | None
    created_at: int
    updated_at: int


@frozen
class SourcePresence:
    """`environment` is a UUID, None where the answer does not say; `ended_at` None with `ended`: nobody knows when."""

    uuid: str
    pacticipant: str
    number: str
    environment: str | None
    instance: str
    created_at: int
    ended: bool
    ended_at: int | None


@frozen
class SourcePact:
    """`sha` None: the list does not say."""

    number: str
    sha: str | None
    created_at: int | None


@frozen
class SourceResult:
    """A verification result as lists show it: enough to tell whether it is here already."""

    number: int
    provider_number: str
    success: bool
    at: int


@frozen
class ResultDetails:
    """`wip` is None where the source does not tell: only a broker of this kind does."""

    provider_number: str
    success: bool
    build_url: str | None
    at: int
    wip: bool | None
    details: bytes
