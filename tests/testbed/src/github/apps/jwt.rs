//! The JSON Web Tokens by which Apps tell who they are, as strict as GitHub reads them.

use axum::http::StatusCode;
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use ring::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey};
use rustls::pki_types::{PrivateKeyDer, pem::PemObject as _};
use serde_json::Value;

use super::{super::answer::Refusal, App, Registered};

/// The longest that one may last.
const TEN_MINUTES: i64 = 600;

/// The number of the App that a JWT tells, if all about it is right by GitHub's clock.
pub fn verify(jwt: &str, apps: &[Registered], now: DateTime<Utc>) -> Result<u64, Refusal> {
    let unauthorized = |message: &str| Refusal::new(StatusCode::UNAUTHORIZED, message);
    let undecoded = || unauthorized("A JSON web token could not be decoded");
    let [head, claims, signature] = jwt.split('.').collect::<Vec<_>>()[..] else {
        return Err(undecoded());
    };
    let json = |part: &str| -> Option<Value> {
        serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).ok()?).ok()
    };
    let (Some(head_read), Some(claims_read)) = (json(head), json(claims)) else {
        return Err(undecoded());
    };
    if head_read["alg"] != "RS256" {
        return Err(undecoded());
    }
    let issuer = &claims_read["iss"];
    let issuer = issuer.as_u64().or_else(|| issuer.as_str()?.parse().ok());
    let Some(app) = apps.iter().find(|app| Some(app.id) == issuer) else {
        return Err(Refusal::new(StatusCode::NOT_FOUND, "Integration not found"));
    };
    let signature = BASE64_URL_SAFE_NO_PAD.decode(signature);
    let signed = format!("{head}.{claims}");
    let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public_key());
    if !signature.is_ok_and(|signature| key.verify(signed.as_bytes(), &signature).is_ok()) {
        return Err(undecoded());
    }
    let now = now.timestamp();
    let Some(issued) = claims_read["iat"].as_i64().filter(|issued| *issued <= now) else {
        return Err(unauthorized(
            "'Issued at' claim ('iat') must be an Integer representing the time that the assertion \
             was issued",
        ));
    };
    match claims_read["exp"].as_i64() {
        Some(expires) if expires > now + TEN_MINUTES || expires - issued > TEN_MINUTES => Err(
            unauthorized("'Expiration time' claim ('exp') is too far in the future"),
        ),
        Some(expires) if expires > now => Ok(app.id),
        _ => Err(unauthorized(
            "'Expiration time' claim ('exp') must be a numeric value representing the future time \
             at which the assertion expires",
        )),
    }
}

fn public_key() -> Vec<u8> {
    let der = PrivateKeyDer::from_pem_slice(App::KEY.as_bytes()).expect("it is PEM");
    let key = RsaKeyPair::from_der(der.secret_der()).expect("it is of PKCS#1");
    key.public_key().as_ref().to_vec()
}
