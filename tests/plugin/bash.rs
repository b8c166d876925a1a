//! The bash of macOS is 3.2, of 2007: hooks and scripts hold nothing that it lacks.

use std::{fs, path::Path};

use regex::Regex;

/// What 3.2 lacks, and an example of it.
const LACKS: [(&str, &str); 22] = [
    (
        r"\b(declare|local|typeset|readonly) -\w*[Ag]",
        "local -A map",
    ),
    (r"\b(declare|local|typeset) -\w*[nlu]", "local -n other=$1"),
    (r"\b(mapfile|readarray)\b", "mapfile -t lines"),
    (r"\bcoproc\b", "coproc cat"),
    (r"\$\{!?\w+(\[[^]]*\])?[,^]", "${name^^}"),
    (r"\$\{!?\w+(\[[^]]*\])?@\w\}", "${name@Q}"),
    (r"\$\{[\w@]+:[^-=+?}][^}]*:\s*-", "${name:0:-1}"),
    (r"\$\{\w+\[-\d+\]", "${list[-1]}"),
    (r"&>>", "make &>>log"),
    (r"\|&", "make |& cat"),
    (r";;?&", "a) ;;& "),
    (r"printf .*%(-?\d*)?\(", "printf '%(%F)T' -1"),
    (r"\bwait -\w*[nfp]", "wait -n"),
    (r"\[\[ ([^\]]* )?-[vR] ", "[[ -v name ]]"),
    (r"\btest -[vR] ", "test -v name"),
    (r"\{\w+\}[<>]", "exec {fd}>file"),
    (r"\bread .*-\w*[Ni] ", "read -rN 1 c"),
    (
        r"\b(globstar|lastpipe|inherit_errexit|autocd|dirspell)\b",
        "shopt -s lastpipe",
    ),
    (
        r"\bBASHPID\b|\bEPOCH(SECONDS|REALTIME)\b|\bSRANDOM\b",
        "$BASHPID",
    ),
    (r"\{0\d*\.\.|\{\w+\.\.\w+\.\.", "{01..10}"),
    (r"\$'[^']*\\[uU]", r"$'\u2714'"),
    (r"printf -v \S*\[", "printf -v list[0] x"),
];

/// An array as it may not stand where variables have to be set: an empty one is unset there.
const BARE: &str = r#""\$\{(\w+)\[[@*]\]\}""#;

fn scripts() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for folder in ["hooks", "lib", "release"] {
        for file in fs::read_dir(root.join(folder)).expect("it is there") {
            let path = file.expect("it can be listed").path();
            let text = fs::read_to_string(&path).expect("it is text");
            if text
                .lines()
                .next()
                .is_some_and(|line| line.contains("bash"))
            {
                found.push((path.display().to_string(), text));
            }
        }
    }
    assert!(found.len() >= 10, "{}", found.len());
    found
}

fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .filter(|line| !line.trim_start().starts_with('#'))
}

#[test]
fn every_script_runs_in_the_bash_of_macos() {
    let scripts = scripts();
    for (pattern, example) in LACKS {
        let pattern = Regex::new(pattern).expect("it is well formed");
        assert!(pattern.is_match(example), "{pattern} misses {example}");
        for (file, text) in &scripts {
            let line = code(text).find(|line| pattern.is_match(line));
            assert_eq!(line, None, "{file}: bash 3.2 has nothing like {example}");
        }
    }
}

#[test]
fn an_empty_list_is_never_taken_for_an_unset_variable() {
    let bare = Regex::new(BARE).expect("it is well formed");
    assert!(bare.is_match(r#"for name in "${list[@]}"; do"#));
    for (file, text) in scripts() {
        for line in code(&text) {
            for it in bare.captures_iter(line) {
                let guarded = format!("${{{0}[@]+\"${{{0}[@]}}\"}}", &it[1]);
                assert!(line.contains(&guarded), "{file}: {line}\nwrite {guarded}");
            }
        }
    }
}
