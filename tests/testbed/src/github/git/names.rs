//! Which names Git and GitHub accept for branches.

/// Whether one of two branches would have to be a directory and a file at once.
pub fn clashes(one: &str, other: &str) -> bool {
    let within = |inner: &str, outer: &str| {
        inner
            .strip_prefix(outer)
            .is_some_and(|rest| rest.starts_with('/'))
    };
    within(one, other) || within(other, one)
}

/// The rules of `git check-ref-format refs/heads/…`, which let `-x` pass, and GitHub's own: no name
/// that reads as a full ref or as a SHA.
pub fn is_valid(branch: &str) -> bool {
    let forbidden = |c: char| c.is_ascii_control() || " ~^:?*[\\".contains(c);
    let component =
        |part: &str| !part.is_empty() && !part.starts_with('.') && !part.ends_with(".lock");
    !branch.contains(forbidden)
        && !branch.contains("..")
        && !branch.contains("@{")
        && !branch.ends_with('.')
        && branch.split('/').all(component)
        && !branch.starts_with("refs/")
        && !is_sha(branch)
}

fn is_sha(name: &str) -> bool {
    name.len() == 40 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_refused_as_git_and_github_refuse_them() {
        let good =
            "main feature/x -x a--b xn--x $(rm) a'b\"c;d,e=f {{.Values.x}} {commit} ü x#%& @";
        for good in good.split(' ') {
            assert!(is_valid(good), "{good}");
        }
        let sha = "0123456789012345678901234567890123456789";
        let bad = [
            "", "a..b", "a b", "a/", "/a", "a//b", "x.lock", "a@{b", ".a", "a.", "a:b", "refs/x",
            sha,
        ];
        for bad in bad {
            assert!(!is_valid(bad), "{bad}");
        }
    }
}
