//! Decides which server, project and domain a command means: flag, environment, API key, config file, and at
//! last the address that a local `wingbeat up` wrote down. It never talks to a server.

mod login;
mod task;

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;

pub use self::login::{LOGIN_ADVICE, LoginError};
pub use self::task::{TASK_LOGIN_ADVICE, TaskPlatform};
use crate::access::{Access, Credentials};
use crate::address::{AddressError, Security, ServerAddr};
use crate::api_key::{ApiKey, ApiKeyError};
use crate::config_file::{self, ConfigFileError, FileLogin, FileSettings};

/// The file in a data folder in which `wingbeat up` writes its address.
pub const ADDRESS_FILE: &str = "address";

/// The project that is meant when none is named.
pub const DEFAULT_PROJECT: &str = "flytesnacks";

/// The domain that is meant when none is named.
pub const DEFAULT_DOMAIN: &str = "development";

const ENDPOINT_VARIABLES: [&str; 3] = ["WINGBEAT_ENDPOINT", "FLYTE_ENDPOINT", "FLYTE_ADMIN_ENDPOINT"];
const API_KEY_VARIABLE: &str = "FLYTE_API_KEY";
const PROJECT_VARIABLES: [&str; 2] = ["WINGBEAT_PROJECT", "FLYTE_TASK_PROJECT"];
const DOMAIN_VARIABLES: [&str; 2] = ["WINGBEAT_DOMAIN", "FLYTE_TASK_DOMAIN"];
const ORG_VARIABLES: [&str; 2] = ["WINGBEAT_ORG", "FLYTE_TASK_ORG"];

/// What the settings may be read from, besides flags. `main` fills it once.
#[derive(Clone, Default)]
pub struct Surroundings {
    /// The process's environment variables. Some hold secrets.
    pub variables: HashMap<String, String>,
    /// The current folder.
    pub working_folder: Option<PathBuf>,
    /// The user's home folder.
    pub home: Option<PathBuf>,
}

impl fmt::Debug for Surroundings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Surroundings")
            .field("working_folder", &self.working_folder)
            .field("home", &self.home)
            .finish_non_exhaustive()
    }
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
    /// Whom to trust there, and what to show.
    pub access: Access,
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
    /// What it says about TLS or logging in is not usable.
    #[error("the settings for logging in cannot be used")]
    Login(#[from] LoginError),
    /// A variable with an API key has something else in it.
    #[error("the environment variable {variable} is no API key: {source}")]
    ApiKey {
        /// Its name.
        variable: &'static str,
        /// What is wrong with it.
        source: ApiKeyError,
    },
    /// Nothing names a server.
    #[error(
        "no server is named: start one with `wingbeat up`, give --endpoint, set WINGBEAT_ENDPOINT or FLYTE_API_KEY, or write admin.endpoint into .flyte/config.yaml"
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
        let key = api_key(around, API_KEY_VARIABLE)?;
        let places = Places { flags, around, file: &file, path: path.as_ref(), key: key.as_ref() };
        let (addr, addr_source) = places.address()?;
        let pick = |flag: Option<&String>, names: &[&'static str], in_file: Option<&String>| {
            flag.cloned()
                .or_else(|| around.first(names).map(|(_, value)| value.to_owned()))
                .or_else(|| in_file.cloned())
        };
        let (key_org, credentials) = key.map(|key| (key.org, key.credentials)).unzip();
        Ok(Self {
            access: access(&addr, around, &file.login, credentials)?,
            addr,
            addr_source,
            org: pick(key_org.flatten().as_ref(), &ORG_VARIABLES, file.org.as_ref()).unwrap_or_default(),
            project: pick(flags.project.as_ref(), &PROJECT_VARIABLES, file.project.as_ref())
                .unwrap_or_else(|| DEFAULT_PROJECT.to_owned()),
            domain: pick(flags.domain.as_ref(), &DOMAIN_VARIABLES, file.domain.as_ref())
                .unwrap_or_else(|| DEFAULT_DOMAIN.to_owned()),
        })
    }

    /// A client of that server. Must be called inside a tokio runtime.
    pub fn client(&self) -> crate::Client {
        crate::Client::with_access(self.addr.clone(), &self.access)
    }
}

fn api_key(around: &Surroundings, variable: &'static str) -> Result<Option<ApiKey>, SettingsError> {
    let key = around.variable(variable).map(ApiKey::parse).transpose();
    key.map_err(|source| SettingsError::ApiKey { variable, source })
}

/// What is shown to the server at `addr`; nothing is looked for where it would not be used. A key's credentials win.
fn access(
    addr: &ServerAddr,
    around: &Surroundings,
    file: &FileLogin,
    of_key: Option<Credentials>,
) -> Result<Access, LoginError> {
    match addr {
        ServerAddr::Tcp(_) | ServerAddr::Unix(_) => Ok(Access::default()),
        ServerAddr::Tls(_) => Ok(Access {
            trust: login::trust(around, file)?,
            credentials: match of_key {
                Some(credentials) => credentials,
                None => login::credentials(around, file)?,
            },
        }),
    }
}

/// Where an address may stand.
struct Places<'a> {
    flags: &'a Overrides,
    around: &'a Surroundings,
    file: &'a FileSettings,
    path: Option<&'a PathBuf>,
    key: Option<&'a ApiKey>,
}

impl Places<'_> {
    fn address(&self) -> Result<(ServerAddr, Source), SettingsError> {
        let Self { flags, around, file, .. } = self;
        let by_variable =
            around.variable("FLYTE_ADMIN_INSECURE").is_some_and(|value| !matches!(value, "false" | "0"));
        if let Some(text) = &flags.endpoint {
            return parsed(text, false, Source::Flag("--endpoint"));
        }
        if let Some((name, text)) = around.first(&ENDPOINT_VARIABLES) {
            return parsed(text, by_variable, Source::Variable(name));
        }
        if let Some(key) = self.key {
            return Ok((key.addr.clone(), Source::Variable(API_KEY_VARIABLE)));
        }
        if let (Some(text), Some(path)) = (&file.endpoint, self.path) {
            let insecure = by_variable || file.insecure == Some(true);
            return parsed(text, insecure, Source::File(path.clone()));
        }
        let written = around.data_folder().ok_or(SettingsError::Nothing)?.join(ADDRESS_FILE);
        let text = std::fs::read_to_string(&written).map_err(|_| SettingsError::Nothing)?;
        parsed(text.trim(), false, Source::DataFolder(written))
    }
}

fn parsed(text: &str, insecure: bool, from: Source) -> Result<(ServerAddr, Source), SettingsError> {
    let security = if insecure { Security::Insecure } else { Security::Unsaid };
    match ServerAddr::parse_with(text, security) {
        Ok(addr) => Ok((addr, from)),
        Err(source) => Err(SettingsError::Endpoint { from, source }),
    }
}

#[cfg(test)]
mod tests;
