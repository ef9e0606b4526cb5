"""A question that is not quite one is refused: read in another way, it would be answered with a yes."""

from __future__ import annotations

import pytest

from broker.tests.served import Broker

_FOO = "q[][pacticipant]=Foo"


@pytest.mark.parametrize(
    ("query", "names"),
    [
        (f"{_FOO}&q[][version]=", "q[][version]"),
        (f"{_FOO}&q[][version]=%20", "q[][version]"),
        (f"{_FOO}&q[][branch]=", "q[][branch]"),
        (f"{_FOO}&q[][tag]=", "q[][tag]"),
        (f"{_FOO}&q[][environment]=", "q[][environment]"),
        (f"{_FOO}&q[][latest]=", "q[][latest]"),
        (f"{_FOO}&environment=", "environment"),
        (f"{_FOO}&environment=uat&environment=", "environment"),
        (f"{_FOO}&tag=&latest=true", "tag"),
        (f"{_FOO}&branch=", "branch"),
        (f"{_FOO}&latestby=", "latestby"),
        (f"{_FOO}&limit=", "limit"),
        (f"{_FOO}&ignore[][pacticipant]=", "ignore[][pacticipant]"),
        (f"{_FOO}&ignore[][pacticipant]=Bar&ignore[][version]=", "ignore[][version]"),
        (f"{_FOO}&q[][enviroment]=uat", "q[][enviroment]"),
        (f"{_FOO}&q[][Version]=1", "q[][Version]"),
        (f"{_FOO}&q[version]=1", "q[version]"),
        (f"{_FOO}&ignore[][name]=Bar", "ignore[][name]"),
        (f"{_FOO}&Environment=uat", "Environment"),
        (f"{_FOO}&enviroment=uat", "enviroment"),
        (f"{_FOO}&main_branch=true", "main_branch"),
        (f"{_FOO}&latest_by=cvpv", "latest_by"),
        (f"{_FOO}&q[][environment]=uat&q[][branch]=main", "An environment cannot be combined"),
        (f"{_FOO}&q[][tag]=a&q[][branch]=main", "tag, branch and mainBranch cannot be combined"),
        (f"{_FOO}&branch=main&mainBranch=true", "tag, branch and mainBranch cannot be combined"),
    ],
)
def test_what_is_blank_unknown_or_contradictory_is_refused_by_its_name(broker: Broker, query: str, names: str) -> None:
    broker.publish("Foo", "1")
    broker.environment("uat")
    errors = broker.get(f"/matrix?{query}", 400)["errors"]
    assert any(names in message for message in errors), errors


@pytest.mark.parametrize("query", ["pacticipant=Foo&version=1&environment=&to=dev", "pacticipant=Foo&version=&to=dev"])
def test_a_blank_value_is_refused_at_can_i_deploy_too(broker: Broker, query: str) -> None:
    broker.publish("Foo", "1")
    broker.get(f"/can-i-deploy?{query}", 400)


def test_what_other_clients_may_send_besides_is_ignored(broker: Broker) -> None:
    broker.publish("Foo", "1")
    broker.get(f"/matrix?{_FOO}&days=5&success[]=true&utf8=x&latestby=cvpv")


def test_fields_of_the_form_that_were_left_empty_are_not_given(broker: Broker) -> None:
    broker.verify("Foo", broker.publish("Foo", "1"), "10")
    empty = "&q[][branch]=&q[][tag]=&q[][environment]="
    form = f"{_FOO}&q[][version]=1{empty}&q[][pacticipant]=&q[][version]={empty}&environment=&tag=+&branch=&latestby="
    page = broker.client.get(f"/matrix?{form}&limit=100", headers={"accept": "text/html"})
    assert (page.status_code, "1 row" in page.text) == (200, True)
    misspelt = broker.client.get(f"/matrix?{_FOO}&q[][enviroment]=uat", headers={"accept": "text/html"})
    assert misspelt.status_code == 400
