//! Ids and secrets.

use rand::{Rng, distr::Alphanumeric};

/// A random UUID, version 4.
pub fn uuid() -> String {
    let mut bytes = rand::rng().random::<[u8; 16]>();
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let digits = hex::encode(bytes);
    let parts = [
        &digits[..8],
        &digits[8..12],
        &digits[12..16],
        &digits[16..20],
        &digits[20..],
    ];
    parts.join("-")
}

/// A secret that begins as those of its kind do.
pub fn secret(prefix: &str) -> String {
    let random = rand::rng().sample_iter(Alphanumeric).take(40);
    let random: String = random.map(char::from).collect();
    format!("{prefix}{random}")
}
