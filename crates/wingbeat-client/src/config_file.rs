//! Reads the config files of the `flyte` package: which file, and the keys that a client in Rust needs.
//!
//! The order of places is the package's own, so that both tools talk to the same server from the
//! same folder. Unknown keys are somebody else's business and are skipped.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::settings::Surroundings;

/// What one config file says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileSettings {
    /// `admin.endpoint`.
    pub endpoint: Option<String>,
    /// `admin.insecure`.
    pub insecure: Option<bool>,
    /// `task.org`.
    pub org: Option<String>,
    /// `task.project`.
    pub project: Option<String>,
    /// `task.domain`.
    pub domain: Option<String>,
    /// The rest of `admin`.
    pub login: FileLogin,
}

/// What a config file says about TLS and logging in: names of files and variables. The command may hold a secret, and is
/// in no `Debug` text.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct FileLogin {
    /// PEM file of the authorities that are believed.
    pub ca_cert_file_path: Option<String>,
    /// Believe whoever answers.
    pub insecure_skip_verify: Option<bool>,
    /// Which way of logging in.
    pub auth_type: Option<String>,
    /// The client's id.
    pub client_id: Option<String>,
    /// Variable with its secret.
    pub client_secret_env_var: Option<String>,
    /// File with its secret.
    pub client_secret_location: Option<String>,
    /// What the token is to be good for.
    pub scopes: Option<Words>,
    /// The program that prints a token, with its arguments.
    pub command: Option<Words>,
}

impl fmt::Debug for FileLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            ca_cert_file_path,
            insecure_skip_verify,
            auth_type,
            client_id,
            client_secret_env_var,
            client_secret_location,
            scopes,
            command,
        } = self;
        f.debug_struct("FileLogin")
            .field("ca_cert_file_path", ca_cert_file_path)
            .field("insecure_skip_verify", insecure_skip_verify)
            .field("auth_type", auth_type)
            .field("client_id", client_id)
            .field("client_secret_env_var", client_secret_env_var)
            .field("client_secret_location", client_secret_location)
            .field("scopes", scopes)
            .field("command", &command.as_ref().map(|_| "***"))
            .finish()
    }
}

/// A list, or one text that is taken apart by whoever needs it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Words {
    /// As a list.
    List(Vec<String>),
    /// As a text.
    Text(String),
}

/// Why a config file could not be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigFileError {
    /// It was named, and cannot be read.
    #[error("could not read the config file {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is not YAML of the expected shape.
    #[error("the config file {} is not valid", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// Where, and what was expected.
        source: serde_norway::Error,
    },
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Document {
    admin: Option<Admin>,
    task: Option<Task>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Admin {
    endpoint: Option<String>,
    insecure: Option<bool>,
    #[serde(flatten)]
    login: FileLogin,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Task {
    org: Option<String>,
    project: Option<String>,
    domain: Option<String>,
}

/// The first config file that exists, in the order of the `flyte` package; one that a variable names need not.
pub(crate) fn find(around: &Surroundings) -> Option<PathBuf> {
    let below =
        |root: Option<&Path>, rest: &str| root.map(|root| root.join(rest)).filter(|path| path.is_file());
    let named = |variable: &str| around.variable(variable).map(PathBuf::from);
    let cwd = around.working_folder.as_deref();
    let home = around.home.as_deref();
    [
        below(cwd, "config.yaml"),
        below(cwd, ".flyte/config.yaml"),
        below(cwd.and_then(git_top).as_deref(), ".flyte/config.yaml"),
        named("UCTL_CONFIG"),
        named("FLYTECTL_CONFIG"),
        below(home, ".union/config.yaml"),
        below(home, ".flyte/config.yaml"),
    ]
    .into_iter()
    .flatten()
    .next()
}

/// Reads `path`.
///
/// # Errors
/// [`ConfigFileError`]: the file has to be repaired, or another one named.
pub(crate) fn read(path: &Path) -> Result<FileSettings, ConfigFileError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| ConfigFileError::Unreadable { path: path.to_owned(), source })?;
    // An empty file is an empty config, and YAML's null is not a mapping.
    let document: Option<Document> = serde_norway::from_str(&text)
        .map_err(|source| ConfigFileError::Invalid { path: path.to_owned(), source })?;
    let Document { admin, task } = document.unwrap_or_default();
    let (admin, task) = (admin.unwrap_or_default(), task.unwrap_or_default());
    Ok(FileSettings {
        endpoint: admin.endpoint,
        insecure: admin.insecure,
        org: task.org,
        project: task.project,
        domain: task.domain,
        login: admin.login,
    })
}

fn git_top(folder: &Path) -> Option<PathBuf> {
    folder.ancestors().find(|candidate| candidate.join(".git").exists()).map(Path::to_owned)
}

#[cfg(test)]
mod tests {
    use super::{FileLogin, Words};

    #[test]
    fn the_arguments_of_a_command_are_in_no_debug_text() {
        let command = Some(Words::Text("vault --token=sesame".to_owned()));
        let text = format!("{:?}", FileLogin { command, ..FileLogin::default() });
        assert!(text.contains("command") && !text.contains("sesame"), "{text}");
    }
}
