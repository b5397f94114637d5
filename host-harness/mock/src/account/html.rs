//! The HTML postings may hold, and its plain text.
//!
//! Markup Lever does not allow is dropped, its text kept. Not a parser: whatever looks like a tag
//! is one.

/// Elements of descriptions, closings and salary texts.
pub(crate) const BLOCKS: &[&str] = &["div", "p", "span", "br", "b", "i", "s", "u", "a"];

/// Elements of list items.
pub(crate) const ITEMS: &[&str] = &["li", "b", "i", "s", "u", "a"];

/// Pieces of a document: a tag with what is between `<` and `>`, or text.
fn pieces(html: &str) -> Vec<(bool, &str)> {
    let mut pieces = Vec::new();
    let mut rest = html;
    while let Some((text, after)) = rest.split_once('<') {
        pieces.push((false, text));
        match after.split_once('>') {
            Some((tag, after)) => {
                pieces.push((true, tag));
                rest = after;
            }
            None => rest = "",
        }
    }
    pieces.push((false, rest));
    pieces
}

/// The name of an element, in lower case.
fn element(tag: &str) -> String {
    let name = tag.trim_start_matches('/').split(|letter: char| !letter.is_ascii_alphanumeric());
    name.into_iter().next().unwrap_or_default().to_ascii_lowercase()
}

/// The document without elements that are not allowed.
pub(crate) fn allowed(html: &str, elements: &[&str]) -> String {
    let kept = pieces(html).into_iter().map(|(is_tag, piece)| match is_tag {
        false => piece.to_owned(),
        true if elements.contains(&element(piece).as_str()) => format!("<{piece}>"),
        true => String::new(),
    });
    kept.collect()
}

/// A text, escaped for HTML.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The plain text, a line for each block.
pub(crate) fn plain(html: &str) -> String {
    let text = pieces(html).into_iter().map(|(is_tag, piece)| match (is_tag, piece) {
        (false, text) => text,
        (true, "br" | "br/" | "br /" | "/div" | "/p" | "/li") => "\n",
        (true, _) => "",
    });
    let text: String = text.collect();
    let entities =
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&nbsp;", " "), ("&amp;", "&")];
    entities.iter().fold(text, |text, (entity, letter)| text.replace(entity, letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_that_is_not_allowed_is_dropped_and_its_text_kept() {
        let rows = [
            ("<div>A <b>bold</b> one</div>", "<div>A <b>bold</b> one</div>"),
            ("<script>x</script><P class=\"a\">y</P>", "x<P class=\"a\">y</P>"),
            ("<h1>a<br/>b</h1>", "a<br/>b"),
            ("1 < 2", "1 "),
            ("", ""),
        ];
        for (html, expected) in rows {
            assert_eq!(allowed(html, BLOCKS), expected, "{html}");
        }
        assert_eq!(allowed("<ul><li>a</li></ul>", ITEMS), "<li>a</li>");
    }

    #[test]
    fn a_document_says_a_line_for_each_block() {
        assert_eq!(plain(&escaped("<a> & \"b\"")), "<a> & \"b\"");
        assert_eq!(plain("<div>A &amp; <b>B</b></div><p>C&lt;</p>D<br>E"), "A & B\nC<\nD\nE");
    }
}
