//! An agreement's Markdown as a page: its own HTML is shown as the text it is, and nothing is fetched from anywhere.

use pulldown_cmark::{Alignment, CowStr, Event, HeadingLevel, LinkType, Options, Parser, Tag, TagEnd, html};

/// The text as HTML that may stand in a page of ours unescaped. What the author wrote as HTML appears as written, a
/// link leads to the web or to a mail address or is none, a picture is its description, and headings begin one level
/// below the page's own.
#[must_use]
pub(crate) fn to_html(text: &str) -> String {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
    let mut page = String::with_capacity(text.len().saturating_mul(2));
    html::push_html(&mut page, Parser::new_ext(text, options).filter_map(tamed));
    page
}

/// INVARIANT: no raw HTML reaches the writer, and every address it is given passed [`leads_outside_safely`].
fn tamed(event: Event<'_>) -> Option<Event<'_>> {
    match event {
        Event::Html(raw) | Event::InlineHtml(raw) => Some(Event::Text(raw)),
        Event::Start(Tag::HtmlBlock) => Some(Event::Start(Tag::Paragraph)),
        Event::End(TagEnd::HtmlBlock) => Some(Event::End(TagEnd::Paragraph)),
        Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
            let dest_url =
                if leads_outside_safely(&dest_url, link_type) { dest_url } else { CowStr::Borrowed("#") };
            Some(Event::Start(Tag::Link { link_type, dest_url, title, id }))
        }
        Event::Start(Tag::Image { .. }) => Some(Event::Start(Tag::Emphasis)),
        Event::End(TagEnd::Image) => Some(Event::End(TagEnd::Emphasis)),
        // Alignment would be written as a style attribute, which the pages' policy forbids.
        Event::Start(Tag::Table(columns)) => {
            Some(Event::Start(Tag::Table(vec![Alignment::None; columns.len()])))
        }
        // Ids and classes are the author's words too; the page's own ids must stay the only ones.
        Event::Start(Tag::Heading { level, .. }) => Some(Event::Start(Tag::Heading {
            level: below(level),
            id: None,
            classes: Vec::new(),
            attrs: Vec::new(),
        })),
        Event::End(TagEnd::Heading(level)) => Some(Event::End(TagEnd::Heading(below(level)))),
        other => Some(other),
    }
}

fn leads_outside_safely(address: &str, link_type: LinkType) -> bool {
    // With the slashes: `https:path` without them is a path of this site to a browser.
    let address = address.to_ascii_lowercase();
    matches!(link_type, LinkType::Email)
        || ["https://", "http://", "mailto:"].iter().any(|start| address.starts_with(start))
}

const fn below(level: HeadingLevel) -> HeadingLevel {
    match level {
        HeadingLevel::H1 => HeadingLevel::H2,
        HeadingLevel::H2 => HeadingLevel::H3,
        HeadingLevel::H3 => HeadingLevel::H4,
        HeadingLevel::H4 => HeadingLevel::H5,
        HeadingLevel::H5 | HeadingLevel::H6 => HeadingLevel::H6,
    }
}

#[cfg(test)]
mod tests {
    use super::{leads_outside_safely, to_html};
    use proptest::prelude::*;
    use pulldown_cmark::LinkType;

    #[test]
    fn html_in_the_text_is_shown_and_not_obeyed() {
        let page = to_html(
            "Hello <script>alert(1)</script>\n\n<iframe src=\"x\"></iframe>\n\n<div onclick=a>b</div>",
        );
        assert!(!page.contains("<script") && !page.contains("<iframe") && !page.contains("<div"), "{page}");
        assert!(page.contains("&lt;script&gt;") && page.contains("&lt;iframe"), "{page}");
    }

    #[test]
    fn links_lead_to_the_web_or_to_mail_or_nowhere() {
        for address in [
            "javascript:alert(1)",
            "JaVaScRiPt:alert(1)",
            "data:text/html,x",
            "//elsewhere",
            "vbscript:x",
            "/sign-out",
            "https:sign-out",
            "http:/sign-out",
        ] {
            let page = to_html(&format!("[read]({address})"));
            assert!(page.contains("href=\"#\""), "{address}: {page}");
        }
        assert!(to_html("[law](https://example.org/law)").contains("href=\"https://example.org/law\""));
        assert!(to_html("<legal@example.org>").contains("mailto:legal@example.org"));
    }

    #[test]
    fn words_that_look_like_an_attribute_are_words() {
        assert_eq!(to_html("href=\"javascript:x"), "<p>href=\"javascript:x</p>\n");
    }

    #[test]
    fn pictures_are_not_fetched() {
        let page = to_html("![a seal](https://elsewhere.example/track.png)");
        assert!(!page.contains("<img") && !page.contains("elsewhere") && page.contains("a seal"), "{page}");
    }

    #[test]
    fn headings_stand_below_the_pages_own_and_carry_no_ids() {
        assert_eq!(to_html("# Duties {#main .x}"), "<h2>Duties {#main .x}</h2>\n");
        assert_eq!(to_html("###### Six"), "<h6>Six</h6>\n");
    }

    proptest! {
        /// Whatever somebody writes, no tag comes out that could act, and no attribute but those the writer itself sets.
        #[test]
        fn nothing_that_acts_comes_out(text in "(<|>|script|iframe|img|a |href=|on|\\(|\\)|\\[|\\]|!|\"|'|javascript:|#|\n|`|\\||-|x| ){0,60}") {
            let page = to_html(&text);
            for tag in page.split('<').skip(1) {
                let name: String = tag.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '/').collect();
                let name = name.trim_start_matches('/');
                prop_assert!(
                    ["h2", "h3", "h4", "h5", "h6", "p", "a", "em", "strong", "code", "pre", "ul", "ol", "li", "hr", "br", "blockquote",
                     "table", "thead", "tbody", "tr", "th", "td", "del", "sup", "div", "section"].contains(&name.trim_end_matches('/')),
                    "{page}"
                );
            }
            // Only what stands inside a tag is an address: `href="` in the text is text.
            let tags = page.split('<').skip(1).filter_map(|rest| rest.split_once('>'));
            for (tag, _) in tags {
                let (mut outside, mut name) = (true, "");
                for piece in tag.split('"') {
                    if outside {
                        name = piece.split_whitespace().last().unwrap_or_default();
                        let is_attribute = ["href=", "title=", "class=", "start="].contains(&name);
                        prop_assert!(is_attribute || !name.contains('='), "{page}");
                    } else if name == "href=" {
                        let leads_out = piece == "#" || leads_outside_safely(piece, LinkType::Inline);
                        prop_assert!(leads_out, "{page}");
                    }
                    outside = !outside;
                }
            }
        }
    }
}
