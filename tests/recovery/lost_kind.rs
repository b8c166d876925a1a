//! A kind that the cluster served, and serves no more.

use std::fs;

use serde_json::Value;

use crate::{
    objects::{config_map, objects},
    site::{HELMS, Site},
    widgets::Widgets,
};

/// Helm upgrades no release of which the cluster does not know a kind any more, and removes none.
#[test]
fn a_release_of_a_kind_that_is_served_no_more_is_installed_anew_without_it() {
    let widgets = Widgets("lost.example.test");
    for helm in HELMS {
        let site = Site::with_rights("lost-kind", &widgets.rights());
        let deploy = |all: &[Value]| {
            // As on another machine: Helm remembers the kinds that a cluster had.
            let _ = fs::remove_dir_all(site.kubeconfig.with_extension("home"));
            let program = site.helm_apply(helm, site.push("new"));
            program.release(&objects(all)).run()
        };
        let uid = || site.namespace.get("ConfigMap", "a")["metadata"]["uid"].clone();
        widgets.define(&site);
        deploy(&[widgets.one("w"), config_map("a")]).ends_with(0);
        widgets.undefine(&site);
        let before = uid();
        // What still wants it finds nothing better than what is up.
        deploy(&[widgets.one("w"), config_map("a")]).ends_with(1);
        assert_eq!(uid(), before);
        deploy(&[config_map("a"), config_map("b")])
            .ends_with(0)
            .says("the cluster serves no lost.example.test/v1 Widget any more")
            .says("installing it anew");
        assert_ne!(uid(), before);
        assert!(site.namespace.find("ConfigMap", "b").is_some());
    }
}

/// It may read a list of kinds that is old.
#[test]
fn helms_word_alone_costs_a_release_nothing() {
    for helm in HELMS {
        let site = Site::new("word-alone");
        let deploy = || {
            let program = site.helm_apply(helm, site.push("new"));
            program.release(&objects(&[config_map("a")]))
        };
        deploy().run().ends_with(0);
        let uid = || site.namespace.get("ConfigMap", "a")["metadata"]["uid"].clone();
        let before = uid();
        let text = format!(
            "#!/bin/sh\n[ $1 != upgrade ] && exec {} \"$@\"\necho 'Error: UPGRADE FAILED: unable to build \
             kubernetes objects from current release manifest: no matches for kind \"ConfigMap\"' >&2\n\
             exit 1\n",
            testbed::tools::get(helm)
                .expect("the testbed has both Helms")
                .display()
        );
        let lies = site.script("lies", &text);
        deploy()
            .env("BRANCH_DEPLOYS_HELM", lies)
            .run()
            .ends_with(1)
            .says("no matches for kind");
        assert_eq!(uid(), before);
    }
}
