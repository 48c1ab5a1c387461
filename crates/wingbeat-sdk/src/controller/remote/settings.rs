//! What a task process is told by whoever started it: who it is, where the platform is, and how much it may ask.
//!
//! The process's variables are an argument; this crate never reads them by itself.

use std::collections::HashMap;

use wingbeat_client::{AddressError, ServerAddr};

use crate::controller::ActionIdentity;
use crate::controller::core::Limits;
use crate::remote::Remote;
use crate::storage::Storage;

/// Children in flight, where nobody says otherwise; the stock SDK's.
const CHILDREN: usize = 1_000;
/// Actions on their way at once.
const LAUNCHES: usize = 64;
/// Calls of the platform per second; the stock SDK's.
const CALLS_PER_SECOND: u32 = 100;
/// Where the platform is, for a task in a container on a laptop; the stock SDK's.
const DEFAULT_ENDPOINT: &str = "host.docker.internal:8090";

/// Bounds of what one task asks of the platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ControllerLimits {
    /// Children that were begun and have not ended.
    pub children: usize,
    /// Children that are being sent at once.
    pub launches: usize,
    /// Calls per second: children sent and children aborted.
    pub calls_per_second: u32,
}

impl Default for ControllerLimits {
    fn default() -> Self {
        Self { children: CHILDREN, launches: LAUNCHES, calls_per_second: CALLS_PER_SECOND }
    }
}

impl From<ControllerLimits> for Limits {
    fn from(limits: ControllerLimits) -> Self {
        // Nothing would ever be sent with none of them.
        Self { children: limits.children.max(1), launches: limits.launches.max(1) }
    }
}

/// Everything that a [`RemoteController`](super::RemoteController) needs.
#[derive(Debug, Clone)]
pub struct RemoteSettings {
    /// The action that runs the task.
    pub identity: ActionIdentity,
    /// Folder of the run, in which children have folders of their own.
    pub run_base: String,
    /// Where the platform is.
    pub server: ServerAddr,
    /// Access to inputs and outputs.
    pub storage: Storage,
    /// How much may be asked.
    pub limits: ControllerLimits,
}

/// Why a process is no task of a platform.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A variable is missing.
    #[error("the variable {name} is not set; tasks are started by a platform, which sets it")]
    Missing {
        /// Its name.
        name: &'static str,
    },
    /// The endpoint cannot be used.
    #[error("the platform's endpoint cannot be used: {source}")]
    Endpoint {
        /// What is wrong with it.
        source: AddressError,
    },
}

impl RemoteSettings {
    /// Reads what the platform set for its task; see the list in `docs` of whoever runs it. Names are Flyte's.
    ///
    /// # Errors
    /// [`SettingsError`]: no platform started this process, or one that cannot be reached from here.
    pub fn from_variables(variables: &HashMap<String, String>) -> Result<Self, SettingsError> {
        let find = |name: &str| variables.get(name).filter(|value| !value.is_empty());
        let get = |name: &'static str| find(name).cloned().ok_or(SettingsError::Missing { name });
        let number = |name: &str| find(name).and_then(|text| text.parse::<u32>().ok());
        let defaults = ControllerLimits::default();
        Ok(Self {
            identity: ActionIdentity {
                org: get("_U_ORG_NAME")?,
                project: get("FLYTE_INTERNAL_EXECUTION_PROJECT")?,
                domain: get("FLYTE_INTERNAL_EXECUTION_DOMAIN")?,
                run: get("RUN_NAME")?,
                action: get("ACTION_NAME")?,
            },
            run_base: get("_U_RUN_BASE")?,
            server: endpoint(variables).map_err(|source| SettingsError::Endpoint { source })?,
            storage: Storage::new(variables.clone()),
            limits: ControllerLimits {
                children: number("_F_P_CNC").map_or(defaults.children, |n| n as usize),
                launches: number("_F_CTRL_WORKERS").map_or(defaults.launches, |n| n as usize),
                calls_per_second: number("_F_MAX_QPS").unwrap_or(defaults.calls_per_second),
            },
        })
    }
}

impl RemoteSettings {
    /// The platform as a user of it sees it: for runs and deployed tasks of the task's own project.
    pub fn remote(&self) -> Remote {
        let ActionIdentity { org, project, domain, .. } = &self.identity;
        Remote::at(self.server.clone(), org, project, domain)
    }
}

/// Where the platform is: without a scheme, plain text is spoken to this machine and where it was asked for.
fn endpoint(variables: &HashMap<String, String>) -> Result<ServerAddr, AddressError> {
    let find = |name: &str| variables.get(name).map(String::as_str).filter(|value| !value.is_empty());
    let text = find("_U_EP_OVERRIDE").or_else(|| find("FLYTE_ADMIN_ENDPOINT")).unwrap_or(DEFAULT_ENDPOINT);
    let asked = find("_U_INSECURE").is_some_and(|value| matches!(value, "true" | "t" | "1" | "True"));
    let bare = text.strip_prefix("dns:///").unwrap_or(text);
    let is_plain = asked || ["localhost", "docker"].iter().any(|word| bare.contains(word));
    if is_plain && !bare.contains("://") {
        ServerAddr::parse(&format!("http://{bare}"))
    } else {
        ServerAddr::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::{RemoteSettings, SettingsError, endpoint};

    fn variables(pairs: &[(&str, &str)]) -> HashMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    const TASK: [(&str, &str); 7] = [
        ("_U_ORG_NAME", "o"),
        ("FLYTE_INTERNAL_EXECUTION_PROJECT", "p"),
        ("FLYTE_INTERNAL_EXECUTION_DOMAIN", "d"),
        ("RUN_NAME", "r1"),
        ("ACTION_NAME", "a0"),
        ("_U_RUN_BASE", "/data/runs/r1"),
        ("_F_P_CNC", "12"),
    ];

    #[test]
    fn a_task_knows_who_it_is() {
        let settings = RemoteSettings::from_variables(&variables(&TASK)).unwrap();
        assert_eq!((settings.identity.run.as_str(), settings.identity.action.as_str()), ("r1", "a0"));
        assert_eq!((settings.limits.children, settings.limits.calls_per_second), (12, 100));
    }

    #[test]
    fn what_is_missing_is_named() {
        for (missing, _) in &TASK[..6] {
            let mut given = variables(&TASK);
            given.insert((*missing).to_owned(), String::new());
            let error = RemoteSettings::from_variables(&given).unwrap_err();
            assert!(matches!(error, SettingsError::Missing { name } if name == *missing), "{error}");
        }
    }

    #[test]
    fn plain_text_is_spoken_where_it_was_asked_for() {
        let addr = |pairs: &[(&str, &str)]| endpoint(&variables(pairs)).map(|addr| addr.to_string());
        assert_eq!(addr(&[]).as_deref(), Ok("http://host.docker.internal:8090"));
        assert_eq!(addr(&[("_U_EP_OVERRIDE", "localhost:9")]).as_deref(), Ok("http://localhost:9"));
        let remote = ("_U_EP_OVERRIDE", "dns:///flyte.example.org:81");
        assert_eq!(addr(&[remote, ("_U_INSECURE", "true")]).as_deref(), Ok("http://flyte.example.org:81"));
        assert!(addr(&[remote]).is_err());
    }
}
