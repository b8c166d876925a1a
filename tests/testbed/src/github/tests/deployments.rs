//! Finding and deleting deployments.

use serde_json::json;

use super::{
    super::{DeploymentState, User},
    acme,
};

const PATH: &str = "/repos/acme/hey/deployments";

#[test]
fn a_listing_is_newest_first_and_filtered() {
    let (_github, hey, client) = acme();
    let sha = hey.push("feature/x");
    let first = hey.deploy("feature/x", "beta", "branch-deploys:hey", json!({}));
    let second = hey.deploy("feature/x", "beta", "branch-deploys:hey", json!({}));
    let other = hey.deploy("main", "beta/two", "deploy", json!({}));
    let ids = |query: &str| client.get(&format!("{PATH}?{query}")).each("id");
    assert_eq!(ids(""), [other, second, first]);
    assert_eq!(ids("ref=feature%2Fx"), [second, first]);
    assert_eq!(ids(&format!("sha={sha}")), [second, first]);
    assert_eq!(
        ids("task=branch-deploys%3Ahey&environment=beta"),
        [second, first]
    );
    assert_eq!(ids("environment=beta%2Ftwo"), [other]);
    assert!(ids("ref=elsewhere").is_empty());
}

#[test]
fn a_listing_has_thirty_to_a_page_at_most_a_hundred_and_links_to_the_others() {
    let (github, hey, client) = acme();
    for _ in 0..205 {
        hey.deploy("main", "beta", "deploy", json!({}));
    }
    let page = |query: &str| client.get(&format!("{PATH}{query}"));
    assert_eq!(page("").each("id").len(), 30);
    assert_eq!(page("?per_page=500").each("id").len(), 100);
    let middle = page("?environment=beta&per_page=100&page=2");
    let base = format!("{}/repositories/{}/deployments", github.url(), hey.id());
    let link =
        |page, rel| format!("<{base}?environment=beta&per_page=100&page={page}>; rel=\"{rel}\"");
    let links = [
        link(1, "prev"),
        link(3, "next"),
        link(3, "last"),
        link(1, "first"),
    ];
    assert_eq!(middle.header("link"), links.join(", "));
    let last = page("?environment=beta&per_page=100&page=3");
    assert_eq!(last.each("id").len(), 5);
    assert!(!last.header("link").contains("next"));
    assert!(page("?page=9").each("id").is_empty());
    let followed = client.get(&format!(
        "/repositories/{}/deployments?per_page=100",
        hey.id()
    ));
    assert_eq!(followed.each("id").len(), 100);
}

#[test]
fn one_page_has_no_links() {
    let (_github, hey, client) = acme();
    hey.deploy("main", "beta", "deploy", json!({}));
    assert!(client.get(PATH).headers.get("link").is_none());
}

#[test]
fn only_an_inactive_deployment_may_be_deleted_unless_it_is_the_only_one() {
    let (_github, hey, client) = acme();
    let [one, two] = [1, 2].map(|_| hey.deploy("main", "beta", "deploy", json!({})));
    let path = |id| format!("{PATH}/{id}");
    hey.post_status(one, DeploymentState::Success, User::person("ada"));
    assert_eq!(client.delete(&path(one)).status, 422);
    hey.post_status(one, DeploymentState::Inactive, User::person("ada"));
    assert_eq!(client.delete(&path(one)).status, 204);
    assert_eq!(client.get(&path(one)).status, 404);
    assert_eq!(client.delete(&path(two)).status, 204);
    assert_eq!(client.get("/repos/acme/hey/deployments/none").status, 404);
}
