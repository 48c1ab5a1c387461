//! What a task process is told by whoever started it: who it is, where the platform is, and how much it may ask.
//!
//! The process's variables are an argument; this crate never reads them by itself.

use std::collections::HashMap;

use wingbeat_client::{Access, Client, ServerAddr, Surroundings, TaskPlatform};

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
    /// Whom to trust there, and what to show.
    pub access: Access,
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
    /// What it sets about itself cannot be used.
    #[error("the platform cannot be reached: {}", crate::failure::chain(.0))]
    Platform(wingbeat_client::SettingsError),
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
        let identity = ActionIdentity {
            org: get("_U_ORG_NAME")?,
            project: get("FLYTE_INTERNAL_EXECUTION_PROJECT")?,
            domain: get("FLYTE_INTERNAL_EXECUTION_DOMAIN")?,
            run: get("RUN_NAME")?,
            action: get("ACTION_NAME")?,
        };
        let run_base = get("_U_RUN_BASE")?;
        let around = Surroundings { variables: variables.clone(), ..Surroundings::default() };
        let platform = TaskPlatform::resolve(&around).map_err(SettingsError::Platform)?;
        Ok(Self {
            identity,
            run_base,
            server: platform.addr,
            access: platform.access,
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
    /// A client of the platform.
    pub(crate) fn client(&self) -> Client {
        Client::with_access(self.server.clone(), &self.access)
    }

    /// The platform as a user of it sees it: for runs and deployed tasks of the task's own project.
    pub fn remote(&self) -> Remote {
        let ActionIdentity { org, project, domain, .. } = &self.identity;
        Remote::with_client(self.client(), org, project, domain)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::{RemoteSettings, SettingsError};

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
    fn a_login_that_cannot_be_made_is_told_with_its_reason() {
        let mut given = variables(&TASK);
        given.insert("_U_EP_OVERRIDE".to_owned(), "flyte.example.org".to_owned());
        assert_eq!(
            RemoteSettings::from_variables(&given).unwrap().server.to_string(),
            "https://flyte.example.org"
        );
        given.insert("FLYTE_AUTH_TYPE".to_owned(), "ExternalCommand".to_owned());
        let error = RemoteSettings::from_variables(&given).unwrap_err().to_string();
        assert!(
            error.starts_with("the platform cannot be reached: ") && error.contains("admin.command"),
            "{error}"
        );
    }
}
