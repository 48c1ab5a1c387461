//! What the code of bundles imports from what is installed, as attempts have told it. No I/O but hearing it.
//!
//! The first attempt of some code is asked, which is forked from an interpreter for any code. Those after it can
//! be forked from one that has imported the same.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::net::UnixStream;
use tokio::time::Instant;

use crate::bundle::flag;

/// After so long another attempt is asked, if the one before has told nothing.
const ASK_AGAIN: Duration = Duration::from_mins(1);

/// Modules of bundles that are remembered. Then all are forgotten, and told again.
const MAX_CODES: usize = 1_000;

/// Longest answer of an attempt. Large frameworks have some thousand modules.
const MAX_TOLD: u64 = 4 << 20;

/// The code of an attempt: all attempts of it import the same.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Code {
    pub(super) script: PathBuf,
    bundle: String,
    version: String,
    module: String,
}

impl Code {
    /// The code that such a command line of `a0` runs; none where it has no bundle, or a form that is not known.
    pub(crate) fn of(script: &Path, args: &[String]) -> Option<Self> {
        let word = |name| flag(args, name).map(ToOwned::to_owned);
        Some(Self {
            script: script.to_owned(),
            bundle: word("--tgz")?,
            version: word("--version").unwrap_or_default(),
            module: word("mod")?,
        })
    }

    /// A command line with it.
    #[cfg(test)]
    pub(super) fn words(&self) -> Vec<String> {
        let words = ["--tgz", &self.bundle, "--version", &self.version, "mod", &self.module];
        words.map(ToOwned::to_owned).to_vec()
    }
}

/// What an attempt has told of itself.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) imports: Arc<Imports>,
    /// What lies in the working folder, and where else the bundle has modules.
    pub(super) files: BTreeSet<String>,
}

/// How it is said, and said on to an interpreter.
#[derive(Serialize, Deserialize)]
struct Said<I> {
    #[serde(flatten)]
    imports: I,
    #[serde(default)]
    files: BTreeSet<String>,
}

impl Told {
    pub(super) fn to_json(&self) -> serde_json::Result<Vec<u8>> {
        serde_json::to_vec(&Said { imports: &*self.imports, files: self.files.clone() })
    }
}

/// What its code imports. Many bundles have this in common.
#[derive(Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Imports {
    /// Modules of installed packages, in the order in which their import began; none if they are not worth it.
    pub(super) modules: Vec<String>,
    /// From where these and all others come that are not the bundle's own: digests of places.
    pub(super) origins: BTreeMap<String, String>,
    /// What was changed meanwhile that libraries could see: variables, finders of modules, modules that others had.
    pub(super) changes: Vec<String>,
}

#[derive(Debug)]
enum Knowledge {
    /// An attempt was asked then.
    Asked(Instant),
    Told(Arc<Told>),
}

/// What is known of all code.
#[derive(Debug, Default)]
pub(super) struct Known(HashMap<Code, Knowledge>);

impl Known {
    /// What an attempt of `code` has told, if it imports what is worth an interpreter.
    pub(super) fn told(&self, code: &Code) -> Option<Arc<Told>> {
        match self.0.get(code) {
            Some(Knowledge::Told(told)) if !told.imports.modules.is_empty() => Some(Arc::clone(told)),
            _ => None,
        }
    }

    /// Is an attempt of `code` to tell? If so, it is the one that was asked.
    pub(super) fn ask(&mut self, code: &Code, now: Instant) -> bool {
        let asks = match self.0.get(code) {
            None => true,
            Some(Knowledge::Asked(asked)) => now.duration_since(*asked) >= ASK_AGAIN,
            Some(Knowledge::Told(_)) => false,
        };
        if asks {
            if self.0.len() >= MAX_CODES {
                self.0.clear();
            }
            self.0.insert(code.clone(), Knowledge::Asked(now));
        }
        asks
    }

    pub(super) fn learn(&mut self, code: Code, mut told: Told) {
        let mut known = self.0.values().filter_map(|known| match known {
            Knowledge::Told(told) => Some(&told.imports),
            Knowledge::Asked(_) => None,
        });
        // They are long, and compared often.
        if let Some(known) = known.find(|known| **known == told.imports) {
            told.imports = Arc::clone(known);
        }
        self.0.insert(code, Knowledge::Told(Arc::new(told)));
    }
}

/// What an attempt says on its line; none if it ends before it says anything.
pub(super) async fn told(line: BufReader<UnixStream>) -> Option<Told> {
    let mut text = Vec::new();
    let read = line.take(MAX_TOLD).read_until(b'\n', &mut text).await;
    read.ok()?;
    let said: Said<Imports> = serde_json::from_slice(&text).ok()?;
    Some(Told { imports: said.imports.into(), files: said.files })
}

/// For people: some of the packages that an interpreter has loaded.
pub(super) fn some_of(packages: &[String]) -> String {
    const SHOWN: usize = 3;
    let shown = packages.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
    match packages.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use tokio::time::Instant;

    use super::{Code, Imports, Known, Told, some_of};

    fn code(module: &str) -> Code {
        let line = format!("--tgz s3://b/x.tar.gz --version 1 --resolver r mod {module} instance t");
        let args: Vec<String> = line.split(' ').map(ToOwned::to_owned).collect();
        Code::of(Path::new("/venv/bin/a0"), &args).unwrap()
    }

    fn told(modules: &[&str], file: &str) -> Told {
        let modules = modules.iter().map(|&name| name.to_owned()).collect();
        let imports = Imports { modules, ..Imports::default() };
        Told { imports: imports.into(), files: [file.to_owned()].into() }
    }

    #[test]
    fn only_code_of_bundles_is_known() {
        let of = |line: &str| {
            let args: Vec<String> = line.split(' ').map(ToOwned::to_owned).collect();
            Code::of(Path::new("a0"), &args)
        };
        assert!(of("--version 1 mod m instance t").is_none(), "no bundle");
        assert!(of("--pkl x.pkl --version 1").is_none(), "a notebook's");
        assert_ne!(of("--tgz x mod m instance t"), of("--tgz y mod m instance t"));
        assert_eq!(of("--tgz x mod m instance t"), of("--tgz x mod m instance other"));
    }

    #[test]
    fn one_attempt_at_a_time_is_asked_until_one_tells() {
        let (mut known, now) = (Known::default(), Instant::now());
        assert!(known.ask(&code("m"), now));
        assert!(!known.ask(&code("m"), now), "one was asked");
        assert!(known.ask(&code("n"), now));
        let later = now + super::ASK_AGAIN;
        assert!(known.ask(&code("m"), later), "it has told nothing");
        known.learn(code("m"), told(&["numpy"], ""));
        assert!(!known.ask(&code("m"), later + super::ASK_AGAIN));
        assert_eq!(known.told(&code("m")).unwrap().imports.modules, ["numpy"]);
        known.learn(code("n"), told(&[], ""));
        assert!(known.told(&code("n")).is_none() && !known.ask(&code("n"), later), "nothing worth it");
    }

    #[test]
    fn bundles_that_import_the_same_share_it() {
        let mut known = Known::default();
        known.learn(code("m"), told(&["numpy"], "m.py"));
        known.learn(code("n"), told(&["numpy"], "n.py"));
        let (one, other) = (known.told(&code("m")).unwrap(), known.told(&code("n")).unwrap());
        assert!(std::sync::Arc::ptr_eq(&one.imports, &other.imports));
        assert_ne!(one.files, other.files);
    }

    #[test]
    fn a_few_packages_are_named() {
        let packages: Vec<String> = ["a", "b", "c", "d", "e"].map(ToOwned::to_owned).to_vec();
        assert_eq!(some_of(&packages), "a, b, c and 2 more");
        assert_eq!(some_of(&packages[..2]), "a, b");
    }
}
