//! Puts the services together: one router for clients, one for executors and the tasks behind them.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse as _, Response};
use connectrpc::{CompressionPolicy, ConnectError, Limits, Router};

use super::counting::Counting;
use super::coverage::procedures;
use super::validation::Validation;
use super::{
    actions_service, auth, cache, cluster, data_proxy, executor, files, images, internal_run, introspection,
    multi_watch, platform_service, projects, run_logs, run_service, run_view, scheduling, tasks, translator,
};
use crate::dispatch::Dispatcher;
use crate::platform::Platform;

/// The largest request: inline inputs and specs of large tasks.
const MAX_REQUEST: usize = 64 << 20;

/// What clients call.
fn services(platform: &Arc<Platform>) -> Router {
    let p = || platform.clone();
    Router::new()
        .add_service(Arc::new(run_service::Runs { platform: p() }))
        .add_service(Arc::new(actions_service::Actions { platform: p() }))
        .add_service(Arc::new(projects::Projects { platform: p() }))
        .add_service(Arc::new(tasks::Deployed { platform: p() }))
        .add_service(Arc::new(data_proxy::DataProxy { platform: p() }))
        .add_service(Arc::new(run_logs::RunLogs { platform: p() }))
        .add_service(Arc::new(translator::Translator { platform: p() }))
        .add_service(Arc::new(cluster::OneCluster))
        .add_service(Arc::new(auth::OpenMetadata))
        .add_service(Arc::new(auth::OpenIdentity))
        .add_service(Arc::new(images::LocalImages))
        .add_service(Arc::new(cache::Cache { platform: p() }))
        .add_service(Arc::new(internal_run::InternalRuns { platform: p() }))
        .add_service(Arc::new(platform_service::Status { platform: p() }))
        .add_service(Arc::new(scheduling::Scheduling { platform: p() }))
        .add_service(Arc::new(run_view::RunViews { platform: p() }))
        .add_service(Arc::new(files::Files { platform: p() }))
        .add_service(Arc::new(multi_watch::MultiWatch { platform: p() }))
}

/// The API over TCP.
pub(crate) fn public_api(platform: &Arc<Platform>) -> axum::Router {
    mount(platform, introspection::with_health(services(platform)), CompressionPolicy::default()).layer(
        from_fn(|request: Request, next: Next| async move {
            if introspection::is_reflection(request.uri().path()) {
                introspection::reflect(request).await
            } else {
                next.run(request).await
            }
        }),
    )
}

/// The API for executors and their tasks: the same, and what only executors may call.
pub(crate) fn private_api(
    platform: &Arc<Platform>,
    dispatcher: Dispatcher,
    compression: CompressionPolicy,
) -> axum::Router {
    let executors = executor::Executors { platform: platform.clone(), dispatcher };
    mount(platform, services(platform).add_service(Arc::new(executors)), compression)
}

fn mount(platform: &Platform, services: Router, compression: CompressionPolicy) -> axum::Router {
    let served: BTreeSet<String> =
        services.methods().map(|path| path.trim_start_matches('/').to_owned()).collect();
    let absent: Arc<BTreeSet<String>> =
        Arc::new(procedures().into_iter().filter(|path| !served.contains(path)).collect());
    let limits = Limits::default().with_max_request_body_size(MAX_REQUEST).with_max_message_size(MAX_REQUEST);
    let service = services.into_axum_service().with_limits(limits).with_compression_policy(compression);
    let service = service.with_interceptor(Counting(platform.metrics.clone())).with_interceptor(Validation);
    axum::Router::new().fallback_service(service).layer(from_fn(move |request: Request, next: Next| {
        let absent = absent.clone();
        async move {
            let path = request.uri().path().trim_start_matches('/');
            if absent.contains(path) { unserved(path) } else { next.run(request).await }
        }
    }))
}

/// The API has it and this server does not: said by name, never an empty success.
fn unserved(path: &str) -> Response {
    ConnectError::unimplemented(format!("{path} is not served by this version of Wingbeat")).into_response()
}
