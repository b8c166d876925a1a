//! What it means where GitHub refuses an App itself, and what to do.

use super::{super::error::GitHubError, Tokens};

/// What GitHub says to an App that asks for a token of a repository by a name which is none, or no
/// longer: a token's repositories follow no redirect.
const NOT_AMONG: &str = "There is at least one repository that does not exist or is not accessible to \
                         the parent installation.";

const SUSPENDED: &str = "This installation has been suspended";

impl Tokens {
    /// What a refusal of the App means. It has no status any more: that an App is not installed must
    /// not be taken for "there is no such branch".
    pub(super) fn explain(&self, error: GitHubError) -> GitHubError {
        let Some(status) = error.status().filter(|status| *status < 500) else {
            return error;
        };
        let (app, repository) = (self.app.id, &self.repository);
        let advice = match (status, self.app.installation) {
            (401, _) => {
                format!("the private key is none of the App {app}'s, or was deleted there")
            }
            (403, _) if error.says(SUSPENDED) => format!(
                "somebody suspended the App {app} where it is installed on {repository}: lift that in \
                 the settings of the organization, under GitHub Apps"
            ),
            (404, _) if error.says("Integration not found") => {
                format!("there is no App {app}: is the id right, and the key that App's?")
            }
            (404, None) => {
                format!("the App {app} is not installed on {repository}: install it there")
            }
            (404, Some(id)) => format!("the App {app} has no installation {id}"),
            (422, _) if error.says(NOT_AMONG) => format!(
                "{repository} is none of those that the App {app} is installed on: if it was renamed, \
                 give its new name by --repository, else add it to the installation"
            ),
            _ => {
                let each = self.app.permissions.iter();
                let each: Vec<_> = each.map(|(of, level)| format!("{of}: {level}")).collect();
                let needed = each.join(", ");
                format!("give the App {app}, and its installation on {repository}, {needed}")
            }
        };
        error.of_the_app(advice)
    }
}
