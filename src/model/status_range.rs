use std::str::FromStr;

/// HTTP statuses that count as an answer, as in `200-399` or `401`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatusRange(u16, u16);

impl StatusRange {
    /// Whether `status` is one of them.
    pub fn contains(self, status: u16) -> bool {
        (self.0..=self.1).contains(&status)
    }

    /// Whether it is of redirects alone, as `302` and `300-399` are.
    pub fn is_of_redirects(self) -> bool {
        self.0 >= 300 && self.1 < 400
    }
}

impl FromStr for StatusRange {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (from, to) = text.split_once('-').unwrap_or((text, text));
        match (from.trim().parse(), to.trim().parse()) {
            (Ok(from), Ok(to)) if (100..=to).contains(&from) && to < 600 => Ok(Self(from, to)),
            _ => Err("a status is given as 200, several as 200-399".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_are_single_or_a_range() {
        let range: StatusRange = "200-399".parse().unwrap();
        assert!(range.contains(200) && range.contains(399) && !range.contains(400));
        assert!(!range.is_of_redirects());
        let redirects = ["302", "300-399"].map(|text| text.parse::<StatusRange>().unwrap());
        assert!(redirects.iter().all(|range| range.is_of_redirects()));
        assert!("401".parse::<StatusRange>().unwrap().contains(401));
        for bad in ["", "abc", "399-200", "99", "200-600", "200-"] {
            assert!(bad.parse::<StatusRange>().is_err(), "{bad}");
        }
    }
}
