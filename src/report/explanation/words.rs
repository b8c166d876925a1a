use crate::model::{Event, What};

/// What the cluster calls it, and says of it.
pub(super) fn words(what: &What) -> (&str, &str) {
    match what {
        What::Image { reason, message }
        | What::Start { reason, message }
        | What::Job { reason, message }
        | What::Lost { reason, message }
        | What::Ingress {
            reason, message, ..
        }
        | What::Waits { reason, message }
        | What::Claim {
            reason, message, ..
        }
        | What::Exit {
            reason, message, ..
        } => (reason, message),
        What::NotMade(message) => ("FailedCreate", message),
        What::Unschedulable(message) => ("Unschedulable", message),
        What::Runs => ("", "it is not done"),
        What::NotReady(message) => ("", message.as_deref().unwrap_or("it is not ready")),
    }
}

/// An event on one line.
pub(super) fn line(event: &Event) -> String {
    let time = event.at.map(|at| at.format("%H:%M:%S ").to_string());
    let often = (event.count > 1).then(|| format!(" (×{})", event.count));
    format!(
        "{}{} {}/{}: {}{}",
        time.unwrap_or_default(),
        event.reason,
        event.kind,
        event.object,
        event.message,
        often.unwrap_or_default()
    )
}
