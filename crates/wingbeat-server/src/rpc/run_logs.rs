//! RunLogsService: the older way to an attempt's log.

use std::sync::Arc;

use connectrpc::{RequestContext, Response, ServiceRequest, ServiceResult, ServiceStream};
use wingbeat_proto::flyteidl2::workflow::{
    RunLogsService, TailLogsRequest, TailLogsResponse, tail_logs_response,
};

use super::caller::principal;
use super::log_stream::Tail;
use super::{find, stream};
use crate::platform::Platform;

/// See the module's text.
pub(crate) struct RunLogs {
    pub(crate) platform: Arc<Platform>,
}

impl RunLogsService for RunLogs {
    async fn tail_logs(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, TailLogsRequest>,
    ) -> ServiceResult<ServiceStream<TailLogsResponse>> {
        let request = request.to_owned_message();
        let (run, action) =
            find::action(&self.platform, &principal(&ctx), "action_id", &request.action_id).await?;
        let tail = Tail::new(&self.platform, &run, &action, request.attempt)?;
        Ok(Response::stream(stream::produce_until(
            &self.platform,
            "tail-run-logs",
            stream::AtDrain::SayUnavailable,
            move |sink| {
                tail.run(sink, |_, lines| {
                    let logs = tail_logs_response::Logs { lines, ..Default::default() };
                    let logs = if logs.lines.is_empty() { Vec::new() } else { vec![logs] };
                    TailLogsResponse { logs, ..Default::default() }
                })
            },
        )))
    }
}
