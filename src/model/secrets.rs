use percent_encoding::percent_decode_str;

/// The least bytes of a secret's line that are one: shorter ones stand everywhere.
const LINE: usize = 8;

/// What is shown to nobody, whoever says it: Helm quotes what it was given.
#[derive(Clone, Default)]
pub struct Secrets(Vec<String>);

impl Secrets {
    /// These texts; empty ones are none.
    pub fn new(texts: impl IntoIterator<Item = String>) -> Self {
        let mut secrets = Self::default();
        secrets.add(texts);
        secrets
    }

    /// Adds these, and the lines of each: who shows line by line has no other. The longest come first, since
    /// one may be a part of another.
    fn add(&mut self, texts: impl IntoIterator<Item = String>) {
        for text in texts.into_iter().filter(|text| !text.is_empty()) {
            let lines = text.lines().map(str::trim);
            let lines = lines.filter(|line| line.len() >= LINE && *line != text);
            self.0.extend(lines.map(str::to_owned));
            self.0.push(text);
        }
        self.0.sort_by_key(|text| std::cmp::Reverse(text.len()));
    }

    /// These, and what stands in `address` for a user and password: Helm takes addresses apart.
    pub fn with_those_in(mut self, address: &str) -> Self {
        let authority = address.split_once("://").map(|(_, rest)| authority(rest).0);
        let Some((user, _)) = authority.and_then(|authority| authority.rsplit_once('@')) else {
            return self;
        };
        // Who gives no password gives a token for a user.
        let password = user.split_once(':').map_or(user, |(_, password)| password);
        let decoded = percent_decode_str(password).decode_utf8_lossy();
        let texts = [user, password, &decoded];
        self.add(texts.map(str::to_owned));
        self
    }

    /// `text` without them, and without the user and password of any address.
    pub fn mask(&self, text: &str) -> String {
        let mask = |text: String, secret: &String| text.replace(secret, "***");
        self.0.iter().fold(without_passwords(text), mask)
    }

    /// The same of what was read, and may have been cut: then it may end in the middle of one.
    pub fn mask_read(&self, text: &str, is_cut: bool) -> String {
        match is_cut {
            true => self.mask_start(text),
            false => self.mask(text),
        }
    }

    /// The same of lines, of which each may have been cut: a secret may take several.
    pub fn mask_lines(&self, lines: &[(String, bool)]) -> String {
        let masked = lines.iter().map(|(line, is_cut)| match is_cut {
            true => self.mask_start(line),
            false => line.clone(),
        });
        self.mask(&masked.collect::<Vec<_>>().join("\n"))
    }

    fn mask_start(&self, text: &str) -> String {
        let text = text.trim_end_matches(char::REPLACEMENT_CHARACTER);
        // Whether that is a host or a user, what follows would have told.
        if let Some((whole, rest)) = text.rsplit_once("://")
            && let (authority, path) = authority(rest)
            && (path.is_empty() || begins_password(authority))
        {
            return self.mask(whole) + "://***";
        }
        let shown = self.mask(text);
        let begun = self.0.iter().map(|secret| begun(&shown, secret)).max();
        match begun.unwrap_or_default() {
            0 => shown,
            begun => format!("{}***", &shown[..shown.len() - begun]),
        }
    }
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets(…)")
    }
}

/// How many bytes at the end of `text` may be the beginning of `secret`.
fn begun(text: &str, secret: &str) -> usize {
    let mut ends = secret.char_indices().map(|(end, _)| end).rev();
    ends.find(|end| text.ends_with(&secret[..*end]))
        .unwrap_or_default()
}

/// `text` with every address in it as it is without a user and password.
pub fn without_passwords(text: &str) -> String {
    let mut parts = text.split("://");
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for rest in parts {
        let (authority, path) = authority(rest);
        let host = authority
            .rsplit_once('@')
            .map_or(authority, |(_, host)| host);
        shown.extend(["://", host, path]);
    }
    shown
}

/// What names user and host, after the scheme, and what follows it.
fn authority(rest: &str) -> (&str, &str) {
    let whole = rest.find(|c: char| c.is_whitespace() || "\"'`<>\\".contains(c));
    let whole = &rest[..whole.unwrap_or(rest.len())];
    let ends = |text: &str| text.find(['/', '?', '#']).unwrap_or(text.len());
    let end = ends(whole);
    let end = match whole.rfind('@') {
        // What ends an authority may stand in a password that nobody has encoded.
        Some(at) if at > end && begins_password(&whole[..end]) => at + ends(&whole[at..]),
        _ => end,
    };
    rest.split_at(end)
}

/// Whether a colon stands there that no port follows.
fn begins_password(authority: &str) -> bool {
    let port = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let after = authority.rsplit_once(':').map(|(_, after)| after);
    !authority.contains('@') && !authority.ends_with(']') && after.is_some_and(|it| !port(it))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_user_and_password() {
        for (text, shown) in [
            ("no address", "no address"),
            ("oci://host/chart@sha256:0", "oci://host/chart@sha256:0"),
            ("\"https://me:p@ss@host:8/x\"", "\"https://host:8/x\""),
            (
                "a https://me:pw@host, b https://me@host",
                "a https://host, b https://host",
            ),
            ("https://me:pw@", "https://"),
            ("x https://me:p/s#s?w@host/x y", "x https://host/x y"),
            (
                "oci://host:5000/chart@sha256:0",
                "oci://host:5000/chart@sha256:0",
            ),
            ("https://[fd00::2]/a@b", "https://[fd00::2]/a@b"),
            ("https://host:x/y of a@b", "https://host:x/y of a@b"),
        ] {
            assert_eq!(without_passwords(text), shown);
        }
    }

    #[test]
    fn a_secret_is_masked_wherever_it_stands_and_printed_by_nobody() {
        let secrets = Secrets::new(["hush".to_owned(), String::new()]);
        assert_eq!(secrets.mask("x-hush: hush!"), "x-***: ***!");
        assert_eq!(format!("{secrets:?}"), "Secrets(…)");
    }

    #[test]
    fn a_secret_of_several_lines_is_masked_line_by_line() {
        let secrets = Secrets::new(["-- begin --\n  c2VjcmV0\nab\n".to_owned()]);
        assert_eq!(secrets.mask("x c2VjcmV0"), "x ***");
        assert_eq!(secrets.mask("about"), "about", "too short to be one");
        assert_eq!(secrets.mask("<-- begin --\n  c2VjcmV0\nab\n>"), "<***>");
    }

    #[test]
    fn lines_are_masked_together_and_each_that_is_cut_by_itself() {
        let secrets = Secrets::new(["ab\ncd".to_owned(), "hush-hush".to_owned()]);
        let lines = [
            ("x hush-h", true),
            ("<ab", false),
            ("cd>", false),
            ("hush-h", false),
        ];
        let lines = lines.map(|(line, is_cut)| (line.to_owned(), is_cut));
        assert_eq!(secrets.mask_lines(&lines), "x ***\n<***>\nhush-h");
    }

    #[test]
    fn one_that_is_part_of_another_leaves_nothing_of_it() {
        let secrets = Secrets::new(["hush".to_owned(), "hush-hush".to_owned()]);
        assert_eq!(secrets.mask("x hush-hush"), "x ***");
    }

    #[test]
    fn of_a_secret_that_is_cut_nothing_is_shown() {
        let secrets = Secrets::new(["abcabd".to_owned(), "gr\u{fc}n".to_owned()]);
        for (cut, shown) in [
            ("x=abca", "x=***"),
            ("x=a", "x=***"),
            ("x=abcabd", "x=***"),
            ("x=abcabdabc", "x=******"),
            ("x=gr\u{fffd}", "x=***"),
            ("x", "x"),
            ("", ""),
            ("at https://me:pass", "at https://***"),
            ("at https://host/x a", "at https://host/x ***"),
            ("at https://me:pa/ss", "at https://***"),
        ] {
            assert_eq!(secrets.mask_read(cut, true), shown, "{cut}");
        }
        assert_eq!(
            secrets.mask_read("a", false),
            "a",
            "of what is whole that is no part"
        );
    }

    #[test]
    fn what_stands_in_an_address_is_masked_when_the_address_is_taken_apart() {
        let secrets = Secrets::default()
            .with_those_in("https://me:p%40ss@host/x")
            .with_those_in("https://token@host")
            .with_those_in("https://me:sla/sh@host/x")
            .with_those_in("oci://host/chart@sha256:0")
            .with_those_in("charts/app");
        for (text, shown) in [
            (
                "invalid registry me:p%40ss@host",
                "invalid registry ***@host",
            ),
            ("p@ss, token", "***, ***"),
            (
                "invalid port \":sla/sh\" after host",
                "invalid port \":***\" after host",
            ),
            ("host sha256 me app", "host sha256 me app"),
        ] {
            assert_eq!(secrets.mask(text), shown);
        }
    }
}
