//! What tools ask of any gRPC server: is it healthy, and what does it serve. Load balancers use the first,
//! `grpcurl` and `buf curl` the second.

use std::sync::LazyLock;

use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use connectrpc::{ConnectError, ConnectRpcService, Router};
use connectrpc_reflection::Reflector;
use tower::ServiceExt as _;

/// Adds the health service: every service here is served as long as the process answers.
pub(super) fn with_health(services: Router) -> Router {
    let mut names: Vec<String> = services.methods().filter_map(service_of).collect();
    names.sort_unstable();
    names.dedup();
    connectrpc_health::install_static(services, names).0
}

fn service_of(path: &str) -> Option<String> {
    Some(path.trim_start_matches('/').split_once('/')?.0.to_owned())
}

/// Is this a question about what is served?
pub(super) fn is_reflection(path: &str) -> bool {
    path.starts_with("/grpc.reflection.")
}

/// Answers it. The descriptors take megabytes, so they are decoded when somebody asks for the first time.
pub(super) async fn reflect(request: Request) -> Response {
    static SERVICE: LazyLock<Option<ConnectRpcService>> = LazyLock::new(|| {
        let reflector = Reflector::from_descriptor_set_bytes(wingbeat_proto::DESCRIPTOR_SET).ok()?;
        Some(connectrpc_reflection::install(Router::new(), reflector).into_axum_service())
    });
    let Some(service) = SERVICE.clone() else {
        return ConnectError::internal("the API's descriptors cannot be read").into_response();
    };
    match service.oneshot(request).await {
        Ok(answer) => answer.map(axum::body::Body::new),
        Err(never) => match never {},
    }
}
