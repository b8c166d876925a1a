/// As much of a text is quoted, in characters: it is to fit a line beside what is said of it.
const MOST: usize = 80;

/// Text of others', or as long as it likes, as a line can hold it: its beginning, in quotation marks,
/// with what would steer a terminal escaped.
pub fn quoted(text: &str) -> String {
    format!("{:?}", beginning(text, MOST))
}

/// So many characters of a text, and `…` where it goes on.
pub fn beginning(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quoted_is_one_short_line() {
        assert_eq!(quoted("abc"), r#""abc""#);
        assert_eq!(quoted("a\n\u{1b}[2Jb"), r#""a\n\u{1b}[2Jb""#);
        let long = quoted(&"é".repeat(1 << 20));
        assert_eq!(long, format!("\"{}…\"", "é".repeat(MOST)));
    }
}
