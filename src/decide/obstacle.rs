use crate::model::Event;

/// Of what the cluster warns of these objects, the last word.
pub fn newest_warning<'a>(warnings: &'a [Event], objects: &[String]) -> Option<&'a Event> {
    let about = warnings.iter().filter(|it| objects.contains(&it.object));
    about.max_by_key(|it| it.at)
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    fn warning(object: &str, reason: &str, at: i64) -> Event {
        Event {
            object: object.into(),
            reason: reason.into(),
            at: DateTime::from_timestamp(at, 0),
            ..Event::default()
        }
    }

    #[test]
    fn the_last_word_about_one_of_the_objects_counts() {
        let all = [
            warning("one", "Early", 1),
            warning("two", "Late", 3),
            warning("one", "Between", 2),
            warning("stranger", "Latest", 4),
            Event {
                at: None,
                ..warning("one", "Timeless", 0)
            },
        ];
        let reason = |objects: &[&str]| {
            let objects: Vec<_> = objects.iter().map(ToString::to_string).collect();
            newest_warning(&all, &objects).map(|it| it.reason.clone())
        };
        assert_eq!(reason(&["one", "two"]).as_deref(), Some("Late"));
        assert_eq!(reason(&["one"]).as_deref(), Some("Between"));
        assert_eq!(reason(&["three"]), None);
    }
}
