//! plugin.yml and action.yml offer the programs' own options, no more and no fewer, in the words of
//! their help.

use std::{any::TypeId, fmt::Write as _, fs, path::Path};

use branch_deploys::{
    model::ReleaseSettings,
    settings::{BuildGate, Deploy, Environments, HelmApply, QueueDeploy, SweepDeleted, SweepStale},
};
use clap::{Arg, ArgAction, Command, CommandFactory as _};
use serde_json::Value;

/// What only the packages know: where programs come from.
const FETCHING: [(&str, &str); 3] = [
    (
        "programs",
        "Folder that holds the programs, which are used as they are",
    ),
    (
        "cache",
        "Folder of downloaded programs [default: branch-deploys in XDG_CACHE_HOME or ~/.cache]",
    ),
    (
        "mirror",
        "Address to download programs from [default: the releases of the repository]",
    ),
];

/// All programs, in the order of the README's tables.
fn programs() -> [Command; 7] {
    [
        BuildGate::command(),
        QueueDeploy::command(),
        HelmApply::command(),
        SweepDeleted::command(),
        SweepStale::command(),
        Deploy::command(),
        Environments::command(),
    ]
}

/// An option, as all programs that take it see it.
struct Offered {
    name: String,
    /// JSON Schema's name or names of its type.
    kind: &'static str,
    /// What it is, and in which programs it is that.
    meanings: Vec<(String, Vec<String>)>,
}

fn offered() -> Vec<Offered> {
    let mut all: Vec<Offered> = Vec::new();
    for program in programs() {
        let options = program.get_arguments().filter(|arg| is_option(arg));
        for option in options {
            let name = option.get_long().expect("it is a flag").to_owned();
            let place = all.iter().position(|it| it.name == name);
            let place = place.unwrap_or_else(|| {
                let (kind, meanings) = (kind(option), Vec::new());
                all.push(Offered {
                    name,
                    kind,
                    meanings,
                });
                all.len() - 1
            });
            let known = &mut all[place];
            assert_eq!(known.kind, kind(option), "{} in {program}", known.name);
            let meaning = meaning(option);
            let program = program.get_name().to_owned();
            match known.meanings.iter_mut().find(|(it, _)| *it == meaning) {
                Some((_, programs)) => programs.push(program),
                None => known.meanings.push((meaning, vec![program])),
            }
        }
    }
    all
}

fn is_option(arg: &Arg) -> bool {
    let name = arg.get_long().unwrap_or_default();
    !matches!(name, "" | "help" | "version")
}

fn kind(option: &Arg) -> &'static str {
    let of = option.get_value_parser().type_id();
    let numbers = [
        TypeId::of::<u32>(),
        TypeId::of::<u64>(),
        TypeId::of::<usize>(),
        TypeId::of::<std::num::NonZeroUsize>(),
    ];
    match option.get_action() {
        ArgAction::SetTrue => "boolean",
        ArgAction::Append if of == TypeId::of::<ReleaseSettings>() => "[array, object, string]",
        ArgAction::Append => "[array, string]",
        _ if numbers.iter().any(|number| of == *number) => "integer",
        _ => "string",
    }
}

/// The help, with the default.
fn meaning(option: &Arg) -> String {
    let help = option.get_help().expect("each is described").to_string();
    let defaults = option.get_default_values().iter();
    let defaults: Vec<_> = defaults.map(|value| value.to_string_lossy()).collect();
    match &defaults[..] {
        [default] if option.get_action().takes_values() => format!("{help} [default: {default}]"),
        _ => help,
    }
}

impl Offered {
    /// What it is; where programs differ, each says so.
    fn description(&self) -> String {
        let meanings = self
            .meanings
            .iter()
            .map(|(meaning, programs)| match self.meanings.len() {
                1 => meaning.clone(),
                _ => format!("{}: {meaning}", programs.join(", ")),
            });
        meanings.collect::<Vec<_>>().join("; ")
    }
}

/// The part of plugin.yml that is made from the options.
fn configuration() -> String {
    let names: Vec<_> = programs()
        .map(|program| program.get_name().to_owned())
        .into();
    let names = names.join(", ");
    let mut text = format!(
        "configuration:\n  properties:\n    run:\n      description: Program that the step runs\n      \
         enum: [{names}]\n    install:\n      \
         description: Programs that the step's own command runs\n      type: array\n      \
         minItems: 1\n      items:\n        enum: [{names}]\n"
    );
    let mut property = |name: &str, kind: &str, description: &str| {
        let description = Value::from(description);
        writeln!(
            text,
            "    {name}:\n      description: {description}\n      type: {kind}"
        )
        .expect("a text can be written");
    };
    for (name, description) in FETCHING {
        property(name, "string", description);
    }
    for option in offered() {
        property(&option.name, option.kind, &option.description());
    }
    text + "  oneOf:\n    - required: [run]\n    - required: [install]\n  additionalProperties: false\n"
}

/// The part of action.yml that is made from the options.
fn inputs() -> String {
    let run = ("run", "Program that the step runs");
    let mut text = "inputs:\n".to_owned();
    let own = [run].into_iter().chain(FETCHING);
    let own = own.map(|(name, text)| (name.to_owned(), text.to_owned()));
    let options = offered().into_iter();
    let options = options.map(|option| (option.name.clone(), option.description()));
    for (name, description) in own.chain(options) {
        let description = Value::from(description);
        writeln!(text, "  {name}:\n    description: {description}").expect("a text can be written");
        if name == "run" {
            text += "    required: true\n";
        }
    }
    text
}

/// Holds the part of a file that begins so, up to the next key, against what it has to be. Where
/// snapshots are written anew, so is the file.
fn holds(file: &str, expected: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let text = fs::read_to_string(&path).expect("the file is there");
    let key = expected.lines().next().expect("it begins with its key");
    let start = text
        .find(&format!("\n{key}\n"))
        .expect("the file has the key")
        + 1;
    let body = start + key.len() + 1;
    let part = text[body..].split_inclusive('\n');
    let part = part.take_while(|line| line.starts_with([' ', '\n']));
    let end = body + part.map(str::len).sum::<usize>();
    if std::env::var("INSTA_UPDATE").is_ok_and(|value| value == "always") {
        let anew = [&text[..start], expected, &text[end..]].concat();
        fs::write(&path, anew).expect("the file can be written");
        return;
    }
    let found = text[start..end].trim_end();
    assert_eq!(
        found,
        expected.trim_end(),
        "{file} should say:\n{expected}\nINSTA_UPDATE=always writes it"
    );
}

#[test]
fn the_plugins_configuration_is_the_programs_options() {
    holds("plugin.yml", &configuration());
}

#[test]
fn the_actions_inputs_are_the_programs_options() {
    holds("action.yml", &inputs());
}

#[test]
fn no_option_has_the_name_of_what_only_the_packages_know() {
    let known = ["run", "install", "programs", "cache", "mirror"];
    for option in offered() {
        assert!(!known.contains(&&*option.name), "{}", option.name);
    }
}

#[test]
fn the_packages_know_all_programs_and_their_version() {
    let names: Vec<_> = programs()
        .map(|program| program.get_name().to_owned())
        .into();
    let listed = format!("\nprograms='{}'\n", names.join(" "));
    assert!(
        include_str!("../lib/programs.sh").contains(&listed),
        "{listed}"
    );
    assert_eq!(
        include_str!("../release/version").trim(),
        env!("CARGO_PKG_VERSION")
    );
    let files = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/bin"));
    let files = files.expect("it is there").map(|file| file.unwrap().path());
    let mut built: Vec<_> = files
        .map(|file| file.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    let mut names = names;
    built.sort();
    names.sort();
    assert_eq!(built, names);
}
