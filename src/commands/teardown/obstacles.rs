//! Why an object that was asked to go is still there, as far as the cluster tells.

use super::super::site::Site;
use crate::{decide::newest_warning, model::ObjectKey};

/// The finalizer of the AWS Load Balancer Controller for a group of Ingresses begins so.
const GROUP: &str = "group.ingress.k8s.aws/";

/// Adds to the reason of each object what explains it. An explanation that cannot be had is none.
pub(super) async fn explain(site: &Site<'_>, left: &mut [(ObjectKey, String)]) {
    for (key, reason) in left {
        let more = match key.kind.as_str() {
            "PersistentVolumeClaim" => users(site, key).await,
            "Ingress" => stuck_group(site, key).await,
            _ => None,
        };
        if let Some(more) = more {
            reason.push_str(&format!("; {more}"));
        }
    }
}

/// Kubernetes holds a claim for as long as a pod uses it, whosever pod.
async fn users(site: &Site<'_>, claim: &ObjectKey) -> Option<String> {
    let pods = site.objects.users_of(&claim.name).await.ok()?;
    let pods: Vec<_> = pods.iter().map(|pod| format!("Pod/{pod}")).collect();
    (!pods.is_empty()).then(|| format!("used by {}", pods.join(", ")))
}

/// An Ingress is let go only when its whole group is in order, and one that is being deleted gets no
/// events: those of its siblings tell what is wrong.
async fn stuck_group(site: &Site<'_>, ingress: &ObjectKey) -> Option<String> {
    let live = site.objects.get(ingress).await.ok()??;
    let finalizers = live.finalizers();
    let finalizer = finalizers.iter().find(|it| it.starts_with(GROUP))?;
    let members = site.objects.ingresses_with(finalizer).await.ok()?;
    let warnings = site.objects.warnings("Ingress").await.ok()?;
    let last = newest_warning(&warnings, &members)?;
    let group = &finalizer[GROUP.len()..];
    let (member, reason, message) = (&last.object, &last.reason, &last.message);
    Some(format!(
        "its group {group} is stuck, by Ingress/{member}: {reason}: {message}"
    ))
}
