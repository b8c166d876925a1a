/// The most deployments that one deploy makes inactive: what GitHub is asked stays bounded, however
/// many failed ones have piled up. Two: with one, a failure between two successes would never go.
const MOST: usize = 2;

/// Which of the branch's `known` deployments are made inactive now that `mine` is up: first the one
/// that it `replaced`, which alone is shown as reachable, then the newest. The others wait for the
/// next deploy, or the sweep.
pub fn to_retire(known: &[u64], mine: Option<u64>, replaced: Option<u64>) -> Vec<u64> {
    let mut older: Vec<u64> = known
        .iter()
        .copied()
        .filter(|id| Some(*id) != mine)
        .collect();
    older.sort_by_key(|id| (Some(*id) != replaced, std::cmp::Reverse(*id)));
    older.truncate(MOST);
    older
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_up_goes_first_and_the_pile_shrinks_by_and_by() {
        assert_eq!(to_retire(&[1, 2, 3, 4, 5], Some(5), Some(1)), [1, 4]);
        assert_eq!(to_retire(&[2, 3, 5], Some(5), None), [3, 2]);
        assert_eq!(to_retire(&[5], Some(5), Some(5)), []);
        assert_eq!(to_retire(&[4], None, None), [4]);
    }
}
