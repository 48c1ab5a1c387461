//! Decides which server, project and domain a command means: flag, environment, config file, and at
//! last the address that a local `wingbeat up` wrote down. It never talks to a server.

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;

use crate::address::{AddressError, Security, ServerAddr};
use crate::config_file::{self, ConfigFileError, FileSettings};

/// The file in a data folder in which `wingbeat up` writes its address.
pub const ADDRESS_FILE: &str = "address";

/// The project that is meant when none is named.
pub const DEFAULT_PROJECT: &str = "flytesnacks";

/// The domain that is meant when none is named.
pub const DEFAULT_DOMAIN: &str = "development";

const ENDPOINT_VARIABLES: [&str; 3] = ["WINGBEAT_ENDPOINT", "FLYTE_ENDPOINT", "FLYTE_ADMIN_ENDPOINT"];
const PROJECT_VARIABLES: [&str; 2] = ["WINGBEAT_PROJECT", "FLYTE_TASK_PROJECT"];
const DOMAIN_VARIABLES: [&str; 2] = ["WINGBEAT_DOMAIN", "FLYTE_TASK_DOMAIN"];
const ORG_VARIABLES: [&str; 2] = ["WINGBEAT_ORG", "FLYTE_TASK_ORG"];

/// What the settings may be read from, besides flags. `main` fills it once.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// The process's environment variables.
    pub variables: HashMap<String, String>,
    /// The current folder.
    pub working_folder: Option<PathBuf>,
    /// The user's home folder.
    pub home: Option<PathBuf>,
}

impl Surroundings {
    /// The variable `name`; an empty one counts as unset.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The data folder of `wingbeat up`: `WINGBEAT_DATA`, else `.wingbeat` in the home folder.
    pub fn data_folder(&self) -> Option<PathBuf> {
        match self.variable("WINGBEAT_DATA") {
            Some(folder) => Some(PathBuf::from(folder)),
            None => self.home.as_ref().map(|home| home.join(".wingbeat")),
        }
    }

    fn first<'a>(&'a self, names: &[&'static str]) -> Option<(&'static str, &'a str)> {
        names.iter().find_map(|name| self.variable(name).map(|value| (*name, value)))
    }
}

/// What flags said. They win over everything else.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// `--endpoint`.
    pub endpoint: Option<String>,
    /// `--config`.
    pub config: Option<PathBuf>,
    /// `--project`.
    pub project: Option<String>,
    /// `--domain`.
    pub domain: Option<String>,
}

/// Where a setting came from, for messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A flag of the command.
    Flag(&'static str),
    /// An environment variable.
    Variable(&'static str),
    /// A config file.
    File(PathBuf),
    /// The address file in a data folder.
    DataFolder(PathBuf),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) => write!(f, "flag {name}"),
            Self::Variable(name) => write!(f, "environment variable {name}"),
            Self::File(path) => write!(f, "config file {}", path.display()),
            Self::DataFolder(path) => write!(f, "{}", path.display()),
        }
    }
}

/// The outcome: whom to talk to, and about what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The server.
    pub addr: ServerAddr,
    /// What said so.
    pub addr_source: Source,
    /// Organisation; empty means the server's only one.
    pub org: String,
    /// Project that is meant when a command names none.
    pub project: String,
    /// Domain that is meant when a command names none.
    pub domain: String,
}

/// Why no server could be chosen.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// An endpoint is not one.
    #[error("the endpoint from the {from} is not usable")]
    Endpoint {
        /// What gave it.
        from: Source,
        /// What is wrong with it.
        source: AddressError,
    },
    /// A config file is not usable.
    #[error(transparent)]
    File(#[from] ConfigFileError),
    /// Nothing names a server.
    #[error(
        "no server is named: start one with `wingbeat up`, give --endpoint, set WINGBEAT_ENDPOINT, or write admin.endpoint into .flyte/config.yaml"
    )]
    Nothing,
}

impl Settings {
    /// Resolves every setting: flag, then environment, then config file, then the local server.
    ///
    /// # Errors
    /// [`SettingsError`]: the user has to change what the message names.
    pub fn resolve(flags: &Overrides, around: &Surroundings) -> Result<Self, SettingsError> {
        let path = flags.config.clone().or_else(|| config_file::find(around));
        let file = match &path {
            Some(path) => config_file::read(path)?,
            None => FileSettings::default(),
        };
        let (addr, addr_source) = resolve_address(flags, around, &file, path.as_ref())?;
        let pick = |flag: Option<&String>, names: &[&'static str], in_file: Option<&String>| {
            flag.cloned()
                .or_else(|| around.first(names).map(|(_, value)| value.to_owned()))
                .or_else(|| in_file.cloned())
        };
        Ok(Self {
            addr,
            addr_source,
            org: pick(None, &ORG_VARIABLES, file.org.as_ref()).unwrap_or_default(),
            project: pick(flags.project.as_ref(), &PROJECT_VARIABLES, file.project.as_ref())
                .unwrap_or_else(|| DEFAULT_PROJECT.to_owned()),
            domain: pick(flags.domain.as_ref(), &DOMAIN_VARIABLES, file.domain.as_ref())
                .unwrap_or_else(|| DEFAULT_DOMAIN.to_owned()),
        })
    }
}

fn resolve_address(
    flags: &Overrides,
    around: &Surroundings,
    file: &FileSettings,
    path: Option<&PathBuf>,
) -> Result<(ServerAddr, Source), SettingsError> {
    let security = |insecure| if insecure { Security::Insecure } else { Security::Unsaid };
    let insecure_by_variable =
        around.variable("FLYTE_ADMIN_INSECURE").is_some_and(|value| !matches!(value, "false" | "0"));
    let (text, from, insecure) = if let Some(text) = &flags.endpoint {
        (text.clone(), Source::Flag("--endpoint"), false)
    } else if let Some((name, text)) = around.first(&ENDPOINT_VARIABLES) {
        (text.to_owned(), Source::Variable(name), insecure_by_variable)
    } else if let (Some(text), Some(path)) = (&file.endpoint, path) {
        let insecure = insecure_by_variable || file.insecure == Some(true);
        (text.clone(), Source::File(path.clone()), insecure)
    } else {
        let written = around.data_folder().ok_or(SettingsError::Nothing)?.join(ADDRESS_FILE);
        let text = std::fs::read_to_string(&written).map_err(|_| SettingsError::Nothing)?;
        (text.trim().to_owned(), Source::DataFolder(written), false)
    };
    match ServerAddr::parse_with(&text, security(insecure)) {
        Ok(addr) => Ok((addr, from)),
        Err(source) => Err(SettingsError::Endpoint { from, source }),
    }
}

#[cfg(test)]
mod tests;
