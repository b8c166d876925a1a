//! What the README says is so: options, slugs, reserved names, exit statuses, placeholders, tests.

use std::{fs, path::Path};

use branch_deploys::model::{Branch, Ending, RESERVED, Slug, Template};

use crate::settings::{PROGRAMS, help};

const README: &str = include_str!("../README.md");

#[test]
fn the_table_of_options_is_what_the_programs_help_says() {
    let mut described: Vec<(Described, Vec<String>)> = Vec::new();
    for program in PROGRAMS {
        let name = Path::new(program).file_name().unwrap().to_str().unwrap();
        for option in options(&help(program)) {
            let name = format!("`{name}`");
            match described.iter_mut().find(|(known, _)| *known == option) {
                Some((_, programs)) => programs.push(name),
                None => described.push((option, vec![name])),
            }
        }
    }
    // Options of one name stand together, where the first of them came.
    let first: Vec<String> = described.iter().map(|(it, _)| it.name.clone()).collect();
    described.sort_by_key(|(it, _)| first.iter().position(|name| *name == it.name));
    let rows = described.iter().map(|(option, programs)| {
        let all = programs.len() == PROGRAMS.len();
        row(
            option,
            &if all {
                "all".into()
            } else {
                programs.join(", ")
            },
        )
    });
    let expected = rows.collect::<Vec<String>>().join("\n");
    let found = table("| option |").collect::<Vec<_>>().join("\n");
    assert_eq!(found, expected, "the table should be:\n{expected}\n");
}

#[test]
fn the_table_of_slugs_is_what_slugs_are() {
    let mut rows = 0;
    for row in table("| branch |") {
        let (branch, slug) = cells(row);
        let branch = match branch.split_once("` × ") {
            Some((text, times)) => text.trim_matches('`').repeat(times.parse().unwrap()),
            None => branch.trim_matches('`').to_owned(),
        };
        match branch.parse::<Branch>() {
            Ok(branch) => assert_eq!(format!("`{}`", Slug::of(&branch)), slug, "{branch}"),
            Err(_) => assert_eq!(slug, "refused", "{branch}"),
        }
        rows += 1;
    }
    assert!(rows >= 15, "only {rows} rows");
}

#[test]
fn the_reserved_names_are_all_there() {
    let listed = README
        .lines()
        .find(|line| line.starts_with("    admin "))
        .unwrap();
    let start = README.find(listed).unwrap();
    let block = README[start..].split("\n\n").next().unwrap();
    assert_eq!(block.split_whitespace().collect::<Vec<_>>(), RESERVED);
}

#[test]
fn the_table_of_exit_statuses_is_what_the_programs_end_with() {
    let statuses: Vec<&str> = table("| status |").map(|row| cells(row).0).collect();
    let endings = [
        Ending::Done,
        Ending::Failed,
        Ending::Usage,
        Ending::Superseded,
        Ending::TimedOut,
        Ending::Refused,
    ];
    let mut expected: Vec<String> = endings.map(|ending| ending.status().to_string()).into();
    assert_eq!(Ending::Signal(15).status(), 128 + 15);
    expected.push("128 + n".to_owned());
    assert_eq!(statuses, expected);
}

#[test]
fn the_placeholders_are_those_that_there_are() {
    let line = README
        .lines()
        .find(|line| line.starts_with("Placeholders: "))
        .unwrap();
    let listed = line.split('`').nth(1).unwrap();
    listed.parse::<Template>().expect("each is known");
    let error = "{none}".parse::<Template>().unwrap_err();
    assert!(error.ends_with(listed), "{error}");
}

#[test]
fn every_test_that_is_named_exists() {
    let tests = sources(
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests")
            .as_path(),
    );
    let section = README
        .split("\n## ")
        .find(|text| text.starts_with("Promises"))
        .unwrap();
    let named: Vec<&str> = section
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("- "))
        .collect();
    assert!(named.len() > 10, "only {} tests are named", named.len());
    for name in named {
        let function = format!("fn {}()", name.replace(' ', "_"));
        assert!(tests.contains(&function), "no test is called `{name}`");
    }
}

/// An option, as a program's help tells it.
#[derive(Debug, PartialEq)]
struct Described {
    name: String,
    help: String,
    default: String,
}

/// The options in a help text, but for `--help` and `--version`.
fn options(help: &str) -> Vec<Described> {
    let long = help.replace("\n  -m, --", "\n      --");
    let blocks = long.split("\n      --").skip(1);
    // No setting: it stands alone.
    let blocks = blocks.filter(|block| !block.starts_with("completions"));
    blocks.map(described).collect()
}

fn described(block: &str) -> Described {
    let block = block.split("\n  -h, --help").next().unwrap();
    let (head, text) = block.split_once('\n').unwrap();
    let name = head.split([' ', '[']).next().unwrap();
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let variable = format!(
        "[env: BRANCH_DEPLOYS_{}]",
        name.to_uppercase().replace('-', "_")
    );
    let (help, rest) = text
        .split_once(&variable)
        .unwrap_or_else(|| panic!("no variable: {text}"));
    let default_of = |text: &str| {
        let (_, default) = text.split_once("[default: ")?;
        Some(default.split(']').next().unwrap().to_owned())
    };
    let own = help.split(" [default: ").next().unwrap().trim().to_owned();
    let default = default_of(help)
        .or_else(|| default_of(rest))
        .unwrap_or_default();
    Described {
        name: name.to_owned(),
        help: own,
        default,
    }
}

fn row(option: &Described, programs: &str) -> String {
    let Described {
        name,
        help,
        default,
    } = option;
    format!("| `--{name}` | {programs} | {default} | {help} |")
}

/// The rows of the table whose head begins so.
fn table(head: &str) -> impl Iterator<Item = &'static str> {
    let start = README
        .find(&format!("\n{head}"))
        .unwrap_or_else(|| panic!("no table {head}"));
    README[start + 1..]
        .lines()
        .skip(2)
        .take_while(|line| line.starts_with('|'))
}

/// The first two cells of a row.
fn cells(row: &str) -> (&str, &str) {
    let mut cells = row.split(" | ").map(|cell| cell.trim_matches(['|', ' ']));
    (cells.next().unwrap(), cells.next().unwrap())
}

/// The text of all Rust files in a folder.
fn sources(folder: &Path) -> String {
    let entries = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let texts = entries.map(|path| match path.extension() {
        _ if path.is_dir() => sources(&path),
        Some(extension) if extension == "rs" => fs::read_to_string(&path).unwrap(),
        _ => String::new(),
    });
    texts.collect()
}
