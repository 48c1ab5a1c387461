//! What every user command needs: the server, the names that were meant, and how to answer.

use connectrpc::ConnectError;
use wingbeat_client::{Client, Settings, Surroundings, retry_read};
use wingbeat_proto::flyteidl2::common::{ActionIdentifier, ProjectIdentifier, RunIdentifier};

use crate::arguments::Target;
use crate::failure::Failure;
use crate::output::Format;

/// One command's view of one server.
pub(super) struct Session {
    pub(super) client: Client,
    pub(super) settings: Settings,
    pub(super) format: Format,
}

impl Session {
    /// Finds out which server is meant. Nothing is sent yet.
    pub(super) fn open(target: &Target, around: &Surroundings) -> Result<Self, Failure> {
        let settings = Settings::resolve(&target.overrides(), around).map_err(|error| {
            Failure::usage("the settings name no server that can be used").caused_by(&error)
        })?;
        Ok(Self { client: settings.client(), settings, format: target.output })
    }

    /// Makes a call that only reads; it is repeated while the server is away for a moment.
    pub(super) async fn read<T, F, Fut>(&self, what: &str, call: F) -> Result<T, Failure>
    where
        F: Fn() -> Fut,
        Fut: Future<Output = Result<T, ConnectError>>,
    {
        retry_read(call).await.map_err(|error| self.failed(what, &error))
    }

    /// Tells that a call failed: "could not …".
    pub(super) fn failed(&self, what: &str, error: &ConnectError) -> Failure {
        Failure::of_call(what, &self.settings.addr, error)
    }

    pub(super) fn project_id(&self) -> ProjectIdentifier {
        ProjectIdentifier {
            organization: self.settings.org.clone(),
            domain: self.settings.domain.clone(),
            name: self.settings.project.clone(),
            ..Default::default()
        }
    }

    pub(super) fn run_id(&self, name: &str) -> RunIdentifier {
        RunIdentifier {
            org: self.settings.org.clone(),
            project: self.settings.project.clone(),
            domain: self.settings.domain.clone(),
            name: name.to_owned(),
            ..Default::default()
        }
    }

    pub(super) fn action_id(&self, run: &str, name: &str) -> ActionIdentifier {
        ActionIdentifier { run: self.run_id(run).into(), name: name.to_owned(), ..Default::default() }
    }

    /// Where the command looked, for empty lists: `flytesnacks/development`.
    pub(super) fn scope(&self) -> String {
        format!("{}/{}", self.settings.project, self.settings.domain)
    }
}
