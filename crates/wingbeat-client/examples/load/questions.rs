//! What people and consoles ask: the calls whose latency is measured.

use wingbeat_proto::flyteidl2::common::{Filter, ListRequest, filter};
use wingbeat_proto::flyteidl2::workflow::{
    GetActionDetailsRequest, GetRunDetailsRequest, ListActionsRequest, ListRunsRequest, WatchActionsRequest,
    WatchActionsResponse, WatchActionsResponseView, WatchGroupsRequest, WatchGroupsResponse,
    WatchRunsRequest, WatchRunsResponse, WatchRunsResponseView, list_runs_request, watch_groups_request,
    watch_runs_request,
};

use crate::platform::{Anyhow, Platform, Run, Stream, action, project};

/// Rows of a page, as the console asks for them.
const PAGE: u32 = 100;

impl Platform {
    /// A page of a run's actions; the token of the next one.
    pub(crate) async fn list_actions(
        &self,
        run: &Run,
        token: &str,
        equal: &[(&str, &str)],
    ) -> Result<String, Anyhow> {
        let filters = equal.iter().map(|(field, value)| Filter {
            function: filter::Function::VALUE_IN.into(),
            field: (*field).to_owned(),
            values: vec![(*value).to_owned()],
            ..Default::default()
        });
        let page = ListRequest {
            limit: PAGE,
            token: token.to_owned(),
            filters: filters.collect(),
            ..Default::default()
        };
        let request =
            ListActionsRequest { request: page.into(), run_id: run.id.clone().into(), ..Default::default() };
        Ok(self.client.runs().list_actions(request).await?.into_owned().token)
    }

    pub(crate) async fn list_runs(&self) -> Result<(), Anyhow> {
        let page = ListRequest { limit: PAGE, ..Default::default() };
        let scope_by = Some(list_runs_request::ScopeBy::ProjectId(Box::new(project())));
        let request = ListRunsRequest { request: page.into(), scope_by, ..Default::default() };
        self.client.runs().list_runs(request).await?;
        Ok(())
    }

    pub(crate) async fn run_details(&self, run: &Run) -> Result<(), Anyhow> {
        let request = GetRunDetailsRequest { run_id: run.id.clone().into(), ..Default::default() };
        self.client.runs().get_run_details(request).await?;
        Ok(())
    }

    pub(crate) async fn action_details(&self, run: &Run, name: &str) -> Result<(), Anyhow> {
        let request =
            GetActionDetailsRequest { action_id: action(&run.id, name).into(), ..Default::default() };
        self.client.runs().get_action_details(request).await?;
        Ok(())
    }

    /// The first message of a watch of a run's actions.
    pub(crate) async fn first_actions(&self, run: &Run) -> Result<(), Anyhow> {
        self.watch_actions(run).await.map(drop)
    }

    /// Opens a watch of a run's actions and reads its first message.
    pub(crate) async fn watch_actions(
        &self,
        run: &Run,
    ) -> Result<Stream<WatchActionsResponseView<'static>>, Anyhow> {
        let request = WatchActionsRequest { run_id: run.id.clone().into(), ..Default::default() };
        let mut stream = self.client.runs().watch_actions(request).await?;
        stream.message::<WatchActionsResponse>().await?.ok_or("the watch ended at once")?;
        Ok(stream)
    }

    /// Opens a watch of the project's runs and reads its first message.
    pub(crate) async fn watch_runs(&self) -> Result<Stream<WatchRunsResponseView<'static>>, Anyhow> {
        let target = Some(watch_runs_request::Target::ProjectId(Box::new(project())));
        let request = WatchRunsRequest { target, ..Default::default() };
        let mut stream = self.client.runs().watch_runs(request).await?;
        stream.message::<WatchRunsResponse>().await?.ok_or("the watch ended at once")?;
        Ok(stream)
    }

    /// The first picture of runs by task.
    pub(crate) async fn first_groups(&self) -> Result<(), Anyhow> {
        let scope_by = Some(watch_groups_request::ScopeBy::ProjectId(Box::new(project())));
        let start_date = buffa_types::google::protobuf::Timestamp::from_unix(1, 0);
        let request = WatchGroupsRequest { scope_by, start_date: start_date.into(), ..Default::default() };
        let mut stream = self.client.runs().watch_groups(request).await?;
        stream.message::<WatchGroupsResponse>().await?.ok_or("the watch ended at once")?;
        Ok(())
    }
}
