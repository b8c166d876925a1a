//! The Git side of a repository: commits and what names them.

mod names;

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, Utc};
use rand::Rng;

use names::{clashes, is_valid};

/// A commit, without its files.
#[derive(Clone, Debug)]
pub struct Commit {
    pub sha: String,
    pub parents: Vec<String>,
    pub message: String,
    pub at: DateTime<Utc>,
}

/// What a name stands for.
#[derive(Clone, Debug)]
pub struct Resolved {
    pub sha: String,
    /// The branch, if it is one.
    pub branch: Option<String>,
}

/// Commits, branches and tags.
#[derive(Debug)]
pub struct Git {
    pub default_branch: String,
    pub branches: BTreeMap<String, String>,
    pub tags: BTreeMap<String, String>,
    commits: HashMap<String, Commit>,
    renamed: HashMap<String, String>,
}

impl Git {
    /// A first commit on `main`.
    pub fn new() -> Self {
        let mut git = Self {
            default_branch: "main".to_owned(),
            branches: BTreeMap::new(),
            tags: BTreeMap::new(),
            commits: HashMap::new(),
            renamed: HashMap::new(),
        };
        let first = git.commit(vec![], "Initial commit");
        git.branches.insert("main".to_owned(), first);
        git
    }

    /// Makes a commit that no branch has yet.
    pub fn commit(&mut self, parents: Vec<String>, message: &str) -> String {
        let sha = hex::encode(rand::rng().random::<[u8; 20]>());
        self.add(&sha, parents, message);
        sha
    }

    /// Adds a commit of a given SHA, unless it is there.
    pub fn add(&mut self, sha: &str, parents: Vec<String>, message: &str) {
        let (message, at) = (message.to_owned(), Utc::now());
        let commit = Commit {
            sha: sha.to_owned(),
            parents,
            message,
            at,
        };
        self.commits.entry(sha.to_owned()).or_insert(commit);
    }

    /// The commit of a full SHA.
    pub fn get(&self, sha: &str) -> Option<&Commit> {
        self.commits.get(sha)
    }

    /// The head of the default branch.
    pub fn default_head(&self) -> &str {
        &self.branches[&self.default_branch]
    }

    /// Points a branch at a commit.
    ///
    /// # Panics
    /// When Git refuses the name, also for a branch that is in the way (`x` and `x/y`).
    pub fn point(&mut self, branch: &str, sha: &str) {
        assert!(
            is_valid(branch),
            "git or GitHub refuses the branch name {branch:?}"
        );
        let clash = self.branches.keys().find(|other| clashes(other, branch));
        assert!(clash.is_none(), "git refuses {branch:?} next to {clash:?}");
        self.branches.insert(branch.to_owned(), sha.to_owned());
    }

    /// Renames a branch; all its old names lead to the new one from then on.
    pub fn rename(&mut self, old: &str, new: &str) {
        let head = self
            .branches
            .remove(old)
            .unwrap_or_else(|| panic!("no branch {old:?}"));
        self.point(new, &head);
        for target in self.renamed.values_mut().filter(|target| *target == old) {
            new.clone_into(target);
        }
        self.renamed.insert(old.to_owned(), new.to_owned());
        if self.default_branch == old {
            new.clone_into(&mut self.default_branch);
        }
    }

    /// The branch that this one was renamed to, if that is still there.
    pub fn new_name(&self, old: &str) -> Option<&str> {
        let name = self.renamed.get(old)?;
        self.branches.contains_key(name).then_some(name)
    }

    /// What a branch, a tag, a full ref or a (shortened) SHA stands for; a branch goes before a
    /// tag of its name.
    pub fn resolve(&self, name: &str) -> Option<Resolved> {
        let short = name.strip_prefix("refs/").unwrap_or(name);
        let branch = |name: &str| {
            let sha = self.branches.get(name)?.clone();
            Some(Resolved {
                sha,
                branch: Some(name.to_owned()),
            })
        };
        let bare = |sha: &String| Resolved {
            sha: sha.clone(),
            branch: None,
        };
        branch(name)
            .or_else(|| self.tags.get(name).map(bare))
            .or_else(|| branch(short.strip_prefix("heads/")?))
            .or_else(|| self.tags.get(short.strip_prefix("tags/")?).map(bare))
            .or_else(|| self.abbreviated(name).as_ref().map(bare))
    }

    /// The one commit whose SHA begins so, given at least 7 digits.
    fn abbreviated(&self, prefix: &str) -> Option<String> {
        if prefix.len() < 7 {
            return None;
        }
        let mut found = self.commits.keys().filter(|sha| sha.starts_with(prefix));
        match (found.next(), found.next()) {
            (Some(only), None) => Some(only.clone()),
            _ => None,
        }
    }

    /// Whether `ancestor` is part of the history of `head`.
    pub fn contains(&self, head: &str, ancestor: &str) -> bool {
        let mut seen = HashSet::new();
        let mut open = vec![head];
        while let Some(sha) = open.pop() {
            if sha == ancestor {
                return true;
            }
            if seen.insert(sha) {
                let parents = self
                    .commits
                    .get(sha)
                    .map(|commit| commit.parents.as_slice());
                open.extend(parents.unwrap_or_default().iter().map(String::as_str));
            }
        }
        false
    }

    /// The commit of a ref by its full name after `refs/`, in its own exact letters.
    pub fn at(&self, name: &str) -> Option<&str> {
        let (kind, short) = name.split_once('/')?;
        let refs = match kind {
            "heads" => &self.branches,
            "tags" => &self.tags,
            _ => return None,
        };
        refs.get(short).map(String::as_str)
    }

    /// All refs by their full name after `refs/`, in order.
    pub fn refs(&self) -> impl Iterator<Item = (String, &str)> {
        let heads = self
            .branches
            .iter()
            .map(|(name, sha)| (format!("heads/{name}"), sha.as_str()));
        let tags = self
            .tags
            .iter()
            .map(|(name, sha)| (format!("tags/{name}"), sha.as_str()));
        heads.chain(tags)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_branch_goes_before_a_tag_of_its_name() {
        let mut git = Git::new();
        let tagged = git.commit(vec![], "tagged");
        git.tags.insert("main".into(), tagged.clone());
        assert_eq!(git.resolve("main").unwrap().branch.as_deref(), Some("main"));
        assert_eq!(git.resolve("refs/tags/main").unwrap().sha, tagged);
        assert_eq!(git.resolve(&tagged[..8]).unwrap().sha, tagged);
        assert!(git.resolve(&tagged[..6]).is_none());
    }
}
