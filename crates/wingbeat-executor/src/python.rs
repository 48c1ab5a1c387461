//! Finds the Python environment whose `a0` runs tasks.
//!
//! It looks at files only and never starts an interpreter: a laptop's `up` must be ready in milliseconds.

use std::path::{Path, PathBuf};

/// What a user types to repair an environment without the SDK.
const INSTALL: &str = "pip install flyte";

/// Where Python and the programs installed beside it live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PythonEnvironment {
    python: Option<PathBuf>,
    /// The value of PATH that was searched; for the message.
    searched: String,
}

/// Why a program of the environment cannot be started.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ProgramError {
    /// No interpreter at all.
    #[error(
        "no Python was found on PATH ({searched}); install Python with `{INSTALL}` and start the platform from that environment, or name it with --python"
    )]
    NoPython { searched: String },
    /// The interpreter is there, the SDK is not.
    #[error(
        "the Python environment of {} has no `a0`, so the package flyte is missing there; run `{} -m {INSTALL}`, or name another environment with --python",
        python.display(), python.display()
    )]
    MissingSdk { python: PathBuf },
    /// Some other program is missing.
    #[error(
        "the task's command `{program}` was found neither beside a Python interpreter nor on PATH ({searched})"
    )]
    UnknownProgram { program: String, searched: String },
}

impl PythonEnvironment {
    /// The interpreter that was named, else the active virtual environment's, else the first on PATH.
    ///
    /// `configured` may be an interpreter, the folder it is in, or the folder of a virtual environment.
    pub(crate) fn find(configured: Option<&Path>, host_env: &[(String, String)]) -> Self {
        let lookup =
            |name: &str| host_env.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let searched = lookup("PATH").unwrap_or_default().to_owned();
        let python = match configured {
            Some(path) => Some(interpreter_at(path)),
            None => lookup("VIRTUAL_ENV")
                .map(|root| Path::new(root).join("bin/python"))
                .filter(|python| python.exists())
                .or_else(|| search("python3", &searched))
                .or_else(|| search("python", &searched)),
        };
        Self { python, searched }
    }

    /// The folder of the interpreter. Links are not followed: a virtual environment's interpreter is one.
    pub(crate) fn bin(&self) -> Option<&Path> {
        self.python.as_deref().and_then(Path::parent)
    }

    /// The interpreter.
    #[cfg(test)]
    pub(crate) fn python(&self) -> Option<&Path> {
        self.python.as_deref()
    }

    /// The virtual environment that the interpreter belongs to, if it is one.
    pub(crate) fn virtual_env(&self) -> Option<&Path> {
        self.bin()?.parent().filter(|root| root.join("pyvenv.cfg").exists())
    }

    /// Where `program` is: beside the interpreter, and for anything but `a0` also on `path`. Only `a0` needs an
    /// interpreter at all.
    ///
    /// `a0` is never taken from PATH: that one would belong to another environment.
    ///
    /// # Errors
    /// [`ProgramError`] says what to install.
    pub(crate) fn resolve(&self, program: &str, path: &str) -> Result<PathBuf, ProgramError> {
        if program.contains('/') {
            return Ok(PathBuf::from(program));
        }
        if let Some(found) = self.bin().map(|bin| bin.join(program)).filter(|file| file.is_file()) {
            return Ok(found);
        }
        if program != "a0" {
            let unknown =
                || ProgramError::UnknownProgram { program: program.to_owned(), searched: path.to_owned() };
            return search(program, path).ok_or_else(unknown);
        }
        Err(match &self.python {
            Some(python) => ProgramError::MissingSdk { python: python.clone() },
            None => ProgramError::NoPython { searched: self.searched.clone() },
        })
    }
}

fn interpreter_at(path: &Path) -> PathBuf {
    if !path.is_dir() {
        return path.to_owned();
    }
    let nested = path.join("bin/python");
    if nested.exists() { nested } else { path.join("python") }
}

fn search(program: &str, path: &str) -> Option<PathBuf> {
    path.split(':')
        .filter(|folder| !folder.is_empty())
        .map(|folder| Path::new(folder).join(program))
        .find(|file| file.is_file())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{ProgramError, PythonEnvironment};

    fn env(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    #[test]
    fn the_active_virtual_environment_comes_before_path() {
        let folder = tempfile::tempdir().unwrap();
        let (venv, other) = (folder.path().join("venv"), folder.path().join("other"));
        fs::create_dir_all(venv.join("bin")).unwrap();
        fs::create_dir_all(&other).unwrap();
        fs::write(venv.join("bin/python"), "").unwrap();
        fs::write(other.join("python3"), "").unwrap();
        let path = other.to_str().unwrap();
        let active = env(&[("PATH", path), ("VIRTUAL_ENV", venv.to_str().unwrap())]);
        let found = PythonEnvironment::find(None, &active);
        assert_eq!(found.python(), Some(venv.join("bin/python").as_path()));
        let found = PythonEnvironment::find(None, &env(&[("PATH", path)]));
        assert_eq!(found.python(), Some(other.join("python3").as_path()));
        let found = PythonEnvironment::find(Some(&venv), &env(&[]));
        assert_eq!(found.python(), Some(venv.join("bin/python").as_path()));
    }

    #[test]
    fn a0_is_taken_from_beside_the_interpreter_only() {
        let folder = tempfile::tempdir().unwrap();
        let (bin, elsewhere) = (folder.path().join("bin"), folder.path().join("elsewhere"));
        fs::create_dir_all(&bin).unwrap();
        fs::create_dir_all(&elsewhere).unwrap();
        fs::write(bin.join("python"), "").unwrap();
        fs::write(elsewhere.join("a0"), "").unwrap();
        fs::write(elsewhere.join("tool"), "").unwrap();
        let found = PythonEnvironment::find(Some(&bin.join("python")), &[]);
        let path = elsewhere.to_str().unwrap();
        let missing = found.resolve("a0", path).unwrap_err();
        assert_eq!(missing, ProgramError::MissingSdk { python: bin.join("python") });
        assert!(missing.to_string().contains("pip install flyte"), "{missing}");
        assert_eq!(found.resolve("tool", path), Ok(elsewhere.join("tool")));
        fs::write(bin.join("a0"), "").unwrap();
        assert_eq!(found.resolve("a0", path), Ok(bin.join("a0")));
    }

    #[test]
    fn without_python_the_message_names_what_was_searched() {
        let found = PythonEnvironment::find(None, &env(&[("PATH", "/nowhere")]));
        let error = found.resolve("a0", "/nowhere").unwrap_err().to_string();
        assert!(error.contains("/nowhere") && error.contains("--python"), "{error}");
    }

    #[test]
    fn other_programs_need_no_python() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("tool"), "").unwrap();
        let path = folder.path().to_str().unwrap();
        let found = PythonEnvironment::find(None, &env(&[("PATH", path)]));
        assert_eq!(found.python(), None);
        assert_eq!(found.resolve("tool", path), Ok(folder.path().join("tool")));
        assert_eq!(found.resolve("./bin/task", path), Ok("./bin/task".into()));
        let error = found.resolve("absent", path).unwrap_err().to_string();
        assert!(error.contains("absent") && error.contains(path), "{error}");
    }
}
