//! Reads how to log in: the keys of `admin` in a config file, and the variables that stand for them. Variables win.
//!
//! Secrets are read from where the settings say they are, and never repeated. What only a browser can do is left out:
//! the server's answer then says that a login is wanted.

use std::io;
use std::path::{Path, PathBuf};

use super::Surroundings;
use crate::access::{ClientSecret, Credentials, Secret};
use crate::config_file::{FileLogin, Words};
use crate::tls::{Trust, TrustError};

/// What to do when a server wants to know who asks, or does not take what it was shown.
pub const LOGIN_ADVICE: &str = "set FLYTE_API_KEY, or admin.clientId with admin.clientSecretEnvVar or admin.clientSecretLocation, or admin.authType ExternalCommand with admin.command in the config file; if one of them is set, its token is not taken there, or none is sent, as over plain text";

/// Why a login cannot be made. No text repeats a secret.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// The file of authorities.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// A way of logging in that is none.
    #[error("`{found}` is no authType; write ClientSecret, ExternalCommand, Pkce, DeviceFlow or Passthrough")]
    AuthType {
        /// As given.
        found: String,
    },
    /// The variable that is to hold the client's secret.
    #[error("admin.clientSecretEnvVar names the variable {name}, which is not set")]
    SecretVariable {
        /// Its name.
        name: String,
    },
    /// The file that is to hold the client's secret.
    #[error("the client's secret could not be read from {}", path.display())]
    SecretFile {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// There is a secret and nobody whose it is, or the other way round.
    #[error("{missing} is missing; logging in as a client takes admin.clientId and a secret")]
    Incomplete {
        /// What is missing.
        missing: &'static str,
    },
    /// The command is no list of words.
    #[error("the command for tokens ({place}) is missing, or no list of words")]
    Command {
        /// Where it is looked for.
        place: &'static str,
    },
}

/// Whom to trust.
pub(super) fn trust(around: &Surroundings, file: &FileLogin) -> Result<Trust, LoginError> {
    let path = around.variable("FLYTE_ADMIN_CACERTFILEPATH").or(file.ca_cert_file_path.as_deref());
    if let Some(path) = path {
        return Ok(Trust::from_file(&at_home(path, around))?);
    }
    let skips = match around.variable("FLYTE_ADMIN_INSECURESKIPVERIFY") {
        Some(text) => is_true(text),
        None => file.insecure_skip_verify == Some(true),
    };
    Ok(if skips { Trust::Anybody } else { Trust::System })
}

/// What to show.
pub(super) fn credentials(around: &Surroundings, file: &FileLogin) -> Result<Credentials, LoginError> {
    let id = around.variable("FLYTE_ADMIN_CLIENTID").or(file.client_id.as_deref());
    let secret = secret(around, file)?;
    let kind = auth_type(around, file);
    // A secret that is there is used, whatever the type says: so does the stock client.
    match (kind.map(normal).as_deref(), id, secret) {
        (_, Some(id), Some(secret)) => Ok(Credentials::ClientSecret(ClientSecret {
            id: id.to_owned(),
            secret,
            scopes: scopes(around, file),
        })),
        (_, None, Some(_)) => Err(LoginError::Incomplete { missing: "admin.clientId" }),
        (Some("clientsecret" | "clientcredentials"), _, None) => {
            Err(LoginError::Incomplete { missing: "the client's secret" })
        }
        (Some("externalcommand"), _, None) => Ok(Credentials::Command(command(around, file)?)),
        // Those that need a browser, and the one that shows nothing by itself.
        (None | Some("pkce" | "deviceflow" | "headless" | "passthrough"), _, None) => Ok(Credentials::None),
        (Some(_), _, None) => Err(LoginError::AuthType { found: kind.unwrap_or_default().to_owned() }),
    }
}

/// The way of logging in that somebody asked for.
pub(super) fn auth_type<'a>(around: &'a Surroundings, file: &'a FileLogin) -> Option<&'a str> {
    let named = around.variable("FLYTE_AUTH_TYPE").or_else(|| around.variable("FLYTE_ADMIN_AUTHTYPE"));
    named.or(file.auth_type.as_deref())
}

fn normal(kind: &str) -> String {
    kind.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase()
}

fn secret(around: &Surroundings, file: &FileLogin) -> Result<Option<Secret>, LoginError> {
    let variable =
        around.variable("FLYTE_ADMIN_CLIENTSECRETENVVAR").or(file.client_secret_env_var.as_deref());
    let place =
        around.variable("FLYTE_ADMIN_CLIENTSECRETLOCATION").or(file.client_secret_location.as_deref());
    match (variable.map(|name| (name, around.variable(name))), place) {
        (Some((_, Some(secret))), _) => Ok(Some(Secret::new(secret.trim()))),
        (Some((name, None)), None) => Err(LoginError::SecretVariable { name: name.to_owned() }),
        (None, None) => Ok(None),
        (_, Some(place)) => {
            let path = at_home(place, around);
            match std::fs::read_to_string(&path) {
                // Editors end files with a new line, which is no part of a secret.
                Ok(text) => Ok(Some(Secret::new(text.trim())).filter(|secret| !secret.expose().is_empty())),
                Err(source) => Err(LoginError::SecretFile { path, source }),
            }
        }
    }
}

fn scopes(around: &Surroundings, file: &FileLogin) -> Vec<String> {
    let words = match around.variable("FLYTE_ADMIN_SCOPES") {
        Some(text) => Some(Words::Text(text.to_owned())),
        None => file.scopes.clone(),
    };
    match words {
        None => Vec::new(),
        Some(Words::List(list)) => list,
        Some(Words::Text(text)) => list_in(&text).unwrap_or_else(|| {
            let words = text.split(|char: char| char == ',' || char.is_whitespace());
            words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
        }),
    }
}

fn command(around: &Surroundings, file: &FileLogin) -> Result<Vec<String>, LoginError> {
    let named = around.variable("FLYTE_AUTH_COMMAND").or_else(|| around.variable("FLYTE_ADMIN_COMMAND"));
    let (place, words) = match named {
        Some(text) => ("FLYTE_AUTH_COMMAND", Some(Words::Text(text.to_owned()))),
        None => ("admin.command", file.command.clone()),
    };
    let words = words.and_then(|words| match words {
        Words::List(list) => Some(list),
        Words::Text(text) => list_in(&text).or_else(|| shlex::split(&text)),
    });
    words.filter(|words| !words.is_empty()).ok_or(LoginError::Command { place })
}

/// A JSON list of texts, if it is one.
fn list_in(text: &str) -> Option<Vec<String>> {
    serde_json::from_str(text).ok()
}

pub(super) fn is_true(text: &str) -> bool {
    matches!(text, "true" | "True" | "t" | "1")
}

/// A path as people write it in files that no shell reads.
fn at_home(path: &str, around: &Surroundings) -> PathBuf {
    match (path.strip_prefix("~/"), &around.home) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => Path::new(path).to_owned(),
    }
}

#[cfg(test)]
mod tests;
