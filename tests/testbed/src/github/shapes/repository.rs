//! Repositories.

use serde_json::{Value, json};

use super::{super::stored::Stored, User, node_id, time};

/// The links below the repository's own URL.
const LINKS: [(&str, &str); 37] = [
    ("url", ""),
    ("archive_url", "/{archive_format}{/ref}"),
    ("assignees_url", "/assignees{/user}"),
    ("blobs_url", "/git/blobs{/sha}"),
    ("branches_url", "/branches{/branch}"),
    ("collaborators_url", "/collaborators{/collaborator}"),
    ("comments_url", "/comments{/number}"),
    ("commits_url", "/commits{/sha}"),
    ("compare_url", "/compare/{base}...{head}"),
    ("contents_url", "/contents/{+path}"),
    ("contributors_url", "/contributors"),
    ("deployments_url", "/deployments"),
    ("downloads_url", "/downloads"),
    ("events_url", "/events"),
    ("forks_url", "/forks"),
    ("git_commits_url", "/git/commits{/sha}"),
    ("git_refs_url", "/git/refs{/sha}"),
    ("git_tags_url", "/git/tags{/sha}"),
    ("hooks_url", "/hooks"),
    ("issue_comment_url", "/issues/comments{/number}"),
    ("issue_events_url", "/issues/events{/number}"),
    ("issues_url", "/issues{/number}"),
    ("keys_url", "/keys{/key_id}"),
    ("labels_url", "/labels{/name}"),
    ("languages_url", "/languages"),
    ("merges_url", "/merges"),
    ("milestones_url", "/milestones{/number}"),
    (
        "notifications_url",
        "/notifications{?since,all,participating}",
    ),
    ("pulls_url", "/pulls{/number}"),
    ("releases_url", "/releases{/id}"),
    ("stargazers_url", "/stargazers"),
    ("statuses_url", "/statuses/{sha}"),
    ("subscribers_url", "/subscribers"),
    ("subscription_url", "/subscription"),
    ("tags_url", "/tags"),
    ("teams_url", "/teams"),
    ("trees_url", "/git/trees{/sha}"),
];

/// A repository in full.
pub fn repository(stored: &Stored) -> Value {
    let mut all = facts(stored);
    for (key, path) in LINKS {
        all[key] = format!("{}{path}", stored.api()).into();
    }
    for key in COUNTS {
        all[key] = 0.into();
    }
    for key in NOTHING {
        all[key] = Value::Null;
    }
    all
}

const COUNTS: [&str; 10] = [
    "forks",
    "forks_count",
    "network_count",
    "open_issues",
    "open_issues_count",
    "size",
    "stargazers_count",
    "subscribers_count",
    "watchers",
    "watchers_count",
];

const NOTHING: [&str; 5] = [
    "description",
    "homepage",
    "language",
    "license",
    "mirror_url",
];

fn facts(stored: &Stored) -> Value {
    let (id, full_name) = (stored.id, stored.full_name());
    json!({
        "id": id,
        "node_id": node_id("Repository", id),
        "name": stored.name,
        "full_name": full_name,
        "owner": User::organization(&stored.owner).json(&stored.url),
        "private": true,
        "visibility": "private",
        "fork": false,
        "archived": false,
        "disabled": false,
        "is_template": false,
        "topics": [],
        "html_url": stored.html(),
        "svn_url": stored.html(),
        "git_url": format!("git://github.com/{full_name}.git"),
        "ssh_url": format!("git@github.com:{full_name}.git"),
        "clone_url": format!("{}.git", stored.html()),
        "default_branch": stored.git.default_branch,
        "has_issues": true,
        "has_projects": true,
        "has_downloads": true,
        "has_wiki": true,
        "has_pages": false,
        "has_discussions": false,
        "pushed_at": time(stored.created_at),
        "created_at": time(stored.created_at),
        "updated_at": time(stored.created_at),
    })
}
