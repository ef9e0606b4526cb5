"""Provider contracts and their comparisons with pacts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from broker.bidirectional import ContractSubmission, PublishedContract
from broker.comparison import Report
from broker.hal.participants import pact_name, pacticipant_stub, version_stub
from broker.hal.urls import Urls
from broker.hal.values import Json, instant, link
from broker.model import Comparison, Pact, ProviderContract

Compared = Sequence[tuple[Pact, Comparison]]
_MOST_SHOWN = 20


def contract(of: ProviderContract, self_verification: bytes | None, compared: Compared, urls: Urls) -> Json:
    body = _listed(of, urls)
    body["selfVerificationResults"] = orjson.loads(self_verification) if self_verification else None
    body["_embedded"] = {
        "comparisons": [
            comparison_stub(one, of, pact, urls)
            | {"consumer": {"name": pact.consumer, "version": version_stub(pact.consumer, pact.number, urls)}}
            for pact, one in compared
        ]
    }
    own = urls.provider_contract(of.provider, of.number)
    body["_links"] |= {
        "pb:provider": link(urls.pacticipant(of.provider), title="Provider", name=of.provider),
        "pb:provider-version": link(urls.version(of.provider, of.number), title="Provider version", name=of.number),
        "pb:provider-contracts": link(urls.provider_contracts(of.provider), title="All contracts of the provider"),
        "pb:content": link(f"{own}/content", title="The document as it was published"),
        "pb:comparisons": [link(urls.comparison(pact, of.number), name=pact_name(pact)) for pact, _ in compared],
    }
    return body


def contracts(provider: str, found: Sequence[ProviderContract], urls: Urls) -> Json:
    return {
        "_embedded": {"providerContracts": [_listed(one, urls) for one in found]},
        "_links": {
            "self": link(urls.provider_contracts(provider), title=f"Contracts of {provider}"),
            "pb:provider": link(urls.pacticipant(provider), title="Provider", name=provider),
            "pb:latest-provider-contract": link(f"{urls.provider_contracts(provider)}/latest"),
        },
    }


def _listed(of: ProviderContract, urls: Urls) -> Json:
    own = urls.provider_contract(of.provider, of.number)
    return {
        "providerName": of.provider,
        "providerVersionNumber": of.number,
        "specification": "oas",
        "contentType": of.content_type,
        "sha": of.sha,
        "selfVerified": of.self_verified,
        "createdAt": instant(of.created_at),
        "_links": {"self": link(own, title="Provider contract", name=name(of))},
    }


def name(of: ProviderContract) -> str:
    return f"Contract of {of.provider} ({of.number})"


def comparison_stub(of: Comparison, contract: ProviderContract, pact: Pact, urls: Urls) -> Json:
    """`success` is None when nothing is known to be wrong, but not everything could be compared."""
    return {
        "success": of.outcome,
        "errors": of.errors,
        "unproven": of.unproven,
        "warnings": of.warnings,
        "_links": {
            "self": link(
                urls.comparison(pact, contract.number), title="Comparison", name=f"{pact_name(pact)}, {name(contract)}"
            )
        },
    }


def comparison(of: Comparison, report: Report, pact: Pact, contract: ProviderContract, urls: Urls) -> Json:
    body = comparison_stub(of, contract, pact, urls) | {
        "checked": of.checked,
        "selfVerified": contract.self_verified,
        "findings": report.to_json()["findings"],
        "_embedded": {
            "consumer": pacticipant_stub(pact.consumer, urls)
            | {"_embedded": {"version": version_stub(pact.consumer, pact.number, urls)}},
            "provider": pacticipant_stub(pact.provider, urls)
            | {"_embedded": {"version": version_stub(contract.provider, contract.number, urls)}},
        },
    }
    own = urls.provider_contract(contract.provider, contract.number)
    body["_links"] |= {
        "pb:pact-version": link(urls.content(pact), title="Pact", name=pact_name(pact)),
        "pb:provider-contract": link(own, title="Provider contract", name=name(contract)),
    }
    return body


def published(submission: ContractSubmission, done: PublishedContract, compared: Compared, urls: Urls) -> Json:
    provider, number = submission.provider, submission.number
    own = urls.provider_contract(provider, number)
    version: Any = version_stub(provider, number, urls)
    return {
        "notices": [{"type": kind, "text": text} for kind, text in _notices(submission, done, compared, urls)],
        "_embedded": {"pacticipant": pacticipant_stub(provider, urls), "version": version},
        "_links": {
            "pb:pacticipant": link(urls.pacticipant(provider), title="Pacticipant", name=provider),
            "pb:pacticipant-version": link(urls.version(provider, number), title="Version", name=number),
            "pb:pacticipant-version-tags": [
                link(urls.tag(provider, number, tag), title="Tag", name=tag) for tag in submission.tags
            ],
            "pb:provider-contract": link(own, title="Provider contract", name=name(done.contract)),
            "pf:provider-contract": link(own, title="Provider contract", name=name(done.contract)),
        },
    }


def _notices(
    submission: ContractSubmission, done: PublishedContract, compared: Compared, urls: Urls
) -> list[tuple[str, str]]:
    provider, number = submission.provider, submission.number
    again = " again: the document is the same" if done.repeated else ""
    said = [
        ("success", f"Provider contract published for {provider} version {number}{again}"),
        ("debug", f"  View it at {urls.provider_contract(provider, number)}"),
    ]
    if done.contract.self_verified is None:
        text = "  Nothing says that the provider keeps to it. Give --verifier NAME and --verification-success, too."
        said.append(("warning", text))
    elif not done.contract.self_verified:
        said.append(("warning", "  The provider's own verification of it failed, so it stands for no pact."))
    for pact, one in compared[:_MOST_SHOWN]:
        said += _fit(pact, one, done.contract, urls)
    if len(compared) > _MOST_SHOWN:
        said.append(("debug", f"  ... and {len(compared) - _MOST_SHOWN} more pacts"))
    return said


def fits(pact: Pact, compared: Sequence[tuple[ProviderContract, Comparison]], urls: Urls) -> list[tuple[str, str]]:
    """What the publisher of a pact is told of the contracts that its provider published."""
    said: list[tuple[str, str]] = []
    for contract_, one in compared:
        which = f"the contract of {contract_.provider} {contract_.number}"
        if one.outcome is False:
            said.append(("error", f"  It does not fit {which}: {_first(one)}"))
            said.append(("debug", f"  Details at {urls.comparison(pact, contract_.number)}"))
        elif one.outcome and contract_.self_verified is False:
            text = f"  It would fit {which}, but the provider's own verification of that failed."
            said.append(("warning", text))
        elif one.outcome:
            said.append(("success", f"  It fits {which}."))
        else:
            said += _unproven(
                f"  {which[0].upper()}{which[1:]} does not answer for all of it", one, pact, contract_, urls
            )
    return said


def _unproven(
    beginning: str, one: Comparison, pact: Pact, contract_: ProviderContract, urls: Urls
) -> list[tuple[str, str]]:
    why = one.first_unproven or "it has no HTTP interactions"
    more = f" ({one.unproven - 1} more)" if one.unproven > 1 else ""
    return [
        ("warning", f"{beginning}: {why}{more}. A verification has to show the rest."),
        ("debug", f"  Details at {urls.comparison(pact, contract_.number)}"),
    ]


def _first(one: Comparison) -> str:
    return f"{one.first_error}{f' ({one.errors - 1} more)' if one.errors > 1 else ''}"


def _fit(pact: Pact, one: Comparison, contract_: ProviderContract, urls: Urls) -> list[tuple[str, str]]:
    which = f"the pact with {pact.consumer} {pact.number}"
    if one.outcome is None:
        return _unproven(f"  It does not answer for all of {which}", one, pact, contract_, urls)
    if one.outcome:
        stands = contract_.self_verified is not False
        return [("success", f"  It fits {which}.") if stands else ("debug", f"  It would fit {which}.")]
    return [
        ("error", f"  It does not fit {which}: {_first(one)}"),
        ("debug", f"  Details at {urls.comparison(pact, contract_.number)}"),
    ]
