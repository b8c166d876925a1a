use super::plain;
use crate::model::{Progress, Secrets};

/// The longest word of the cluster's that is shown, in characters.
const WIDTH: usize = 120;

/// How far a release is, in one line without secrets; none where nothing is waited for.
pub fn progress(progress: &Progress, secrets: &Secrets) -> Option<String> {
    let waited = progress.waited.iter();
    let waited = waited.map(|it| match it.pods_ready {
        Some((ready, wanted)) => format!("{} {ready} of {wanted} ready", it.name),
        None => format!("the hook {} has yet to run", it.name),
    });
    let waited: Vec<_> = waited.collect();
    let said = progress.last.as_ref().map(|event| {
        // Of one that is cut nothing would be known.
        let said = plain(&secrets.mask(&event.message));
        let said: String = said.chars().take(WIDTH).collect();
        format!("; {}: {said}", event.reason)
    });
    (!waited.is_empty()).then(|| format!("{}{}", waited.join(", "), said.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Event, Waited};

    #[test]
    fn it_tells_what_is_waited_for_and_what_was_said_last() {
        let waited = |name: &str, ready: Option<u64>| Waited {
            name: name.into(),
            pods_ready: ready.map(|ready| (ready, 2)),
        };
        let last = Event {
            reason: "Pulling".into(),
            message: "Pulling image\n\"x\"".into(),
            ..Event::default()
        };
        let mut all = Progress {
            waited: vec![waited("web", Some(1)), waited("jobs", Some(0))],
            last: Some(last),
        };
        let secrets = Secrets::new(["hush".to_owned()]);
        let shown = |all: &Progress| progress(all, &secrets);
        let says = "web 1 of 2 ready, jobs 0 of 2 ready; Pulling: Pulling image \"x\"";
        assert_eq!(shown(&all).as_deref(), Some(says));
        if let Some(last) = &mut all.last {
            last.message = format!("{}hush", "x".repeat(WIDTH - 2));
        }
        let line = shown(&all).expect("it is waited for");
        assert!(line.ends_with("x**"), "a cut secret is shown: {line}");
        all.waited = vec![waited("migrate", None)];
        all.last = None;
        let says = "the hook migrate has yet to run";
        assert_eq!(shown(&all).as_deref(), Some(says));
        all.waited.clear();
        assert_eq!(shown(&all), None);
    }
}
