//! `/docs/concepts/{name}`: the pages of docs/concepts, which explain how things work, in the look of the reference.

use crate::html::escape;
use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd};
use std::collections::HashMap;
use std::fmt::Write as _;

/// A page as it lies in docs/concepts.
pub(super) struct Concept {
    /// The last part of its address, and its file without `.md`.
    pub name: &'static str,
    markdown: &'static str,
}

macro_rules! concept {
    ($name:literal) => {
        Concept { name: $name, markdown: include_str!(concat!("../../../../../docs/concepts/", $name, ".md")) }
    };
}

/// All of them, in the order in which they are best read.
pub(super) const ALL: [Concept; 5] =
    [concept!("channels-and-sessions"), concept!("sending"), concept!("events"), concept!("webhooks"), concept!("apps")];

pub(super) fn find(name: &str) -> Option<&'static Concept> {
    ALL.iter().find(|concept| concept.name == name)
}

/// Links to all pages.
pub(super) fn links() -> String {
    let links = ALL.iter().map(|c| format!("<a href=\"/docs/concepts/{}\">{}</a>", c.name, escape(c.title())));
    links.collect::<Vec<_>>().join(" · ")
}

impl Concept {
    /// Its first heading.
    pub fn title(&self) -> &'static str {
        self.markdown.lines().find_map(|line| line.strip_prefix("# ")).unwrap_or(self.name)
    }

    /// The page as the body of an HTML page.
    pub fn render(&self) -> String {
        let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
        let events: Vec<Event> = Parser::new_ext(self.markdown, options).map(safe).collect();
        let mut out = format!("<nav><p><a href=\"/docs\">API</a> · {}</p></nav>\n<article>\n", links());
        pulldown_cmark::html::push_html(&mut out, anchored(events).into_iter());
        out.push_str("</article>\n");
        out
    }
}

/// HTML within a page is shown as text, and links between the files lead to where they are served.
fn safe(event: Event) -> Event {
    if let Event::Html(text) | Event::InlineHtml(text) = event {
        return Event::Text(text);
    }
    if let Event::Start(Tag::Link { link_type, dest_url, title, id }) = event {
        return Event::Start(Tag::Link { link_type, dest_url: served(&dest_url), title, id });
    }
    event
}

/// `sending.md#states` is `/docs/concepts/sending#states`; `../api.md` is what `/docs` has in more words.
fn served<'a>(link: &str) -> CowStr<'a> {
    let (file, part) = link.split_once('#').map_or((link, String::new()), |(file, part)| (file, format!("#{part}")));
    if let Some(concept) = file.strip_suffix(".md").and_then(find) {
        return format!("/docs/concepts/{}{part}", concept.name).into();
    }
    if file.starts_with("../") {
        return "/docs".into();
    }
    link.to_owned().into()
}

/// Gives every heading below the first an id made of its words, and a link to itself.
fn anchored(mut events: Vec<Event>) -> Vec<Event> {
    let mut taken: HashMap<String, u32> = HashMap::new();
    let mut at = 0;
    while at < events.len() {
        let end = events[at..].iter().position(|e| matches!(e, Event::End(TagEnd::Heading(_)))).map(|n| at + n);
        if let (Event::Start(Tag::Heading { .. }), Some(end)) = (&events[at], end) {
            let slug = unique(slug(&text(&events[at..end])), &mut taken);
            let link = format!(" <a class=\"anchor\" href=\"#{slug}\" aria-label=\"Link to this part\">#</a>");
            if let Event::Start(Tag::Heading { id, .. }) = &mut events[at] {
                *id = Some(slug.into());
            }
            events.insert(end, Event::InlineHtml(link.into()));
            at = end;
        }
        at += 1;
    }
    events
}

fn text(events: &[Event]) -> String {
    let words = events.iter().filter_map(|e| if let Event::Text(t) | Event::Code(t) = e { Some(t.as_ref()) } else { None });
    words.collect()
}

fn slug(text: &str) -> String {
    let mut slug = String::new();
    for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        let dash = if slug.is_empty() { "" } else { "-" };
        // Writing to a string does not fail.
        let _ = write!(slug, "{dash}{}", word.to_lowercase());
    }
    slug
}

fn unique(slug: String, taken: &mut HashMap<String, u32>) -> String {
    let times = taken.entry(slug.clone()).or_default();
    *times += 1;
    if *times == 1 { slug } else { format!("{slug}-{times}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(markdown: &'static str) -> String {
        Concept { name: "test", markdown }.render()
    }

    #[test]
    fn headings_can_be_linked_to() {
        let page = rendered("# A page\n\n## What `it` does\n\n## What it does\n");
        assert!(page.contains("<h2 id=\"what-it-does\">") && page.contains("<h2 id=\"what-it-does-2\">"), "{page}");
        assert!(page.contains("href=\"#what-it-does\""));
    }

    #[test]
    fn links_between_files_lead_to_where_they_are_served() {
        let page = rendered("[a](sending.md) [b](webhooks.md#retries) [c](../api.md) [d](https://example.org/x.md)");
        for link in
            ["\"/docs/concepts/sending\"", "\"/docs/concepts/webhooks#retries\"", "\"/docs\"", "\"https://example.org/x.md\""]
        {
            assert!(page.contains(link), "{link} is missing from {page}");
        }
    }

    #[test]
    fn html_within_a_page_stays_text() {
        let page = rendered("a <script>alert(1)</script> b\n\n<div onclick=\"x\">\n\n| a | b |\n|---|---|\n| 1 | 2 |\n");
        assert!(!page.contains("<script") && !page.contains("<div") && page.contains("<table>"), "{page}");
    }

    #[test]
    fn every_page_has_a_title_and_refers_to_files_that_are_served() {
        for concept in ALL {
            assert_ne!(concept.title(), concept.name);
            let page = concept.render();
            assert!(!page.contains(".md"), "{} has a link that leads nowhere", concept.name);
            for outside in ["<img", "style=", "<script"] {
                assert!(!page.contains(outside), "{outside} in {}", concept.name);
            }
        }
    }
}
