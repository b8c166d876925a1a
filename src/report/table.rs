use std::time::Duration;

use chrono::{DateTime, Utc};
use comfy_table::{Table, presets};
use serde::Serialize;

use super::plain;

/// One environment, as `environments` shows it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Shown {
    /// Its name, `<app>-<slug>`.
    pub environment: String,
    /// The app.
    pub app: String,
    /// The branch; none where neither record nor release tells it.
    pub branch: Option<String>,
    /// The commit of the last deploy that began.
    pub commit: Option<String>,
    /// `up`, `deploying`, `failed`, `removing`, `broken-off`, `no-record` or `unreadable`.
    pub state: &'static str,
    /// The address.
    pub url: Option<String>,
    /// When it was last deployed, by Helm.
    pub last_deployed: Option<DateTime<Utc>>,
    /// Who asked for that.
    pub deployed_by: Option<String>,
    /// When age takes it.
    pub goes: Option<DateTime<Utc>>,
    /// Why then; or what is wrong.
    pub why: String,
    /// Where the log is of what is at work on it.
    pub log_url: Option<String>,
}

const HEAD: [&str; 7] = [
    "BRANCH", "COMMIT", "DEPLOYED", "BY", "STATE", "ADDRESS", "GOES",
];

/// The environments as a table; each in a few lines where the table is too wide for the terminal,
/// since an address that is broken into lines cannot be followed. `width` is the terminal's, none
/// where there is none.
pub fn table(shown: &[Shown], now: DateTime<Utc>, width: Option<u16>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(HEAD);
    table.add_rows(shown.iter().map(|shown| cells(shown, now)));
    let lines: Vec<String> = table.lines().map(|line| line.trim().to_owned()).collect();
    let fits = |width| lines.iter().all(|line| line.chars().count() <= width);
    if width.is_none_or(|width| fits(width.into())) {
        return lines.join("\n");
    }
    let blocks: Vec<_> = shown.iter().map(|shown| block(shown, now)).collect();
    blocks.join("\n")
}

fn cells(shown: &Shown, now: DateTime<Utc>) -> [String; 7] {
    [
        branch(shown),
        commit(shown),
        deployed(shown, now).unwrap_or_else(|| "—".into()),
        text(shown.deployed_by.as_deref()),
        shown.state.to_owned(),
        text(shown.url.as_deref()),
        goes(shown, now),
    ]
}

fn block(shown: &Shown, now: DateTime<Utc>) -> String {
    let deployed = deployed(shown, now).map(|age| format!(", deployed {age}"));
    let by = shown.deployed_by.as_ref().map(|by| format!(" by {by}"));
    let mut lines = vec![
        branch(shown),
        format!(
            "  {}: {}{}{}",
            shown.state,
            commit(shown),
            deployed.unwrap_or_default(),
            plain(&by.unwrap_or_default())
        ),
    ];
    let addresses = [&shown.url, &shown.log_url].into_iter().flatten();
    lines.extend(addresses.map(|url| format!("  {}", plain(url))));
    let when = shown.goes.map_or("", |_| "goes ");
    lines.push(format!("  {when}{}", goes(shown, now)));
    lines.join("\n")
}

fn branch(shown: &Shown) -> String {
    let unknown = || format!("? ({})", shown.environment);
    plain(&shown.branch.clone().unwrap_or_else(unknown))
}

fn commit(shown: &Shown) -> String {
    let commit = shown.commit.as_deref().and_then(|commit| commit.get(..7));
    text(commit)
}

fn deployed(shown: &Shown, now: DateTime<Utc>) -> Option<String> {
    let ago = (now - shown.last_deployed?).to_std().unwrap_or_default();
    Some(format!("{} ago", span(ago)))
}

fn goes(shown: &Shown, now: DateTime<Utc>) -> String {
    let why = plain(&shown.why);
    match shown.goes {
        Some(then) if then > now => {
            let left = (then - now).to_std().unwrap_or_default();
            format!("in {} ({why})", span(left))
        }
        Some(_) => format!("with the next sweep ({why})"),
        None => why,
    }
}

fn text(text: Option<&str>) -> String {
    plain(text.unwrap_or("—"))
}

/// A time in its largest unit, as people tell it.
pub fn span(time: Duration) -> String {
    match time.as_secs() {
        0..60 => format!("{} s", time.as_secs()),
        60..3600 => format!("{} min", time.as_secs() / 60),
        3600..172_800 => format!("{} h", time.as_secs() / 3600),
        seconds => format!("{} d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-11-24T12:00:00Z".parse().unwrap()
    }

    fn shown() -> Vec<Shown> {
        let up = Shown {
            environment: "hey-feature-new-inbox-0a1b2c".into(),
            app: "hey".into(),
            branch: Some("feature/new-inbox".into()),
            commit: Some("4f2a91c".repeat(6)[..40].into()),
            state: "up",
            url: Some("https://feature-new-inbox-0a1b2c.beta.example.com".into()),
            last_deployed: Some("2026-11-24T09:30:00Z".parse().unwrap()),
            deployed_by: Some("Jane".into()),
            goes: Some("2026-11-29T09:30:00Z".parse().unwrap()),
            why: "5 d after its last deploy".into(),
            log_url: None,
        };
        let due = Shown {
            environment: "hey-old".into(),
            branch: Some("old".into()),
            goes: Some("2026-11-24T09:00:00Z".parse().unwrap()),
            state: "deploying",
            url: None,
            deployed_by: None,
            log_url: Some("https://buildkite.com/acme/hey-deploy/builds/812".into()),
            ..up.clone()
        };
        let lost = Shown {
            environment: "hey-lost".into(),
            branch: None,
            commit: None,
            state: "no-record",
            last_deployed: None,
            goes: None,
            why: "its record is lost\n##[error]x".into(),
            ..due.clone()
        };
        vec![up, due, lost]
    }

    #[test]
    fn a_pipe_gets_one_line_for_each() {
        insta::assert_snapshot!(table(&shown(), now(), None));
    }

    #[test]
    fn sixty_columns_get_a_few_lines_for_each() {
        let narrow = table(&shown(), now(), Some(60));
        assert!(narrow.lines().all(|line| line.chars().count() <= 60));
        insta::assert_snapshot!(narrow);
    }

    #[test]
    fn a_wide_terminal_gets_a_table_that_fits() {
        let wide = table(&shown(), now(), Some(170));
        assert!(wide.lines().all(|line| line.chars().count() <= 170));
        insta::assert_snapshot!(wide);
    }

    #[test]
    fn a_time_is_told_in_its_largest_unit() {
        let told = |seconds| span(Duration::from_secs(seconds));
        assert_eq!(told(59), "59 s");
        assert_eq!(told(3599), "59 min");
        assert_eq!(told(26 * 3600), "26 h");
        assert_eq!(told(5 * 86_400), "5 d");
    }
}
