//! GitHub's own command line, where somebody has logged in with it.

use std::time::Duration;

use tokio::process::Command;

use super::child;

/// How long it may take: it may ask a keyring.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The token that `gh auth login` left for `host`, which alone may see it; none without `gh`, and
/// where nobody has logged in there.
pub async fn token(host: &str) -> Option<String> {
    let mut command = Command::new("gh");
    let command = command.args(["auth", "token", "--hostname", host]);
    let ended = child::run(command, b"", TIMEOUT).await.ok()?;
    let text = String::from_utf8(ended.stdout.whole().ok()?).ok()?;
    ended.status.success().then(|| text.trim().to_owned())
}
