//! The files of the web console as part of the program, and which of them an address means. It does no I/O and knows
//! nothing of HTTP beyond content types; how they are served is the server's business.

/// A file of the console.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asset {
    /// Path below the console's root: `assets/index-1a2b3c4d.js`.
    pub name: &'static str,
    /// Differs between files of different content.
    pub tag: &'static str,
    /// The file.
    pub plain: &'static [u8],
    /// The same, compressed by brotli, where that makes it smaller.
    pub brotli: Option<&'static [u8]>,
}

const ASSETS: &[Asset] = &include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// The page that every address of the console begins with.
const PAGE: &str = "index.html";
/// Names in here contain a hash of their content.
const HASHED: &str = "assets/";

impl Asset {
    /// Its media type.
    pub fn content_type(&self) -> &'static str {
        match self.name.rsplit_once('.').map(|(_, extension)| extension) {
            Some("html") => "text/html; charset=utf-8",
            Some("js") => "text/javascript; charset=utf-8",
            Some("css") => "text/css; charset=utf-8",
            Some("svg") => "image/svg+xml",
            _ => "application/octet-stream",
        }
    }

    /// May it be kept for ever? What changes has another name then.
    pub fn immutable(&self) -> bool {
        self.name.starts_with(HASHED)
    }
}

/// What stands at `path`, which is relative to the console's root. Files are found by name, and everything else is a
/// page of the console, except for a file that is gone: a browser would take the page for a script.
pub fn find(path: &str) -> Option<&'static Asset> {
    pick(ASSETS, path)
}

fn pick<'a>(assets: &'a [Asset], path: &str) -> Option<&'a Asset> {
    let named = |name: &str| assets.iter().find(|asset| asset.name == name);
    named(path).or_else(|| if path.starts_with(HASHED) { None } else { named(PAGE) })
}

#[cfg(test)]
mod tests {
    use super::{Asset, pick};

    const fn asset(name: &'static str) -> Asset {
        Asset { name, tag: "1", plain: b"", brotli: None }
    }

    #[test]
    fn addresses_of_the_console_are_its_page_and_files_are_themselves() {
        let assets = [asset("index.html"), asset("assets/a-1.js"), asset("wingbeat.svg")];
        let cases = [
            ("", Some("index.html")),
            ("domain/development/project/flytesnacks/runs/r1", Some("index.html")),
            ("domain/d/project/p/tasks/my.task", Some("index.html")),
            ("assets/a-1.js", Some("assets/a-1.js")),
            ("assets/gone.js", None),
            ("wingbeat.svg", Some("wingbeat.svg")),
        ];
        for (path, name) in cases {
            assert_eq!(pick(&assets, path).map(|asset| asset.name), name, "{path}");
        }
        assert_eq!(pick(&[], ""), None, "a program without console");
    }

    #[test]
    fn only_names_with_a_hash_are_kept_for_ever() {
        assert!(asset("assets/a-1.js").immutable());
        assert!(!asset("index.html").immutable());
        assert_eq!(asset("assets/a-1.js").content_type(), "text/javascript; charset=utf-8");
    }
}
