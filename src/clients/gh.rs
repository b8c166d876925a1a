//! GitHub's own command line, where somebody has logged in with it.

use std::{process::Stdio, time::Duration};

use tokio::{process::Command, time::timeout};

/// How long it may take: it may ask a keyring.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The token that `gh auth login` left for `host`, which alone may see it; none without `gh`, and
/// where nobody has logged in there.
pub async fn token(host: &str) -> Option<String> {
    let asked = Command::new("gh")
        .args(["auth", "token", "--hostname", host])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = timeout(TIMEOUT, asked).await.ok()?.ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}
