//! The main job: a branch goes up, and comes down without a trace.

use serde_json::json;

use crate::site::{HELMS, Site};

#[test]
fn a_branch_goes_up_and_comes_down_without_a_trace() {
    for helm in HELMS {
        let site = Site::new("up-and-down");
        let branch = "feature/new-inbox";
        site.repository.push(branch);
        let deployment = site.queue(branch);

        let ran = site
            .helm_apply(helm, deployment)
            .release(
                &json!({"chart": "charts/app", "values": ["config/beta.yaml"],
                "needs": ["redis", "mail"]}),
            )
            .release(&json!({"name": "redis", "chart": "charts/redis"}))
            .release(&json!({"name": "mail", "chart": "charts/mail"}))
            .run()
            .ends_with(0);
        println!("{ran}");
        println!("{:#?}", site.repository.deployment(deployment));
        println!("{:#?}", site.namespace.inventory());

        site.repository.delete_branch(branch);
        let ran = site.sweep_deleted(helm, branch).run().ends_with(0);
        println!("{ran}");
        assert_eq!(site.namespace.inventory(), Vec::<String>::new());
    }
}
