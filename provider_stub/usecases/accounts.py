"""Accounts and their billing groups."""

from __future__ import annotations

from collections import Counter as Multiset
from collections.abc import Iterable, Iterator

from attrs import evolve, frozen

from provider_stub.engine.accounts import Account, BillingGroup, Project
from provider_stub.engine.adjustments import Level
from provider_stub.engine.contracts import ContractTerm
from provider_stub.engine.errors import (
    BillingError,
    Conflict,
    CurrencyMismatch,
    InvalidValue,
    NotFound,
    PaymentInDoubt,
    gathered,
)
from provider_stub.engine.period import Month
from provider_stub.engine.regions import region_of
from provider_stub.store.protocol.tx import Tx
from provider_stub.usecases.context import Context, existing, locked, region
from provider_stub.usecases.errors import IdentifierTaken, UnknownReference

RESERVED_GROUPS = frozenset({"adjustments"})
"""Names that paths of the API use where a billing group's id stands."""


@frozen
class AccountView:
    """An account and the contract terms of its groups."""

    account: Account
    terms: tuple[ContractTerm, ...]


@frozen
class GroupView:
    """A billing group, whose it is, and its contract terms."""

    account_id: str
    group: BillingGroup
    terms: tuple[ContractTerm, ...]


@frozen
class GroupChanges:
    """What to change of a billing group; None leaves it as it is."""

    name: str | None = None
    default: bool | None = None
    contract_id: str | None = None
    month_from: Month | None = None


def put_account(ctx: Context, wanted: Account) -> AccountView:
    """Creates the account or makes it what is wanted.

    Raises InvalidValue (ids twice), IdentifierTaken (ids of others), Conflict (something has been metered, adjusted or
    billed for what would go), UnknownRegion.
    """
    region_of(wanted.region)
    _check_ids(wanted)
    with ctx.store.write() as tx:
        tx.accounts.lock_ownership()
        standing = tx.accounts.lock(wanted.account_id)
        _check_owners(tx, wanted)
        if standing is None:
            account = _with_default(wanted, wanted.billing_groups[0].billing_group_id)
        else:
            _check_history(tx, standing, wanted)
            default = next((g.billing_group_id for g in standing.billing_groups if g.default), None)
            account = _with_default(wanted, default)
        tx.accounts.put(account)
        return _view(tx, account.account_id)


def get_account(ctx: Context, account_id: str) -> AccountView:
    """Raises NotFound."""
    with ctx.store.read() as tx:
        return _view(tx, account_id)


def delete_account(ctx: Context, account_id: str) -> None:
    """Removes it with everything it has. Raises NotFound, and PaymentInDoubt while it may be charged."""
    with ctx.store.write() as tx:
        locked(tx, account_id)
        if tx.payments.in_doubt(account_id):
            # Without the attempt nobody would ask the gateway any more whether the money moved.
            raise PaymentInDoubt(f"a charge of {account_id} is not answered yet; the account can go afterwards")
        tx.accounts.remove(account_id)


def get_billing_group(ctx: Context, billing_group_id: str) -> GroupView:
    """Raises NotFound."""
    with ctx.store.read() as tx:
        return _group(tx, billing_group_id)


def update_billing_group(ctx: Context, billing_group_id: str, changes: GroupChanges) -> GroupView:
    """Raises NotFound, UnknownReference (/contractId), CurrencyMismatch (/contractId), InvalidValue (/monthFrom)."""
    if changes.month_from is not None and changes.contract_id is None:
        raise InvalidValue.at_field("/monthFrom", "a first month needs the contract that begins in it")
    with ctx.store.write() as tx:
        account = _owner(tx, billing_group_id)
        if changes.contract_id is not None:
            month_from = changes.month_from or Month.of(ctx.clock(), region(account).zone)
            _put_under(tx, account, ContractTerm(billing_group_id, changes.contract_id, month_from))
        groups = tuple(_changed(group, billing_group_id, changes) for group in account.billing_groups)
        tx.accounts.put(evolve(account, billing_groups=groups))
        return _group(tx, billing_group_id)


def remove_billing_group_contracts(ctx: Context, billing_group_id: str) -> None:
    """Raises NotFound."""
    with ctx.store.write() as tx:
        _owner(tx, billing_group_id)
        tx.contracts.clear_terms(billing_group_id)


def projects_of(account: Account) -> Iterator[Project]:
    return (project for group in account.billing_groups for project in group.projects)


def _view(tx: Tx, account_id: str) -> AccountView:
    account = existing(tx.accounts.get(account_id), account_id)
    return AccountView(account, tx.contracts.terms([group.billing_group_id for group in account.billing_groups]))


def _owner(tx: Tx, billing_group_id: str) -> Account:
    found = tx.accounts.of_group(billing_group_id)
    account = None if found is None else tx.accounts.lock(found.account_id)
    if account is None or billing_group_id not in _ids(account.billing_groups):  # it may have gone before the lock
        raise NotFound(f"there is no billing group {billing_group_id}")
    return account


def _group(tx: Tx, billing_group_id: str) -> GroupView:
    account = tx.accounts.of_group(billing_group_id)
    if account is None:
        raise NotFound(f"there is no billing group {billing_group_id}")
    group = next(group for group in account.billing_groups if group.billing_group_id == billing_group_id)
    return GroupView(account.account_id, group, tx.contracts.terms([billing_group_id]))


def _changed(group: BillingGroup, target: str, changes: GroupChanges) -> BillingGroup:
    if group.billing_group_id != target:
        # Of an account's groups at most one is the default.
        return evolve(group, default=False) if changes.default else group
    default = group.default if changes.default is None else changes.default
    return evolve(group, name=changes.name or group.name, default=default)


def _put_under(tx: Tx, account: Account, term: ContractTerm) -> None:
    contract = tx.contracts.get(term.contract_id)
    if contract is None:
        raise UnknownReference.at_field("/contractId", f"there is no contract {term.contract_id}")
    currency = region(account).currency
    if contract.currency != currency:
        raise CurrencyMismatch.at_field(
            "/contractId", f"the contract is in {contract.currency}, the account is billed in {currency}"
        )
    tx.contracts.set_term(term)


def _with_default(account: Account, default: str | None) -> Account:
    groups = (evolve(group, default=group.billing_group_id == default) for group in account.billing_groups)
    return evolve(account, billing_groups=tuple(groups))


def _check_ids(account: Account) -> None:
    """Each id stands once, and none is a word that a path needs."""
    groups, projects, app_keys = _pointers(account)
    errors: list[BillingError] = []
    for named in (groups, projects, app_keys):
        errors += _repeated(named)
    errors += [
        InvalidValue.at_field(pointer, f"{name} is reserved") for pointer, name in groups if name in RESERVED_GROUPS
    ]
    if errors:
        raise gathered(errors)


_Named = list[tuple[str, str]]
"""Pointer and value of each id of one kind."""


def _pointers(account: Account) -> tuple[_Named, _Named, _Named]:
    groups: _Named = []
    projects: _Named = []
    app_keys: _Named = []
    for index, group in enumerate(account.billing_groups):
        at = f"/billingGroups/{index}"
        groups.append((f"{at}/billingGroupId", group.billing_group_id))
        for number, project in enumerate(group.projects):
            projects.append((f"{at}/projects/{number}/projectId", project.project_id))
            app_keys.append((f"{at}/projects/{number}/appKey", project.app_key))
    return groups, projects, app_keys


def _repeated(named: _Named) -> list[BillingError]:
    times = Multiset(value for _, value in named)
    return [InvalidValue.at_field(pointer, f"{value} stands twice") for pointer, value in named if times[value] > 1]


def _check_owners(tx: Tx, wanted: Account) -> None:
    groups, projects, app_keys = _pointers(wanted)
    owners = tx.accounts.owners(
        [value for _, value in groups], [value for _, value in projects], [value for _, value in app_keys]
    )
    taken = [
        IdentifierTaken.at_field(pointer, f"{value} belongs to another account")
        for named, held in zip((groups, projects, app_keys), owners, strict=True)
        for pointer, value in named
        if held.get(value, wanted.account_id) != wanted.account_id
    ]
    if taken:
        faults = [fault for error in taken for fault in error.faults]
        raise IdentifierTaken(f"{taken[0].detail}", *faults)


def _check_history(tx: Tx, standing: Account, wanted: Account) -> None:
    """Nothing that was metered, adjusted or billed may lose the group, project or region that it belongs to."""
    groups = _ids(standing.billing_groups) - _ids(wanted.billing_groups)
    projects = {one.project_id for one in projects_of(standing)} - {one.project_id for one in projects_of(wanted)}
    if billed := tx.statements.groups_with(groups):
        raise Conflict(f"there are statements of {', '.join(sorted(billed))}")
    if metered := tx.meters.any_of(projects):
        raise Conflict(f"there are meters of {', '.join(sorted(metered))}")
    before, after = _group_of(standing), _group_of(wanted)
    moved = {one for one in before.keys() & after.keys() if before[one] != after[one]}
    if (shifted := tx.meters.any_of(moved)) and tx.statements.groups_with(
        {group for one in shifted for group in (before[one], after[one])}
    ):
        raise Conflict(f"{', '.join(sorted(shifted))} has been metered, and its groups have been billed")
    adjusted = {
        *(one.target_id for one in tx.adjustments.of(Level.PROJECT, projects)),
        *(one.target_id for one in tx.adjustments.of(Level.BILLING_GROUP, groups)),
    }
    if adjusted:
        raise Conflict(f"there are adjustments of {', '.join(sorted(adjusted))}")
    if standing.region != wanted.region and _has_history(tx, standing):
        raise Conflict(f"the account has been metered or billed in region {standing.region}")


def _has_history(tx: Tx, account: Account) -> bool:
    return bool(
        tx.statements.groups_with(_ids(account.billing_groups))
        or tx.meters.any_of({one.project_id for one in projects_of(account)})
        or tx.credits.grants(account.account_id)
        or tx.contracts.terms(_ids(account.billing_groups))
    )


def _group_of(account: Account) -> dict[str, str]:
    return {p.project_id: group.billing_group_id for group in account.billing_groups for p in group.projects}


def _ids(groups: Iterable[BillingGroup]) -> set[str]:
    return {group.billing_group_id for group in groups}
