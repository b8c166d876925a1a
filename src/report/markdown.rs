//! Text that others wrote, as it may stand in Markdown.

use super::plain;

/// Text as code, in which nothing is a link, a mention or markup; in a table: [`cell`].
pub fn code(text: &str) -> String {
    let text = plain(text);
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    // A blank on each side, where the text itself begins or ends with what ends the code.
    let pad = if text.starts_with('`') || text.ends_with('`') {
        " "
    } else {
        ""
    };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// Text as code in a table's cell. A bar would end that, in code too; elsewhere its escape would be
/// seen, and be copied along.
pub fn cell(text: &str) -> String {
    code(text).replace('|', "\\|")
}

/// Lines as a block of code, which nothing in them ends.
pub fn fenced(lines: &[String]) -> String {
    let lines: Vec<_> = lines.iter().map(|line| plain(line)).collect();
    let runs = lines.iter().flat_map(|line| line.split(|c| c != '`'));
    let longest = runs.map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(3.max(longest + 1));
    format!("{fence}text\n{}\n{fence}\n", lines.join("\n"))
}

/// An address as a link, if it is a plain one; as code if not.
pub fn link(url: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._~:/?#&=%+".contains(c);
    let is_web = url.starts_with("https://") || url.starts_with("http://");
    if is_web && url.chars().all(is_plain) {
        return format!("<{url}>");
    }
    cell(url)
}

/// Breaks what would be a link, a mention or a reference by itself.
const JOINER: char = '\u{2060}';

/// Text as it stands, with all escaped that could be markup, a link, a mention or a reference.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in plain(text).replace("://", ":\u{2060}//").chars() {
        if c.is_ascii_punctuation() && !".,:;'()/%+-".contains(c) {
            escaped.push('\\');
        }
        escaped.push(c);
        if matches!(c, '@' | '#') {
            escaped.push(JOINER);
        }
    }
    escaped.replace("www.", "www\u{2060}.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_ends_where_it_should() {
        assert_eq!(code("new"), "`new`");
        assert_eq!(code("a`b"), "``a`b``");
        assert_eq!(code("`a``"), "``` `a`` ```");
        assert_eq!(code("a|b\n# c"), "`a|b # c`");
        assert_eq!(cell("a|b"), "`a\\|b`");
    }

    #[test]
    fn a_block_of_code_ends_where_it_should() {
        let lines = ["```".to_owned(), "a\n# b".to_owned()];
        assert_eq!(fenced(&lines), "````text\n```\na # b\n````\n");
    }

    #[test]
    fn a_plain_address_alone_is_a_link() {
        assert_eq!(
            link("https://new.example.com/x"),
            "<https://new.example.com/x>"
        );
        for odd in ["javascript:x", "https://x> [y](z)", "https://x`"] {
            assert!(link(odd).starts_with('`'), "{odd}");
        }
    }

    #[test]
    fn markup_is_escaped() {
        assert_eq!(
            escape("<b> [x](y) *z* | _"),
            "\\<b\\> \\[x\\](y) \\*z\\* \\| \\_"
        );
        for live in ["https://evil.example", "@team", "#1", "www.evil.example"] {
            assert!(!escape(live).contains(live), "{live}");
        }
    }
}
