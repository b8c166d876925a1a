//! Which names Git accepts for branches.

/// Whether one of two branches would have to be a directory and a file at once.
pub fn clashes(one: &str, other: &str) -> bool {
    let within = |inner: &str, outer: &str| {
        inner
            .strip_prefix(outer)
            .is_some_and(|rest| rest.starts_with('/'))
    };
    within(one, other) || within(other, one)
}

/// The rules of `git check-ref-format --branch`.
pub fn is_valid(branch: &str) -> bool {
    let forbidden = |c: char| c.is_ascii_control() || " ~^:?*[\\".contains(c);
    let component =
        |part: &str| !part.is_empty() && !part.starts_with('.') && !part.ends_with(".lock");
    !branch.contains(forbidden)
        && !branch.contains("..")
        && !branch.contains("@{")
        && !branch.starts_with('-')
        && !branch.ends_with('.')
        && branch != "@"
        && branch.split('/').all(component)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_refused_as_git_refuses_them() {
        for good in [
            "main",
            "feature/x",
            "$(rm)",
            "a'b\"c;d,e=f",
            "{{.Values.x}}",
            "ü",
            "x#%&",
        ] {
            assert!(is_valid(good), "{good}");
        }
        for bad in [
            "", "-x", "a..b", "a b", "a/", "/a", "a//b", "x.lock", "@", "a@{b", ".a", "a:b",
        ] {
            assert!(!is_valid(bad), "{bad}");
        }
    }
}
