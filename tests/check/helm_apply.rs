//! What `helm-apply` needs: GitHub, the cluster with each right, Helm, charts that render, DNS.

use std::{fs, path::PathBuf};

use serde_json::{Value, json};
use testbed::{
    Cluster,
    faults::{Effect, Matcher},
    github::{Permission, Permissions},
    tools::Tool,
};

use super::{check, has_all, lines, misses, passes, told, without};
use crate::objects::{config_map, objects};
use crate::site::{Program, RIGHTS, Site, chart, echo, example_app};
use crate::terminal::Terminal;

/// `helm-apply` of one release, on a laptop: no branch and no commit is told.
fn program(site: &Site, release: &Value) -> Program {
    site.helm_apply_alone(Tool::Helm4).release(release)
}

fn with_everything(site: &Site) -> Program {
    site.program(env!("CARGO_BIN_EXE_helm-apply"))
        .env("BRANCH_DEPLOYS_KUBECONFIG", Cluster::shared().kubeconfig())
}

fn helm() -> PathBuf {
    testbed::tools::get(Tool::Helm3).expect("the testbed has both Helms")
}

#[test]
fn all_that_helm_apply_needs_is_there_and_nothing_is_made() {
    let site = Site::new("check");
    for helm in crate::site::HELMS {
        let program = site
            .helm_apply_alone(helm)
            .release(&echo(json!({})))
            .args(["--url", "https://{slug}.beta.example.test"]);
        let ran = has_all(program);
        told(&ran, "Cluster: rights", "there", "are granted");
        told(&ran, "Helm", "there", "v");
        told(&ran, "Chart", "there", "it renders, 1 objects");
        told(&ran, "DNS", "there", "beta.example.test answers");
    }
    assert_eq!(site.namespace.inventory(), [""; 0]);
    assert!(site.repository.deployments().is_empty());
    let dns = Cluster::shared().dns();
    assert_eq!(dns.asked("main.beta.example.test"), [""; 0]);
}

#[test]
fn the_example_app_lacks_nothing_and_its_ingress_class_is_unknown_to_its_account() {
    let site = Site::new("check-example");
    let values = example_app().join("config/beta.yaml");
    let release = json!({
        "chart": "charts/app",
        "values": [values, {"image": {"tag": "{commit}"}}],
    });
    let program = program(&site, &release).args(["--url", "https://{slug}.beta.example.test"]);
    passes(
        program,
        "Ingress class",
        "unknown",
        "kubectl get ingressclass",
    );
}

/// A chart may make something in another namespace, as a rule for who may scrape it.
#[test]
fn a_right_is_asked_for_in_the_namespace_in_which_the_chart_makes_the_object() {
    let (site, other) = (Site::new("check-here"), Site::new("check-there"));
    let elsewhere = |namespace: &str| {
        let mut object = config_map("rule");
        object["metadata"]["namespace"] = json!(namespace);
        objects(&[config_map("own"), object])
    };
    let other = other.namespace.name();
    let says = format!("in {other}");
    misses(
        program(&site, &elsewhere(other)),
        "Cluster: configmaps",
        &says,
    );
    has_all(program(&site, &elsewhere(site.namespace.name())));
}

/// What a chart makes to migrate alone is needed by those deploys alone.
#[test]
fn a_right_that_only_a_migration_takes_is_needed_where_one_is_asked_for() {
    let site = Site::with_rights("check-migrate", &without("jobs"));
    let values = example_app().join("config/beta.yaml");
    let release = json!({
        "chart": "charts/app",
        "values": [values, {"image": {"tag": "{commit}"}}],
    });
    let line = "Cluster: jobs.batch";
    passes(program(&site, &release), line, "doubtful", "may not");
    misses(program(&site, &release).args(["--migrate"]), line, "create");
}

#[test]
fn each_right_that_the_account_lacks_is_told() {
    for (resources, line, verb) in [
        ("leases", "Cluster: leases.coordination.k8s.io", "patch"),
        ("secrets", "Cluster: secrets", "update"),
        ("pods", "Cluster: pods", "watch"),
        ("replicasets", "Cluster: replicasets.apps", "watch"),
    ] {
        let site = Site::with_rights("check-rights", &without(resources));
        misses(program(&site, &echo(json!({}))), line, verb);
    }
    let site = Site::with_rights("check-rights", &without("pods/log"));
    let program = program(&site, &echo(json!({})));
    passes(program, "Cluster: pods/log", "doubtful", "may not get");
    let site = Site::with_rights("check-rights", &without("persistentvolumeclaims"));
    let program = self::program(&site, &echo(json!({})));
    let line = "Cluster: persistentvolumeclaims";
    passes(program, line, "doubtful", "may not list, watch");
}

#[test]
fn a_right_to_what_the_charts_make_is_needed_and_no_other() {
    let site = Site::with_rights("check-kinds", &without("configmaps, services"));
    let lacking = program(&site, &echo(json!({})));
    misses(
        lacking,
        "Cluster: configmaps",
        "may not get, list, watch, create, patch, delete",
    );
    let site = Site::with_rights("check-kinds", &without("jobs"));
    has_all(program(&site, &echo(json!({}))));
    // A Role grants nothing of what is in no namespace, whatever it names.
    let rights = RIGHTS.replace("resources: [pods]", "resources: [pods, namespaces]");
    let site = Site::with_rights("check-kinds", &rights);
    let bare = json!({"chart": chart("objects"), "values": [{"objects": [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "x"}},
        {"apiVersion": "example.test/v1", "kind": "Widget", "metadata": {"name": "x"}},
    ]}]});
    let ran = check(program(&site, &bare)).ends_with(1);
    told(
        &ran,
        "Cluster: namespaces",
        "missing",
        "may not get, list, watch, create, patch, delete them in the whole cluster",
    );
    told(
        &ran,
        "Cluster: kind Widget",
        "missing",
        "serves no example.test/v1 Widget",
    );
}

#[test]
fn a_cluster_that_does_not_answer_or_does_not_know_us_is_told() {
    let site = Site::new("check-cluster");
    let text = fs::read_to_string(&site.kubeconfig).unwrap();
    let with = |name: &str, text: String| {
        let path = site.kubeconfig.with_extension(name);
        fs::write(&path, text).unwrap();
        program(&site, &echo(json!({}))).env("BRANCH_DEPLOYS_KUBECONFIG", path)
    };
    let mut words = text.split_whitespace();
    let server = words.find(|word| word.contains("https://")).unwrap();
    let closed = with("closed", text.replace(server, "\"https://127.0.0.1:1\""));
    misses(closed, "Cluster", "does not answer");
    let mut words = text.split_whitespace().map(|word| word.trim_matches('"'));
    let token = words.find(|word| word.starts_with("eyJ")).unwrap();
    let expired = with("expired", text.replace(token, "expired"));
    misses(expired, "Cluster", "does not know who we are");
    let mut nobody: Value = serde_json::from_str(&text).expect("it is JSON");
    nobody["users"][0]["user"] = json!({});
    let anonymous = with("anonymous", nobody.to_string());
    misses(anonymous, "Cluster", "system:anonymous");
}

#[test]
fn a_cluster_that_cannot_be_asked_at_all_is_one_line_beside_all_others() {
    let site = Site::new("check-nowhere");
    let program =
        || program(&site, &echo(json!({}))).args(["--url", "https://{slug}.beta.example.test"]);
    let text = fs::read_to_string(&site.kubeconfig).unwrap();
    let mut keyless: Value = serde_json::from_str(&text).expect("it is JSON");
    keyless["users"][0]["user"] = json!({"client-certificate": "/c", "client-key": "/k"});
    let keyless = site.script("keyless", &keyless.to_string());
    for (program, says) in [
        (
            program().args(["--kubeconfig", "/nowhere/config"]),
            "--kubeconfig: /nowhere/config: No such file",
        ),
        (
            program().args(["--kube-context", "none"]),
            "--kube-context: the kubeconfig has no context `none`, but ",
        ),
        (
            program().without("BRANCH_DEPLOYS_KUBECONFIG"),
            "no kubeconfig, and this is no pod",
        ),
        (
            program().env("BRANCH_DEPLOYS_KUBECONFIG", keyless),
            "its client certificate in /c: No such file",
        ),
    ] {
        let ran = check(program).ends_with(1);
        told(&ran, "Cluster", "missing", says);
        for (what, says) in [
            ("GitHub: repository", "acme/hey is seen"),
            ("GitHub: deployments: write", "granted"),
            ("Helm", "v"),
            ("Chart", "it renders"),
            ("DNS", "beta.example.test answers"),
        ] {
            told(&ran, what, "there", says);
        }
        let others = lines(&ran)
            .into_iter()
            .filter(|(_, verdict, _)| verdict != "there");
        assert_eq!(others.count(), 1, "{ran}");
    }
}

#[test]
fn on_a_narrow_terminal_what_was_found_stands_below_what_was_looked_for() {
    let site = Site::new("check-narrow");
    let program = with_everything(&site)
        .env("BRANCH_DEPLOYS_HELM", helm())
        .release(&echo(json!({})))
        .args(["--check", "--namespace", "not-there"]);
    let (status, screen) = Terminal::run(program, 60).end();
    assert_eq!(status, Some(1), "{screen}");
    let says =
        "[✘]  Cluster\n│    there is no namespace not-there\n│    → kubectl create namespace";
    assert!(screen.contains(says), "{screen}");
    assert!(screen.contains("[✔]  Helm\n│    v"), "{screen}");
}

#[test]
fn a_namespace_and_an_ingress_class_that_are_not_there_are_told() {
    let site = Site::new("check-missing");
    let program = || {
        with_everything(&site)
            .env("BRANCH_DEPLOYS_HELM", helm())
            .args(["--url", "https://{slug}.beta.example.test"])
    };
    let web = || echo(json!({"web": true}));
    has_all(program().release(&web()));
    let other = program().release(&web()).args(["--namespace", "not-there"]);
    misses(other, "Cluster", "kubectl create namespace not-there");
    let class = ingress(None, Some("none-such"));
    misses(
        program().release(&class),
        "Ingress class none-such",
        "none of that name",
    );
}

/// An Ingress of this annotation and class.
fn ingress(annotation: Option<&str>, class: Option<&str>) -> Value {
    let annotations = json!({"kubernetes.io/ingress.class": annotation});
    objects(&[json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
        "metadata": {"name": "x", "annotations": annotations},
        "spec": {"ingressClassName": class},
    })])
}

/// A controller may know the word of the annotation, and take what names nobody.
#[test]
fn an_ingress_that_names_no_class_object_may_be_served_all_the_same() {
    let site = Site::new("check-class");
    let front = site.namespace.front(Cluster::shared().kubeconfig());
    let program = |annotation| {
        with_everything(&site)
            .env("BRANCH_DEPLOYS_KUBECONFIG", front.kubeconfig())
            .env("BRANCH_DEPLOYS_HELM", helm())
            .release(&ingress(annotation, None))
    };
    let ran = has_all(program(Some("alb")));
    told(&ran, "Ingress class alb", "there", "it is there");
    let word = program(Some("nginx"));
    passes(word, "Ingress class nginx", "doubtful", "by its annotation");
    let none = "default Ingress class";
    passes(program(None), none, "doubtful", "names no class");
    let annotations = json!({"ingressclass.kubernetes.io/is-default-class": "true"});
    let listed = json!({"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1",
        "metadata": {}, "items": [{"metadata": {"name": "nginx", "annotations": annotations}}]});
    let classes = Matcher::get("/apis/networking.k8s.io/v1/ingressclasses");
    let answer = Effect::status(200).body(&listed.to_string());
    front.faults().when(classes).then(answer);
    told(&has_all(program(None)), none, "there", "it is there");
}

#[test]
fn a_secret_that_images_are_pulled_by_is_looked_for() {
    let site = Site::new("check-pull");
    let with = |secret: &str| {
        let account = json!({
            "apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "x"},
            "imagePullSecrets": [{"name": secret}],
        });
        json!({"chart": chart("objects"), "values": [{"objects": [account]}]})
    };
    let lacking = with_everything(&site).release(&with("none-such"));
    passes(
        lacking.env("BRANCH_DEPLOYS_HELM", helm()),
        "Cluster: pull secret none-such",
        "doubtful",
        "kubectl create secret docker-registry none-such",
    );
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "registry"},
        "type": "kubernetes.io/dockerconfigjson", "stringData": {".dockerconfigjson": "{}"},
    });
    site.namespace.apply(&secret.to_string());
    let having = with_everything(&site).release(&with("registry"));
    passes(
        having.env("BRANCH_DEPLOYS_HELM", helm()),
        "Cluster: pull secret registry",
        "there",
        "it is there",
    );
}

#[test]
fn a_missing_helm_and_a_chart_that_does_not_render_are_told() {
    let site = Site::new("check-helm");
    let none = program(&site, &echo(json!({}))).env("BRANCH_DEPLOYS_HELM", "/nowhere/helm");
    misses(none, "Helm", "install Helm 3 (3.13 or later) or 4");
    let nowhere = json!({"chart": "/nowhere/chart"});
    misses(
        program(&site, &nowhere),
        "Chart /nowhere/chart",
        "does not render",
    );
    let strict = json!({"chart": chart("strict")});
    misses(program(&site, &strict), "Chart", "branch-values: false");
    let cyclic = program(&site, &json!({"chart": "x", "needs": ["redis"]})).args(["--check"]);
    cyclic.run().refuses(2, "--releases");
}

#[test]
fn a_zone_that_remembers_for_long_and_one_that_nobody_knows_are_doubtful() {
    let site = Site::new("check-zone");
    let at = |url: &str| program(&site, &echo(json!({}))).args(["--url", url]);
    passes(
        at("https://{slug}.slow.example.test"),
        "DNS",
        "doubtful",
        "for 900 s",
    );
    passes(
        at("https://{slug}.nowhere.test"),
        "DNS",
        "doubtful",
        "--lookup ingress",
    );
    passes(
        at("https://{slug}.dead.example.test"),
        "DNS",
        "doubtful",
        "the Ingress tells",
    );
    let by_ingress = at("https://{slug}.nowhere.test").args(["--lookup", "ingress"]);
    has_all(by_ingress);
}

#[test]
fn a_token_that_may_not_post_statuses_is_told() {
    let site = Site::new("check-token");
    let reader = Permissions::named("reader").read(Permission::Contents);
    let token = site.github.token(reader);
    let program = program(&site, &echo(json!({}))).env("GITHUB_TOKEN", token);
    misses(
        program,
        "deployments: write",
        "give the token deployments: write",
    );
}
