use percent_encoding::percent_decode_str;

/// What is shown to nobody, whoever says it: Helm quotes what it was given.
#[derive(Clone, Default)]
pub struct Secrets(Vec<String>);

impl Secrets {
    /// These texts; empty ones are none.
    pub fn new(texts: impl IntoIterator<Item = String>) -> Self {
        Self(texts.into_iter().filter(|text| !text.is_empty()).collect())
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
        let known = texts.into_iter().filter(|text| !text.is_empty());
        self.0.extend(known.map(str::to_owned));
        self
    }

    /// `text` without them, and without the user and password of any address.
    pub fn mask(&self, text: &str) -> String {
        let mask = |text: String, secret: &String| text.replace(secret, "***");
        self.0.iter().fold(without_passwords(text), mask)
    }
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets(…)")
    }
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
    let ends = |c: char| c.is_whitespace() || "/?#\"'`<>\\".contains(c);
    rest.split_at(rest.find(ends).unwrap_or(rest.len()))
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
        ] {
            assert_eq!(without_passwords(text), shown);
        }
    }

    #[test]
    fn a_secret_is_masked_wherever_it_stands_and_printed_by_nobody() {
        let secrets = Secrets::new(["hush".to_owned(), String::new()]);
        assert_eq!(secrets.mask("x-hush: hush!"), "x-***: ***!");
        assert!(!format!("{secrets:?}").contains("hush"));
    }

    #[test]
    fn what_stands_in_an_address_is_masked_when_the_address_is_taken_apart() {
        let secrets = Secrets::default()
            .with_those_in("https://me:p%40ss@host/x")
            .with_those_in("https://token@host")
            .with_those_in("oci://host/chart@sha256:0")
            .with_those_in("charts/app");
        for (text, shown) in [
            (
                "invalid registry me:p%40ss@host",
                "invalid registry ***@host",
            ),
            ("p@ss, token", "***, ***"),
            ("host sha256 me app", "host sha256 me app"),
        ] {
            assert_eq!(secrets.mask(text), shown);
        }
    }
}
