"""Which pacts a provider is given to verify, and which of them may fail."""

from __future__ import annotations

import pytest

from broker.tests.served import Broker, Json


def test_without_selectors_main_branches_and_what_is_deployed_are_verified(broker: Broker) -> None:
    broker.publish("Foo", "1", branch="main", says="deployed")
    broker.deploy("Foo", "1", broker.environment("uat"))
    broker.publish("Foo", "2", branch="main", says="main")
    broker.publish("Foo", "3", branch="feat/x", says="feature")
    assert broker.names_to_verify() == ["Foo 1", "Foo 2"]


def test_without_selectors_a_consumer_without_branches_is_not_forgotten(broker: Broker) -> None:
    broker.publish("Foo", "1", says="old")
    broker.publish("Foo", "2", says="new")
    assert broker.names_to_verify() == ["Foo 2"]


def test_without_selectors_a_consumer_whose_main_branch_has_moved_on_without_a_pact_is_not_forgotten(
    broker: Broker,
) -> None:
    broker.publish("Foo", "1", branch="main", says="old")
    broker.publish("Foo", "2", branch="main", says="new")
    broker.put_on_branch("Foo", "3", "main")
    assert broker.names_to_verify() == ["Foo 2"]


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ({"mainBranch": True}, ["Baz 7", "Foo 2"]),
        ({"mainBranch": True, "consumer": "Foo"}, ["Foo 2"]),
        ({"branch": "feat/x"}, ["Foo 3"]),
        ({"branch": "main", "latest": False, "consumer": "Foo"}, ["Foo 1", "Foo 2"]),
        ({"branch": "feat/x", "fallbackBranch": "main"}, ["Baz 7", "Foo 3"]),
        ({"branch": "nope", "fallbackBranch": "main"}, ["Baz 7", "Foo 2"]),
        ({"tag": "t", "latest": True}, ["Foo 2"]),
        ({"tag": "t"}, ["Foo 1", "Foo 2"]),
        ({"tag": "nope", "latest": True, "fallbackTag": "t"}, ["Foo 2"]),
        ({"latest": True}, ["Baz 7", "Foo 3"]),
        ({"matchingBranch": True}, ["Foo 3"]),
        ({"deployed": True}, ["Foo 1"]),
        ({"released": True}, ["Foo 2"]),
        ({"deployedOrReleased": True}, ["Foo 1", "Foo 2"]),
        ({"environment": "uat"}, ["Foo 1"]),
        ({"environment": "prod", "released": True}, ["Foo 2"]),
        ({"environment": "prod", "deployed": True}, []),
    ],
)
def test_each_selector_chooses_what_it_says(broker: Broker, selector: Json, expected: list[str]) -> None:
    broker.publish("Foo", "1", branch="main", tags=["t"], says="one")
    broker.publish("Foo", "2", branch="main", tags=["t"], says="two")
    broker.publish("Foo", "3", branch="feat/x", says="three")
    broker.publish("Baz", "7", branch="main", says="seven")
    broker.deploy("Foo", "1", broker.environment("uat"))
    broker.release("Foo", "2", broker.environment("prod"))
    assert broker.names_to_verify(selector, providerVersionBranch="feat/x") == expected


def test_selectors_and_tags_count_once_and_their_number_has_a_bound(broker: Broker) -> None:
    broker.publish("Foo", "1", branch="main")
    many = [{"branch": str(number)} for number in range(499)]
    assert broker.names_to_verify({"mainBranch": True}, *many, *many) == ["Foo 1"]
    assert len(broker.to_verify(providerVersionTags=["a", "b"] * 100)) == 1
    over = {"consumerVersionSelectors": [*many, {"branch": "499"}, {"branch": "500"}]}
    tags = {"providerVersionTags": [str(number) for number in range(101)]}
    for demand, says in ((over, "must be at most 500, not 501"), (tags, "must be at most 100, not 101")):
        refused = broker.ask("POST", "/pacts/provider/Bar/for-verification", demand, status=400)
        assert list(refused["errors"].values()) == [[says]]


def test_the_main_branch_means_its_latest_version_also_when_that_has_no_pact(broker: Broker) -> None:
    broker.publish("Foo", "1", branch="main")
    broker.put_on_branch("Foo", "2", "main")
    assert broker.names_to_verify({"mainBranch": True}) == []


def test_one_content_is_verified_once_for_all_the_versions_that_have_it(broker: Broker) -> None:
    broker.publish("Foo", "1", branch="main")
    broker.publish("Foo", "2", branch="feat/x")
    (only,) = broker.to_verify(consumerVersionSelectors=[{"mainBranch": True}, {"branch": "feat/x"}])
    assert only["shortDescription"] == "latest from main branch, latest from branch feat/x"


@pytest.mark.parametrize(
    ("selector", "says"),
    [
        ({}, "must say which versions"),
        ({"consumer": "Foo"}, "must say which versions"),
        ("main", "must be an object"),
        ({"mainBranch": "yes"}, "mainBranch must be true or false"),
        ({"branch": " "}, "branch must be a text that is not blank"),
        ({"brunch": "main"}, "brunch is not a selector key"),
        ({"mainBranch": True, "tag": "t"}, "cannot combine mainBranch with any criterion apart from consumer"),
        ({"matchingBranch": True, "branch": "b"}, "cannot combine matchingBranch with any"),
        ({"mainBranch": True, "matchingBranch": True}, "cannot combine mainBranch"),
        ({"matchingBranch": True}, "matchingBranch needs the providerVersionBranch"),
        ({"tag": "t", "branch": "b"}, "cannot combine tag with branch"),
        ({"latest": True, "fallbackTag": "t"}, "fallbackTag needs a tag"),
        ({"tag": "t", "fallbackTag": "u"}, "fallbackTag needs latest=true"),
        ({"latest": True, "fallbackBranch": "b"}, "fallbackBranch needs a branch"),
        ({"branch": "b", "latest": False, "fallbackBranch": "c"}, "fallbackBranch cannot be combined"),
        ({"deployed": True, "tag": "t"}, "cannot combine deployed, released or environment with tag"),
        ({"environment": "uat", "latest": True}, "cannot combine deployed, released or environment with"),
        ({"deployed": True, "released": True}, "exclude one another"),
        ({"environment": "nope"}, "environment with name 'nope' does not exist"),
    ],
)
def test_a_selector_that_contradicts_itself_is_refused(broker: Broker, selector: object, says: str) -> None:
    broker.publish("Foo", "1")
    demand = {"consumerVersionSelectors": [selector]}
    answer = broker.ask("POST", "/pacts/provider/Bar/for-verification", demand, status=400)
    assert says in answer["errors"]["consumerVersionSelectors"][0]


def test_the_index_of_the_faulty_selector_is_named(broker: Broker) -> None:
    broker.publish("Foo", "1")
    demand = {"consumerVersionSelectors": [{"mainBranch": True}, {}]}
    answer = broker.ask("POST", "/pacts/provider/Bar/for-verification", demand, status=400)
    assert answer["errors"]["consumerVersionSelectors"][0].endswith("(at index 1)")


def test_a_provider_that_nobody_knows_is_not_found(broker: Broker) -> None:
    broker.ask("POST", "/pacts/provider/Nobody/for-verification", {}, status=404)


def _pending(broker: Broker, **demand: object) -> object:
    demand = {"includePendingStatus": True, "consumerVersionSelectors": [{"latest": True}], **demand}
    (only,) = broker.to_verify(**demand)
    return only["verificationProperties"].get("pending", "absent")


def test_a_pact_is_pending_until_this_branch_has_verified_it(broker: Broker) -> None:
    sha = broker.publish("Foo", "1")
    broker.put_on_branch("Bar", "9", "main")
    assert _pending(broker, providerVersionBranch="main") is True
    broker.verify("Foo", sha, "10", branch="main", success=False)
    assert _pending(broker, providerVersionBranch="main") is True
    broker.verify("Foo", sha, "11", branch="main")
    assert _pending(broker, providerVersionBranch="main") is False
    broker.verify("Foo", sha, "12", branch="main", success=False)
    assert _pending(broker, providerVersionBranch="main") is False


def test_a_branch_inherits_the_successes_that_are_older_than_itself(broker: Broker) -> None:
    sha = broker.publish("Foo", "1")
    broker.put_on_branch("Bar", "9", "older")
    broker.verify("Foo", sha, "10", branch="main")
    broker.put_on_branch("Bar", "11", "newer")
    assert _pending(broker, providerVersionBranch="older") is True
    assert _pending(broker, providerVersionBranch="newer") is False
    assert _pending(broker, providerVersionBranch="not there yet") is False


def test_without_a_branch_any_success_ends_the_pending_time(broker: Broker) -> None:
    sha = broker.publish("Foo", "1")
    assert _pending(broker) is True
    broker.verify("Foo", sha, "10")
    assert _pending(broker) is False


def test_each_provider_tag_has_to_have_a_success(broker: Broker) -> None:
    sha = broker.publish("Foo", "1")
    broker.verify("Foo", sha, "10")
    broker.ask("PUT", "/pacticipants/Bar/versions/10/tags/dev", {}, status=201)
    assert _pending(broker, providerVersionTags=["dev"]) is False
    assert _pending(broker, providerVersionTags=["dev", "prod"]) is True


@pytest.mark.parametrize(("asked", "expected"), [(False, "absent"), (None, True), (True, True)])
def test_pending_is_left_out_only_on_request(broker: Broker, asked: bool | None, expected: object) -> None:
    broker.publish("Foo", "1")
    assert _pending(broker, includePendingStatus=asked) == expected


def _work_in_progress(broker: Broker, **demand: object) -> list[str]:
    demand = {
        "providerVersionBranch": "main",
        "includeWipPactsSince": "2020-01-01",
        "consumerVersionSelectors": [{"mainBranch": True}],
        **demand,
    }
    found = broker.to_verify(**demand)
    wip = [one for one in found if one["verificationProperties"].get("wip")]
    assert all(one["verificationProperties"]["pending"] for one in wip)
    return [one["_links"]["self"]["name"].split(" (")[1].split(")")[0] for one in wip]


def test_heads_that_nobody_selected_are_work_in_progress(broker: Broker) -> None:
    broker.publish("Foo", "1", branch="main", says="main")
    broker.publish("Foo", "2", branch="feat/x", says="superseded")
    broker.publish("Foo", "3", branch="feat/x", says="feature")
    broker.publish("Foo", "4", tags=["t"], says="tagged")
    assert _work_in_progress(broker) == ["3", "4"]
    assert _work_in_progress(broker, includeWipPactsSince=None) == []
    assert _work_in_progress(broker, includeWipPactsSince="2999-01-01") == []
    assert _work_in_progress(broker, providerVersionBranch=None) == []


def test_a_feature_branch_with_the_main_branchs_content_is_not_work_in_progress(broker: Broker) -> None:
    broker.publish("Foo", "1", branch="main")
    broker.publish("Foo", "2", branch="feat/x")
    assert _work_in_progress(broker) == []


def test_a_success_as_work_in_progress_leaves_it_work_in_progress(broker: Broker) -> None:
    broker.publish("Foo", "1", branch="main", says="main")
    sha = broker.publish("Foo", "2", branch="feat/x", says="feature")
    broker.put_on_branch("Bar", "9", "main")
    broker.verify("Foo", sha, "10", branch="main", metadata="dz10cnVl")
    assert _work_in_progress(broker) == ["2"]
    broker.verify("Foo", sha, "11", branch="main")
    assert _work_in_progress(broker) == []


def test_a_result_as_work_in_progress_counts_for_deploying(broker: Broker) -> None:
    sha = broker.publish("Foo", "1")
    broker.verify("Foo", sha, "10", metadata="dz10cnVl")
    assert broker.deployable("Foo:1", "Bar:10") is True


@pytest.mark.parametrize("since", ["yesterday", "9999-99-99", [3]])
def test_a_date_that_is_none_is_refused(broker: Broker, since: object) -> None:
    broker.publish("Foo", "1")
    demand = {"includeWipPactsSince": since, "providerVersionBranch": "main"}
    answer = broker.ask("POST", "/pacts/provider/Bar/for-verification", demand, status=400)
    assert "includeWipPactsSince" in answer["errors"]


def test_the_pact_is_posted_back_under_the_metadata_that_it_was_fetched_with(broker: Broker) -> None:
    broker.publish("Foo", "1", branch="feat/x")
    (only,) = broker.to_verify(
        providerVersionBranch="main",
        includeWipPactsSince="2020-01-01",
        consumerVersionSelectors=[{"mainBranch": True}],
    )
    href = only["_links"]["self"]["href"]
    fetched = broker.client.get(href).json()
    assert fetched["_links"]["pb:publish-verification-results"]["href"] == f"{href}/verification-results"


def test_a_result_can_be_read_again(broker: Broker) -> None:
    sha = broker.publish("Foo", "1")
    body = {
        "success": False,
        "providerApplicationVersion": "10",
        "buildUrl": "http://ci/1",
        "testResults": [{"interactionId": "x", "success": False, "mismatches": [{"description": "bad"}]}],
        "verifiedBy": {"implementation": "Pact-Rust", "clientLanguage": {"name": "pact-python"}},
    }
    path = f"/pacts/provider/Bar/consumer/Foo/pact-version/{sha}/verification-results"
    posted = broker.ask("POST", path, body, status=201)
    assert broker.client.get(posted["_links"]["self"]["href"]).json() == posted
    assert broker.get(f"{path}/latest") == posted
    assert posted["testResults"] == body["testResults"]
    assert posted["verifiedBy"] == {"implementation": "Pact-Rust", "client_implementation": "pact-python"}
    latest = broker.get("/verification-results/consumer/Foo/version/1/latest")
    assert (latest["success"], latest["_embedded"]["verificationResults"]) == (False, [posted])


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "success"),
        ({"success": "true", "providerApplicationVersion": "1"}, "success"),
        ({"success": True}, "providerApplicationVersion"),
        ({"success": True, "providerApplicationVersion": ""}, "providerApplicationVersion"),
    ],
)
def test_a_faulty_result_is_refused_at_the_field(broker: Broker, body: Json, field: str) -> None:
    sha = broker.publish("Foo", "1")
    path = f"/pacts/provider/Bar/consumer/Foo/pact-version/{sha}/verification-results"
    assert field in broker.ask("POST", path, body, status=400)["errors"]
