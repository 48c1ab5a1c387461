//! Reads the one TOML file of `wingbeat up` into texts with line numbers. What the texts mean is not
//! decided here; that each key is known and has the right shape, is.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use toml::{Spanned, Value};

use super::origin::{Given, Origin};

/// What a key holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Text,
    Number,
    Switch,
    /// Several texts; joined with commas, as in an environment variable.
    List,
}

/// Every key that a config file may have.
pub(crate) const KEYS: [(&str, Shape); 17] = [
    ("database", Shape::Text),
    ("database_password_file", Shape::Text),
    ("store", Shape::Text),
    ("listen", Shape::Text),
    ("python", Shape::Text),
    ("parallelism", Shape::Number),
    ("executor", Shape::Text),
    ("isolation", Shape::Text),
    ("warm_idle", Shape::Number),
    ("no_executor", Shape::Switch),
    ("executor_listen", Shape::Text),
    ("executor_port_data", Shape::Text),
    ("tls_cert", Shape::Text),
    ("tls_key", Shape::Text),
    ("no_auth", Shape::Switch),
    ("allowed_hosts", Shape::List),
    ("pass_env", Shape::List),
];

/// A read config file.
#[derive(Debug, Default)]
pub(crate) struct ConfigFile {
    values: BTreeMap<&'static str, Given>,
}

impl ConfigFile {
    /// The value of `key`.
    pub(crate) fn get(&self, key: &str) -> Option<&Given> {
        self.values.get(key)
    }
}

/// Reads `text`, the content of `path`. Problems are added to the others; what is right is kept.
pub(crate) fn parse(path: &Path, text: &str, problems: &mut Vec<String>) -> ConfigFile {
    let entries: BTreeMap<Spanned<String>, Spanned<Value>> = match toml::from_str(text) {
        Ok(entries) => entries,
        Err(error) => {
            let line = error.span().map_or(1, |span| line_of(text, span.start));
            problems.push(format!("{}, line {line}: {}", path.display(), error.message()));
            return ConfigFile::default();
        }
    };
    let mut file = ConfigFile::default();
    for (key, value) in entries {
        let line = line_of(text, key.span().start);
        let origin = Origin::File { path: PathBuf::from(path), line };
        let Some((name, shape)) = KEYS.iter().find(|(name, _)| name == key.get_ref()) else {
            let known: Vec<&str> = KEYS.iter().map(|(name, _)| *name).collect();
            problems.push(format!("{} ({origin}): unknown; there are {}", key.get_ref(), known.join(", ")));
            continue;
        };
        match text_of(value.get_ref(), *shape) {
            Some(text) => {
                file.values.insert(name, Given { text, origin });
            }
            None => problems.push(format!("{name} ({origin}): {}", expected(*shape))),
        }
    }
    file
}

fn text_of(value: &Value, shape: Shape) -> Option<String> {
    match shape {
        Shape::Text => value.as_str().map(str::to_owned),
        Shape::Number => value.as_integer().map(|number| number.to_string()),
        Shape::Switch => value.as_bool().map(|switch| switch.to_string()),
        Shape::List => {
            let texts: Option<Vec<&str>> = value.as_array()?.iter().map(Value::as_str).collect();
            texts.map(|texts| texts.join(","))
        }
    }
}

fn expected(shape: Shape) -> &'static str {
    match shape {
        Shape::Text => "write a text in quotes",
        Shape::Number => "write a whole number",
        Shape::Switch => "write true or false",
        Shape::List => "write a list of texts, such as [\"a\", \"b\"]",
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    text.as_bytes().iter().take(offset).filter(|byte| **byte == b'\n').count() + 1
}
