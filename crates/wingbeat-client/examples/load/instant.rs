//! A backend that answers a running task at once and keeps nothing: what steps still cost on it is the work of the client.
//!
//! Every child has succeeded when it arrives, with the same outputs.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use connectrpc::{
    ConnectError, RequestContext, Response, Router, Server, ServiceRequest, ServiceResult, ServiceStream,
};
use futures::StreamExt as _;
use futures::channel::mpsc::{UnboundedSender, unbounded};
use serde_json::json;
use wingbeat_proto::flyteidl2::actions::{
    AbortRequest, AbortResponse, Action, ActionsService, EnqueueRequest, EnqueueResponse, SignalRequest,
    SignalResponse, UpdateRequest, UpdateResponse, WatchForUpdatesRequest, WatchForUpdatesResponse, action,
    watch_for_updates_response::Message,
};
use wingbeat_proto::flyteidl2::common::ActionPhase;
use wingbeat_proto::flyteidl2::workflow::{ActionUpdate, ControlMessage};

use super::platform::Anyhow;

#[derive(clap::Args, Clone)]
pub(crate) struct Instant {
    /// Where to listen; the address is printed.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Folder with the `outputs.pb` of every child.
    #[arg(long)]
    outputs: PathBuf,
}

pub(crate) async fn serve(wanted: Instant) -> Result<(), Anyhow> {
    let outputs = wanted.outputs.display().to_string();
    let backend = Arc::new(Backend { outputs, watchers: Mutex::default() });
    let server = Server::bind(wanted.listen).await?;
    println!("{}", json!({ "address": server.local_addr()?.to_string() }));
    server.serve(Router::new().add_service(backend)).await
}

struct Backend {
    outputs: String,
    watchers: Mutex<Vec<UnboundedSender<Message>>>,
}

impl Backend {
    /// What the client is told of a child in the moment in which it arrives.
    fn ended(&self, child: Action) -> ActionUpdate {
        let output_uri = match child.spec {
            Some(action::Spec::Trace(trace)) => {
                trace.outputs.into_option().map(|outputs| outputs.output_uri).unwrap_or_default()
            }
            _ => self.outputs.clone(),
        };
        let phase = ActionPhase::ACTION_PHASE_SUCCEEDED.into();
        ActionUpdate { action_id: child.action_id, phase, output_uri, ..Default::default() }
    }
}

impl ActionsService for Backend {
    async fn enqueue(
        &self,
        _ctx: RequestContext,
        request: ServiceRequest<'_, EnqueueRequest>,
    ) -> ServiceResult<EnqueueResponse> {
        let child = request.to_owned_message().action.into_option().unwrap_or_default();
        let told = Message::ActionUpdate(Box::new(self.ended(child)));
        let mut watchers = self.watchers.lock().unwrap_or_else(PoisonError::into_inner);
        watchers.retain(|watcher| watcher.unbounded_send(told.clone()).is_ok());
        Response::ok(EnqueueResponse::default())
    }

    async fn watch_for_updates(
        &self,
        _ctx: RequestContext,
        _request: ServiceRequest<'_, WatchForUpdatesRequest>,
    ) -> ServiceResult<ServiceStream<WatchForUpdatesResponse>> {
        let (sender, told) = unbounded();
        let nothing_yet = ControlMessage { sentinel: true, ..Default::default() };
        let _received = sender.unbounded_send(Message::ControlMessage(Box::new(nothing_yet)));
        self.watchers.lock().unwrap_or_else(PoisonError::into_inner).push(sender);
        let answers =
            told.map(|told| Ok(WatchForUpdatesResponse { message: Some(told), ..Default::default() }));
        Ok(Response::stream(Box::pin(answers)))
    }

    async fn update(
        &self,
        _ctx: RequestContext,
        _request: ServiceRequest<'_, UpdateRequest>,
    ) -> ServiceResult<UpdateResponse> {
        Err(ConnectError::unimplemented("children end by themselves here"))
    }

    async fn abort(
        &self,
        _ctx: RequestContext,
        _request: ServiceRequest<'_, AbortRequest>,
    ) -> ServiceResult<AbortResponse> {
        Err(ConnectError::unimplemented("children have ended before anybody can abort them"))
    }

    async fn signal(
        &self,
        _ctx: RequestContext,
        _request: ServiceRequest<'_, SignalRequest>,
    ) -> ServiceResult<SignalResponse> {
        Err(ConnectError::unimplemented("nobody waits for a signal here"))
    }
}
