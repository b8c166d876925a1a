use chrono::{DateTime, Utc};

/// One environment that takes up room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Its name, `<app>-<slug>`.
    pub name: String,
    /// When it was first made.
    pub since: DateTime<Utc>,
    /// How sure its place is.
    pub standing: Standing,
}

/// How sure the place of an environment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// A deploy has begun in it.
    Begun,
    /// A newcomer's, whose run is seen to live.
    Newcomer,
    /// A newcomer's, whose run may be dead.
    InDoubt,
}

/// Whether one more environment may go up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Room {
    /// It may.
    Free,
    /// Only newcomers stand in the way: it may, if enough of these are dead.
    Contested {
        /// Their names.
        newcomers: Vec<String>,
    },
    /// It may not; the oldest that is up is named.
    Full {
        /// The oldest environment, a candidate for removal.
        oldest: Taken,
    },
}

/// Whether `name`, whose Lease is among `up`, is within the first `most`: those that have begun, and
/// then the others, oldest first.
///
/// Two newcomers that take the last place at once both see both Leases, so both come to the
/// same answer about each. No limit when `most` is none.
pub fn room(name: &str, up: &[Taken], most: Option<usize>) -> Room {
    let Some(most) = most else { return Room::Free };
    let mut up: Vec<&Taken> = up.iter().collect();
    up.sort_by_key(|taken| {
        let newcomer = taken.standing != Standing::Begun;
        (newcomer, taken.since, taken.name.clone())
    });
    let Some(place) = up.iter().position(|taken| taken.name == name) else {
        return Room::Free;
    };
    let (in_doubt, sure): (Vec<&Taken>, Vec<&Taken>) = up[..place]
        .iter()
        .partition(|taken| taken.standing == Standing::InDoubt);
    if place < most {
        Room::Free
    } else if sure.len() < most {
        let newcomers = in_doubt.iter().map(|taken| taken.name.clone());
        Room::Contested {
            newcomers: newcomers.collect(),
        }
    } else {
        let oldest = sure.first().copied().unwrap_or(up[0]).clone();
        Room::Full { oldest }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(name: &str, second: i64) -> Taken {
        Taken {
            name: name.into(),
            since: DateTime::from_timestamp(second, 0).unwrap(),
            standing: Standing::Begun,
        }
    }

    #[test]
    fn the_last_to_come_is_refused_and_the_oldest_is_named() {
        let up = [taken("hey-b", 2), taken("hey-a", 1), taken("hey-c", 3)];
        assert_eq!(room("hey-c", &up, Some(3)), Room::Free);
        assert_eq!(
            room("hey-c", &up, Some(2)),
            Room::Full {
                oldest: taken("hey-a", 1)
            }
        );
        assert_eq!(room("hey-a", &up, Some(2)), Room::Free);
        assert_eq!(room("hey-c", &up, None), Room::Free);
    }

    #[test]
    fn of_two_that_come_in_the_same_second_one_is_refused() {
        let up = [taken("hey-a", 1), taken("hey-b", 1)];
        let refused = ["hey-a", "hey-b"].map(|name| room(name, &up, Some(1)) != Room::Free);
        assert_eq!(refused, [false, true]);
    }

    #[test]
    fn a_place_that_newcomers_alone_take_is_contested() {
        let newcomer = |name, second| Taken {
            standing: Standing::InDoubt,
            ..taken(name, second)
        };
        let up = [
            taken("hey-a", 1),
            newcomer("hey-b", 2),
            newcomer("hey-c", 3),
        ];
        assert_eq!(room("hey-c", &up, Some(3)), Room::Free);
        assert_eq!(
            room("hey-c", &up, Some(2)),
            Room::Contested {
                newcomers: vec!["hey-b".into()]
            }
        );
        assert_eq!(
            room("hey-c", &up, Some(1)),
            Room::Full {
                oldest: taken("hey-a", 1)
            }
        );
    }

    #[test]
    fn who_has_begun_stays_before_a_newcomer_of_the_same_second() {
        let newcomer = Taken {
            standing: Standing::Newcomer,
            ..taken("hey-a", 1)
        };
        let up = [newcomer, taken("hey-b", 1)];
        let full = Room::Full {
            oldest: taken("hey-b", 1),
        };
        assert_eq!(room("hey-a", &up, Some(1)), full);
        assert_eq!(room("hey-b", &up, Some(1)), Room::Free);
    }
}
