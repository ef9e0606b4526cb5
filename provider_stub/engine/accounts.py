"""Who is billed: an account, its billing groups (one statement each a month), and their projects."""

from __future__ import annotations

from attrs import frozen


@frozen
class Project:
    """Usage is reported under `app_key` and billed under `project_id`."""

    project_id: str
    app_key: str


@frozen
class BillingGroup:
    """The projects that share one statement a month. `default` marks the account's standard group."""

    billing_group_id: str
    name: str
    projects: tuple[Project, ...] = ()
    default: bool = False


@frozen
class Account:
    """`account_id` is the API's `uuid`; `region` is a code of the region table."""

    account_id: str
    region: str
    billing_groups: tuple[BillingGroup, ...] = ()
