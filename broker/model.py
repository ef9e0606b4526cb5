"""What the broker knows, as values. Instants are microseconds since 1970, UTC; ids order things by age."""

from __future__ import annotations

from typing import Any

from attrs import field, frozen


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


@frozen
class Label:
    """What people sort pacticipants by; webhooks may be meant for all that have one."""

    pacticipant_id: int
    name: str
    created_at: int


@frozen
class ProviderContract:
    """The OpenAPI document of a provider version. `self_verified` is whether the provider says that it keeps to it,
    None when it said nothing."""

    id: int
    provider_id: int
    provider: str
    version_id: int
    number: str
    document_id: int
    sha: str
    content_type: str
    self_verified: bool | None
    created_at: int


@frozen
class Comparison:
    """What comparing a pact's content with a provider's document came to.

    `success`: nothing is known to be wrong. `checked` counts the HTTP interactions that were looked at, `unproven` the
    places that could not be compared; `first_error` and `first_unproven` are sentences.
    """

    content_id: int
    document_id: int
    success: bool
    checked: int
    errors: int
    warnings: int
    first_error: str | None
    unproven: int = 0
    first_unproven: str | None = None

    @property
    def outcome(self) -> bool | None:
        """None when anything in the pact could not be compared: messages, say, which no OpenAPI document describes.

        Such a comparison can say no, but it cannot say yes.
        """
        if not self.success:
            return False
        return None if self.unproven or not self.checked else True


@frozen
class WebhookRequest:
    """What a webhook sends, as it was defined: url, header values and body may hold `${pactbroker.*}`.

    `body` is a text, or any other JSON value, or None for no body. Header names are lower-case. `base` is the address
    by which the broker was asked to keep it, "" where nobody asked over HTTP.
    """

    method: str
    url: str = field(repr=False)
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    body: Any = field(default=None, repr=False)
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    base: str = ""


@frozen
class Webhook:
    """A request to make when something happens. Neither a consumer nor its label: any consumer; so for providers."""

    id: int
    uuid: str
    description: str
    consumer_id: int | None
    consumer: str | None
    consumer_label: str | None
    provider_id: int | None
    provider: str | None
    provider_label: str | None
    events: tuple[str, ...]
    request: WebhookRequest
    enabled: bool
    created_at: int
    updated_at: int


@frozen
class Delivery:
    """One call of a webhook, with all attempts at it. `values` fill the templates: the state when it happened.

    `status` is waiting, retrying, success, failure, or cancelled when the webhook was disabled meanwhile.
    `due_at` is when something is to be done next, None when nothing is; while an attempt runs, when its lease ends.
    """

    id: int
    uuid: str
    webhook_id: int
    event: str
    consumer_id: int
    provider_id: int
    values: dict[str, str]
    status: str
    attempts: int
    due_at: int | None
    created_at: int
    updated_at: int


@frozen
class Attempt:
    """`status` is that of the answer, None when there was none; `log` has no secrets."""

    success: bool
    status: int | None
    log: str
    created_at: int
