//! JSON of nearly the right shape: what a parser meets on a bad day, or from somebody hostile.

use rand::{Rng as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};
use serde_json::{Value, json};

/// How deep a value may be put into others in vain: parsers have a limit.
const DEEP: usize = 300;

/// `value` with one to four of its parts, drawn from the seed, changed, taken away or doubled. The same
/// seed does the same again.
pub fn twisted(mut value: Value, seed: u64) -> Value {
    let mut random = StdRng::seed_from_u64(seed);
    for _ in 0..random.random_range(1..=4) {
        let mut count = 0;
        visit(&mut value, &mut |_| count += 1);
        let chosen = random.random_range(0..count);
        let mut at = 0;
        visit(&mut value, &mut |part| {
            if at == chosen {
                change(part, &mut random);
            }
            at += 1;
        });
    }
    value
}

/// Every part, and the whole last.
fn visit(value: &mut Value, see: &mut impl FnMut(&mut Value)) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| visit(item, see)),
        Value::Object(fields) => fields.values_mut().for_each(|field| visit(field, see)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    see(value);
}

fn change(part: &mut Value, random: &mut StdRng) {
    match part {
        Value::Array(items) if !items.is_empty() && random.random() => {
            let index = random.random_range(0..items.len());
            match random.random() {
                true => drop(items.remove(index)),
                false => items.push(items[index].clone()),
            }
        }
        Value::Object(fields) if !fields.is_empty() && random.random() => {
            let names: Vec<String> = fields.keys().cloned().collect();
            if let Some(name) = names.choose(random) {
                fields.remove(name);
            }
        }
        other => *other = strange(random),
    }
}

fn strange(random: &mut StdRng) -> Value {
    let deep = || (0..DEEP).fold(Value::Null, |inside, _| json!([inside]));
    let values = [
        Value::Null,
        json!(random.random::<bool>()),
        json!(-1),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(1e308),
        json!(0.5),
        json!(""),
        json!("\u{0}\r\n::error::\u{1b}[2J{{ .Values }}"),
        json!("é\u{202e}😀".repeat(random.random_range(1..2000))),
        json!("9999-99-99T99:99:99Z"),
        json!("https://user:secret@[::1"),
        json!([]),
        json!({}),
        deep(),
    ];
    values.choose(random).cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_does_the_same_again_and_others_do_other_things() {
        let whole = json!({"a": [1, {"b": "c"}], "d": null});
        let of = |seed| twisted(whole.clone(), seed).to_string();
        assert!((0..100).all(|seed| of(seed) == of(seed)));
        let different: std::collections::BTreeSet<_> = (0..100).map(of).collect();
        assert!(different.len() > 50, "{}", different.len());
    }
}
