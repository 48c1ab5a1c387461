//! Reads who runs a Python script: the interpreter in its first line.
//!
//! `a0` is such a script. A preloaded interpreter must be the very one that a fresh process would get.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// No first lines are longer.
const HEAD: u64 = 4096;

/// A script and its interpreter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Script {
    pub(crate) interpreter: PathBuf,
    /// What the first line names beside it.
    pub(crate) options: Vec<String>,
}

impl Script {
    /// Reads the beginning of `script`.
    ///
    /// # Errors
    /// It is no script of a Python interpreter, with the reason for people.
    pub(crate) fn read(script: &Path) -> Result<Self, String> {
        let mut head = Vec::new();
        File::open(script)
            .and_then(|file| file.take(HEAD).read_to_end(&mut head))
            .map_err(|error| format!("{} cannot be read: {error}", script.display()))?;
        let text = String::from_utf8_lossy(&head);
        Self::parse(&text).ok_or_else(|| format!("{} is not a Python script", script.display()))
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let first = lines.next()?.strip_prefix("#!")?.trim();
        if first == "/bin/sh" {
            // How installers write a path that is too long for a first line, or has a space in it.
            let second = lines.next()?.strip_prefix("'''exec' ")?.trim();
            let words = second.strip_suffix("\"$0\" \"$@\"")?.trim();
            return Self::of(words.trim_matches('"'), &[]);
        }
        let mut words = first.split_whitespace();
        let interpreter = words.next()?;
        Self::of(interpreter, &words.collect::<Vec<_>>())
    }

    fn of(interpreter: &str, options: &[&str]) -> Option<Self> {
        let interpreter = PathBuf::from(interpreter);
        let name = interpreter.file_name()?.to_str()?;
        let is_python = interpreter.is_absolute() && (name.starts_with("python") || name.starts_with("pypy"));
        let options = options.iter().map(|&word| word.to_owned()).collect();
        is_python.then_some(Self { interpreter, options })
    }
}

#[cfg(test)]
mod tests {
    use super::Script;

    fn interpreter(text: &str) -> Option<(String, Vec<String>)> {
        Script::parse(text).map(|found| (found.interpreter.display().to_string(), found.options))
    }

    #[test]
    fn the_forms_that_installers_write_are_read() {
        let plain = "#!/venv/bin/python3.11\nimport sys\n";
        assert_eq!(interpreter(plain), Some(("/venv/bin/python3.11".to_owned(), vec![])));
        let option = "#!/venv/bin/python -s\n";
        assert_eq!(interpreter(option), Some(("/venv/bin/python".to_owned(), vec!["-s".to_owned()])));
        let long = "#!/bin/sh\n'''exec' \"/my venv/bin/python\" \"$0\" \"$@\"\n' '''\n";
        assert_eq!(interpreter(long), Some(("/my venv/bin/python".to_owned(), vec![])));
    }

    #[test]
    fn anything_else_is_not_preloaded() {
        for text in ["", "#!/bin/sh\nexec a0\n", "#!/usr/bin/env python3\n", "\u{7f}ELF", "#!python\n"] {
            assert_eq!(interpreter(text), None, "{text:?}");
        }
    }
}
