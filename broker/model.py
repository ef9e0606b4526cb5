"""What the broker knows, as values. Instants are microseconds since 1970, UTC; ids order things by age."""

from __future__ import annotations

from attrs import frozen


@frozen
class Pacticipant:
    """An application that takes part in pacts, as consumer, provider or both."""

    id: int
    name: str
    display_name: str
    main_branch: str | None
    repository_url: str | None
    created_at: int
    updated_at: int


@frozen
class Version:
    """One version of a pacticipant; the greater id is the later version."""

    id: int
    pacticipant_id: int
    number: str
    build_url: str | None
    created_at: int
    updated_at: int


@frozen
class Branch:
    id: int
    pacticipant_id: int
    name: str
    created_at: int


@frozen
class OnBranch:
    """A version's place on a branch; `latest` when no later version is on it."""

    version_id: int
    branch: str
    latest: bool
    created_at: int


@frozen
class Tag:
    version_id: int
    name: str
    latest: bool
    created_at: int


@frozen
class Environment:
    """`contacts` is JSON text as it was given."""

    id: int
    uuid: str
    name: str
    display_name: str
    production: bool
    contacts: str | None
    created_at: int
    updated_at: int


@frozen
class Presence:
    """A version in an environment: a deployment until `ended_at` it is replaced or undeployed, or a release
    until its support ends. `instance` is None for releases and for the unnamed application instance."""

    id: int
    uuid: str
    pacticipant: str
    version_id: int
    number: str
    environment: Environment
    instance: str | None
    created_at: int
    ended_at: int | None


@frozen
class Pact:
    """One publication: this consumer version has this content with this provider."""

    id: int
    consumer_id: int
    consumer: str
    provider_id: int
    provider: str
    version_id: int
    number: str
    content_id: int
    sha: str
    created_at: int


@frozen
class Verification:
    """One result. It belongs to the content, so it holds for every version that publishes this content.

    `wip` results came from a work-in-progress pact: they count for the matrix, not for pending status.
    """

    id: int
    content_id: int
    provider_version_id: int
    provider_number: str
    success: bool
    wip: bool
    build_url: str | None
    created_at: int
