//! The page that a task writes for people: tabs of HTML, written whole at each flush.

use std::sync::{Mutex, MutexGuard, PoisonError};

const MAIN: &str = "main";

/// The tabs of one attempt's report.
#[derive(Debug, Default)]
pub(crate) struct Tabs {
    tabs: Mutex<Vec<(String, String)>>,
}

impl Tabs {
    fn lock(&self) -> MutexGuard<'_, Vec<(String, String)>> {
        self.tabs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds HTML to the end of a tab.
    pub(crate) fn add(&self, tab: Option<&str>, html: &str) {
        let mut tabs = self.lock();
        let content = content_of(&mut tabs, tab.unwrap_or(MAIN));
        if !content.is_empty() {
            content.push('\n');
        }
        content.push_str(html);
    }

    /// Makes HTML all that a tab has.
    pub(crate) fn replace(&self, tab: Option<&str>, html: &str) {
        html.clone_into(content_of(&mut self.lock(), tab.unwrap_or(MAIN)));
    }

    /// The whole page; nothing, if nothing was written.
    pub(crate) fn page(&self) -> Option<String> {
        let tabs = self.lock();
        if tabs.iter().all(|(_, content)| content.is_empty()) {
            return None;
        }
        Some(page(tabs.iter().filter(|(_, content)| !content.is_empty())))
    }
}

fn content_of<'a>(tabs: &'a mut Vec<(String, String)>, name: &str) -> &'a mut String {
    let ix = tabs.iter().position(|(one, _)| one == name).unwrap_or_else(|| {
        tabs.push((name.to_owned(), String::new()));
        tabs.len() - 1
    });
    &mut tabs[ix].1
}

/// Text within HTML.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for one in text.chars() {
        match one {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

/// Tabs without a script: consoles show reports in a frame that may forbid them.
fn page<'a>(tabs: impl Iterator<Item = &'a (String, String)>) -> String {
    let (mut inputs, mut bodies, mut rules) = (String::new(), String::new(), String::new());
    for (ix, (name, content)) in tabs.enumerate() {
        let checked = if ix == 0 { " checked" } else { "" };
        let label = escape(name);
        inputs.extend([
            format!("<input type=\"radio\" name=\"tab\" id=\"t{ix}\"{checked}>"),
            format!("<label for=\"t{ix}\">{label}</label>\n"),
        ]);
        bodies.extend([format!("<section id=\"s{ix}\">{content}</section>\n")]);
        rules.extend([format!("#t{ix}:checked~#s{ix}{{display:block}}\n")]);
    }
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Report</title><style>\n\
         body{{font-family:sans-serif;margin:1rem}}\ntable{{border-collapse:collapse}}\n\
         td,th{{border:1px solid #ccc;padding:.2rem .5rem}}\ninput[name=tab]{{position:absolute;opacity:0}}\n\
         label{{display:inline-block;padding:.5rem 1rem;cursor:pointer;font-weight:bold;color:#666}}\n\
         input[name=tab]:checked+label{{color:#333;border-bottom:4px solid #a31aff}}\n\
         section{{display:none;padding:1rem 0}}\n{rules}</style></head><body>\n{inputs}{bodies}</body></html>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::Tabs;

    #[test]
    fn a_page_has_the_tabs_that_hold_something() {
        let tabs = Tabs::default();
        assert_eq!(tabs.page(), None);
        tabs.add(Some("a<b"), "<p>one</p>");
        tabs.add(Some("a<b"), "<p>two</p>");
        tabs.replace(Some("empty"), "");
        let page = tabs.page().unwrap();
        assert!(page.contains("<p>one</p>\n<p>two</p>") && page.contains("a&lt;b"), "{page}");
        assert!(!page.contains("empty") && !page.contains("main"), "{page}");
    }
}
