use clap::Parser;

use super::*;

/// Settings to test with.
#[derive(Debug, PartialEq, Parser)]
#[command(name = "tester")]
struct Tester {
    /// One.
    #[arg(long, allow_hyphen_values = true)]
    url: String,
    /// Many.
    #[arg(long)]
    keep: Vec<String>,
    /// Count.
    #[arg(long, default_value = "3")]
    most: u32,
    /// Switch.
    #[arg(long)]
    dry: bool,
}

fn read(flags: &[&str], variables: &[(&str, &str)]) -> Result<Tester, String> {
    let given = std::iter::once("tester")
        .chain(flags.iter().copied())
        .map(Into::into)
        .collect();
    let variables = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    match Program::<Tester>::read(given, &variables) {
        Ok(Program::Run(settings, _)) => Ok(settings),
        Ok(Program::Print(text)) => Err(text),
        Err(UsageError(line)) => Err(line),
    }
}

const VARIABLE: (&str, &str) = ("BRANCH_DEPLOYS_URL", "variable");

#[test]
fn a_flag_wins_over_the_plugin_and_the_plugin_over_the_environment() {
    let plugin = (
        PLUGIN,
        r#"{"run": "tester", "mirror": "m", "url": "plugin"}"#,
    );
    let url = |flags: &[&str], variables: &[_]| read(flags, variables).unwrap().url;
    assert_eq!(url(&[], &[VARIABLE]), "variable");
    assert_eq!(url(&[], &[VARIABLE, plugin]), "plugin");
    assert_eq!(url(&["--url", "flag"], &[VARIABLE, plugin]), "flag");
    assert_eq!(url(&["--url=flag"], &[VARIABLE, plugin]), "flag");
}

#[test]
fn an_empty_input_is_not_given() {
    let action = (ACTION, r#"{"url": "", "most": ""}"#);
    let settings = read(&[], &[VARIABLE, action]).unwrap();
    assert_eq!((settings.url.as_str(), settings.most), ("variable", 3));
}

#[test]
fn a_list_comes_from_json_from_yaml_text_and_from_repeated_flags() {
    let keep = |flags: &[&str], variables: &[_]| {
        let variables: Vec<_> = variables.iter().chain(&[VARIABLE]).copied().collect();
        read(flags, &variables).unwrap().keep
    };
    assert_eq!(
        keep(&[], &[(PLUGIN, r#"{"keep": ["a/*", 1]}"#)]),
        ["a/*", "1"]
    );
    assert_eq!(
        keep(&[], &[(ACTION, r#"{"keep": "- a/*\n- b\n"}"#)]),
        ["a/*", "b"]
    );
    assert_eq!(keep(&[], &[("BRANCH_DEPLOYS_KEEP", "[a, b]")]), ["a", "b"]);
    assert_eq!(
        keep(
            &["--keep", "a", "--keep", "b"],
            &[(PLUGIN, r#"{"keep": "c"}"#)]
        ),
        ["a", "b"]
    );
}

#[test]
fn what_was_meant_as_a_list_is_never_taken_for_one_pattern() {
    let keep = |text: &str| {
        let json = serde_json::json!({ "keep": text }).to_string();
        read(&[], &[VARIABLE, (ACTION, &json)]).map(|settings| settings.keep)
    };
    for text in ["- x\n- *-wip", "- demo\n- @team/x", "[x, *-wip]", "- *x"] {
        let error = keep(text).unwrap_err().to_string();
        assert!(
            error.contains("quote what begins with *"),
            "{text}: {error}"
        );
    }
    let error = keep("demo\nwip").unwrap_err().to_string();
    assert!(error.contains("begin each with `- `"), "{error}");
    assert_eq!(keep("*-wip").unwrap(), ["*-wip"]);
    assert_eq!(keep("- '*-wip'\n- \"@x\"").unwrap(), ["*-wip", "@x"]);
}

#[test]
fn an_item_that_is_no_text_is_told() {
    for (items, says) in [
        (r#"["a", null]"#, "has no value"),
        (r#"[["a"]]"#, "a list itself"),
        (r#"[{"a": "b"}]"#, "an item of its list is a map"),
        (r#""- x\n- {a,b}""#, "an item of its list is a map"),
        (r#"{"a": "b"}"#, "not a map"),
        ("[1.10]", "in quotes"),
    ] {
        let json = format!(r#"{{"keep": {items}}}"#);
        let error = read(&[], &[VARIABLE, (PLUGIN, &json)]).err().unwrap();
        assert!(error.to_string().contains(says), "{error}");
    }
}

#[test]
fn a_value_that_looks_like_a_flag_is_none() {
    let plugin = (PLUGIN, r#"{"dry": true}"#);
    let settings = read(&["--url", "--dry"], &[plugin]).unwrap();
    assert_eq!((settings.url.as_str(), settings.dry), ("--dry", true));
}

#[test]
fn a_switch_is_turned_off_by_a_flag() {
    let dry = |flags: &[&str], plugin| read(flags, &[VARIABLE, (PLUGIN, plugin)]).unwrap().dry;
    assert!(!dry(&[], "{}"));
    assert!(dry(&["--dry"], "{}"));
    assert!(dry(&[], r#"{"dry": true}"#));
    assert!(!dry(&["--dry=false"], r#"{"dry": true}"#));
}

#[test]
fn errors_name_the_option_as_it_was_written() {
    for (flags, variable, says) in [
        (&["--most", "x"][..], VARIABLE, "--most is not `x`"),
        (
            &[],
            (PLUGIN, r#"{"url": "u", "most": "x"}"#),
            "`most` in the plugin's configuration is not",
        ),
        (
            &[],
            (ACTION, r#"{"url": "u", "most": "x"}"#),
            "the Action's input `most` is not",
        ),
        (
            &["--url=u"],
            ("BRANCH_DEPLOYS_MOST", "x"),
            "BRANCH_DEPLOYS_MOST is not",
        ),
        (
            &[],
            (PLUGIN, r#"{"url": "u", "mosst": 1}"#),
            "`mosst` in the plugin's configuration is no option: did you mean `most`?",
        ),
        (
            &["--mosst=1"],
            VARIABLE,
            "--mosst is no option: did you mean --most?",
        ),
        (&[], (PLUGIN, r#"{"url": ["u"]}"#), "one value, not a list"),
        (
            &[],
            (PLUGIN, r#"{"url": "u", "urls": ["u"]}"#),
            "did you mean `url`?",
        ),
        (&[], (PLUGIN, r#"{"url": null}"#), "it has no value"),
        (
            &[],
            (PLUGIN, r#"{"url": "u", "mirror": []}"#),
            "`mirror` in the plugin's configuration: it takes one value, not a list or a map",
        ),
        (&[], (PLUGIN, r#"["url"]"#), "holds no JSON object"),
        (&[], ("X", ""), "--url is missing"),
    ] {
        let error = read(flags, &[variable]).unwrap_err();
        assert!(error.contains(says) && !error.contains('\n'), "{error}");
    }
}

#[test]
fn help_names_each_variable() {
    let help = read(&["--help"], &[]).unwrap_err();
    assert!(help.contains("[env: BRANCH_DEPLOYS_URL]"), "{help}");
}

proptest::proptest! {
    #[test]
    fn no_configuration_makes_it_panic_and_a_mistake_is_one_line(
        configuration in crate::hostile::json(&["url", "keep", "most", "dry", "run", "help", "completions"]),
        text in ".*", source: bool,
    ) {
        let variable = if source { PLUGIN } else { ACTION };
        for text in [configuration.to_string(), text] {
            let told = read(&[], &[(variable, &text)]);
            let lines = told.map_or_else(|mistake| mistake.lines().count(), |_| 1);
            proptest::prop_assert!(lines == 1, "{text}");
        }
    }
}
