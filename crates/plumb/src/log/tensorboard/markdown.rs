//! Markdown for TensorBoard's pages, which turn it into HTML: text from data must stay text. TensorBoard removes scripts, and
//! lets pictures of any address through.

/// One line of text that is nothing but text.
pub(super) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '&' => out.push_str("&amp;"),
            // A picture or a link begins with a bracket, a cell ends with a bar.
            '[' | '|' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// Text as it is, in letters of equal width, whatever stands in it.
pub(super) fn code(text: &str) -> String {
    text.lines().flat_map(|line| ["    ", line, "\n"]).collect()
}

/// A table.
pub(super) fn table(
    header: impl IntoIterator<Item = String>,
    rows: impl IntoIterator<Item = Vec<String>>,
) -> String {
    let line = |cells: &[String]| {
        let cells: Vec<String> = cells.iter().map(|cell| plain(cell)).collect();
        format!("| {} |\n", cells.join(" | "))
    };
    let header: Vec<String> = header.into_iter().collect();
    let rule = vec!["---"; header.len()].join(" | ");
    let rows: String = rows.into_iter().map(|row| line(&row)).collect();
    format!("{}| {rule} |\n{rows}", line(&header))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_data_is_no_markup() {
        assert_eq!(plain("<img src=x>"), "&lt;img src=x>");
        assert_eq!(plain("![a](http://b)"), "!\\[a](http://b)");
        assert_eq!(code("a\n\n# b"), "    a\n    \n    # b\n");
        let made = table(["a|b".to_owned()], [vec!["c\nd".to_owned()]]);
        assert_eq!(made, "| a\\|b |\n| --- |\n| c d |\n");
    }
}
