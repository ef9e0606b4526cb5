"""Where everything lives. A name is one path segment, so a slash in it is written %2F."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import quote

from attrs import frozen

from broker.model import Pact
from broker.query import Metadata, encode_metadata


@lru_cache(maxsize=4096)  # the same few names stand in every link of a long list
def segment(name: str) -> str:
    return quote(name, safe="")


@frozen
class Urls:
    """`base` is the broker's own address, without a slash at the end."""

    base: str

    def at(self, path: str) -> str:
        return self.base + path

    def pacticipant(self, name: str) -> str:
        return f"{self.base}/pacticipants/{segment(name)}"

    def version(self, name: str, number: str) -> str:
        return f"{self.pacticipant(name)}/versions/{segment(number)}"

    def tag(self, name: str, number: str, tag: str) -> str:
        return f"{self.version(name, number)}/tags/{segment(tag)}"

    def label(self, name: str, label: str) -> str:
        return f"{self.pacticipant(name)}/labels/{segment(label)}"

    def labelled(self, label: str) -> str:
        return f"{self.base}/pacticipants/label/{segment(label)}"

    def branch(self, name: str, branch: str) -> str:
        return f"{self.pacticipant(name)}/branches/{segment(branch)}"

    def branch_version(self, name: str, branch: str, number: str) -> str:
        return f"{self.branch(name, branch)}/versions/{segment(number)}"

    def provider_pacts(self, provider: str) -> str:
        return f"{self.base}/pacts/provider/{segment(provider)}"

    def pair(self, consumer: str, provider: str) -> str:
        return f"{self.provider_pacts(provider)}/consumer/{segment(consumer)}"

    def pact(self, pact: Pact) -> str:
        return f"{self.pair(pact.consumer, pact.provider)}/version/{segment(pact.number)}"

    def latest_pact(self, pact: Pact) -> str:
        return f"{self.pair(pact.consumer, pact.provider)}/latest"

    def content(self, pact: Pact, metadata: Metadata | None = None) -> str:
        url = f"{self.pair(pact.consumer, pact.provider)}/pact-version/{pact.sha}"
        return url if metadata is None else f"{url}/metadata/{encode_metadata(metadata)}"

    def verification(self, pact: Pact, number: int, metadata: Metadata | None = None) -> str:
        return f"{self.content(pact, metadata)}/verification-results/{number}"

    def latest_results(self, name: str, number: str, role: str = "consumer") -> str:
        return f"{self.base}/verification-results/{role}/{segment(name)}/version/{segment(number)}/latest"

    def environment(self, uuid: str) -> str:
        return f"{self.base}/environments/{uuid}"

    def deployed_version(self, uuid: str) -> str:
        return f"{self.base}/deployed-versions/{uuid}"

    def released_version(self, uuid: str) -> str:
        return f"{self.base}/released-versions/{uuid}"

    def integration(self, consumer: str, provider: str) -> str:
        return f"{self.base}/integrations/provider/{segment(provider)}/consumer/{segment(consumer)}"

    def dashboard(self, consumer: str, provider: str) -> str:
        return f"{self.base}/dashboard/provider/{segment(provider)}/consumer/{segment(consumer)}"

    def provider_contracts(self, provider: str) -> str:
        return f"{self.base}/provider-contracts/provider/{segment(provider)}"

    def provider_contract(self, provider: str, number: str) -> str:
        return f"{self.provider_contracts(provider)}/version/{segment(number)}"

    def comparison(self, pact: Pact, number: str) -> str:
        """Of a pact's content with the contract of this provider version."""
        return f"{self.content(pact)}/provider-contract/{segment(number)}/comparison"

    def webhook(self, uuid: str) -> str:
        return f"{self.base}/webhooks/{segment(uuid)}"

    def webhooks_of_pair(self, consumer: str, provider: str) -> str:
        return f"{self.base}/webhooks/provider/{segment(provider)}/consumer/{segment(consumer)}"

    def webhooks_of_provider(self, provider: str) -> str:
        return f"{self.base}/webhooks/provider/{segment(provider)}"

    def triggered_webhook(self, uuid: str) -> str:
        return f"{self.base}/triggered-webhooks/{segment(uuid)}"

    def matrix_of_pair(self, consumer: str, provider: str) -> str:
        selectors = "&".join(f"q%5B%5D%5Bpacticipant%5D={segment(name)}" for name in (consumer, provider))
        return f"{self.base}/matrix?{selectors}&latestby=cvpv"

    def matrix_of_version(self, name: str, number: str) -> str:
        selector = f"q%5B%5D%5Bpacticipant%5D={segment(name)}&q%5B%5D%5Bversion%5D={segment(number)}"
        return f"{self.base}/matrix?{selector}&latestby=cvpv"
