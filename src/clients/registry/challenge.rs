//! How a registry wants to be convinced, by its header `WWW-Authenticate`.

use http::{HeaderMap, HeaderValue, header};
use reqwest::{Client, RequestBuilder};
use serde::Deserialize;

use super::credentials::Credentials;

/// What a registry asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Challenge {
    /// Name and password with each request.
    Basic,
    /// A token, that another server gives for them.
    Bearer(Bearer),
}

/// Where a token comes from, and what for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Bearer {
    realm: String,
    service: String,
    scope: String,
}

/// What a token server answers; which of the names it uses depends on its age.
#[derive(Deserialize)]
pub(super) struct Token {
    token: Option<String>,
    access_token: Option<String>,
}

impl Challenge {
    /// The challenge in an answer; none where it is of no kind that registries have.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let values = headers.get_all(header::WWW_AUTHENTICATE).iter();
        let mut values = values.filter_map(|value| value.to_str().ok());
        values.find_map(Self::read)
    }

    fn read(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once(' ').unwrap_or((text, ""));
        if scheme.eq_ignore_ascii_case("basic") {
            return Some(Self::Basic);
        }
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let mut bearer = Bearer::default();
        for (name, value) in parameters(rest) {
            match name.as_str() {
                "realm" => bearer.realm = value,
                "service" => bearer.service = value,
                "scope" => bearer.scope = value,
                _ => {}
            }
        }
        (!bearer.realm.is_empty()).then_some(Self::Bearer(bearer))
    }

    /// Whether a password may be sent where it is asked for.
    pub(super) fn keeps_secrets(&self) -> bool {
        match self {
            Self::Basic => true,
            Self::Bearer(bearer) => bearer.realm.starts_with("https://"),
        }
    }
}

impl Bearer {
    /// The request for a token; without credentials for what everybody may pull.
    pub(super) fn request(
        &self,
        client: &Client,
        credentials: Option<&Credentials>,
    ) -> RequestBuilder {
        let what = [("service", &*self.service), ("scope", &*self.scope)];
        match credentials {
            Some(Credentials::IdentityToken(token)) => {
                let grant = [
                    ("grant_type", "refresh_token"),
                    ("client_id", "branch-deploys"),
                    ("refresh_token", token),
                ];
                let fields: Vec<_> = what.into_iter().chain(grant).collect();
                client.post(&self.realm).form(&fields)
            }
            Some(Credentials::Password(name, password)) => client
                .get(&self.realm)
                .query(&what)
                .basic_auth(name, Some(password)),
            None => client.get(&self.realm).query(&what),
        }
    }
}

impl Token {
    /// As it is sent with each request.
    pub(super) fn bearer(self) -> Option<HeaderValue> {
        let token = self.token.or(self.access_token)?;
        let mut value = HeaderValue::try_from(format!("Bearer {token}")).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

/// The pairs of `realm="https://…",scope="repository:hey:pull,push"`: a comma may be in quotes.
fn parameters(text: &str) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    let mut rest = text;
    while let Some((name, value)) = rest.split_once('=') {
        let (value, after) = match value.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => value.split_once(',').unwrap_or((value, "")),
        };
        let name = name.trim_matches([',', ' ']).to_ascii_lowercase();
        pairs.push((name, value.trim().to_owned()));
        rest = after;
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_is_read_with_commas_in_quotes() {
        let text = r#"Bearer realm="https://auth.example.com/token",service="r.example.com",scope="repository:hey:pull,push""#;
        let expected = Bearer {
            realm: "https://auth.example.com/token".into(),
            service: "r.example.com".into(),
            scope: "repository:hey:pull,push".into(),
        };
        assert_eq!(Challenge::read(text), Some(Challenge::Bearer(expected)));
    }

    #[test]
    fn other_challenges_are_basic_or_none() {
        let basic = Challenge::read(r#"Basic realm="Registry""#);
        assert_eq!(basic, Some(Challenge::Basic));
        for other in ["Negotiate", "Bearer", "", r#"Bearer service="x""#] {
            assert_eq!(Challenge::read(other), None, "{other}");
        }
    }

    #[test]
    fn a_password_goes_to_no_plain_realm() {
        let keeps = |realm: &str| {
            let text = format!("Bearer realm=\"{realm}\"");
            Challenge::read(&text).unwrap().keeps_secrets()
        };
        assert!(keeps("https://auth.example.com"));
        assert!(!keeps("http://auth.example.com"));
    }

    proptest::proptest! {
        #[test]
        fn no_challenge_makes_it_panic(
            text in ".{0,80}",
            parameters in "(realm|service|scope|,|=|\"|\\\\| |https://r|é){0,20}",
            seed in proptest::prelude::any::<u64>(),
        ) {
            Challenge::read(&text);
            Challenge::read(&format!("Bearer {parameters}"));
            let token = serde_json::json!({"token": "t", "access_token": "t", "expires_in": 60});
            let token = testbed::faults::twisted(token, seed);
            if let Ok(token) = serde_json::from_value::<Token>(token) {
                token.bearer();
            }
        }
    }
}
