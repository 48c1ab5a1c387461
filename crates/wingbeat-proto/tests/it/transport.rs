//! A generated server and a generated client over each transport the platform uses.

use std::sync::Arc;
use std::time::Duration;

use buffa::{Message, MessageField};
use buffa_types::google::protobuf::Timestamp;
use connectrpc::client::{CallOptions, ClientConfig, ClientTransport, Http2Connection, HttpClient};
use connectrpc::{
    ConnectError, ErrorCode, ErrorDetail, Limits, Protocol, RequestContext, Response, Router, ServiceRequest,
    ServiceResult, ServiceStream, unary_interceptor,
};
use wingbeat_proto::flyteidl2::common::{ActionIdentifier, RunIdentifier};
use wingbeat_proto::flyteidl2::logs::dataplane::{LogLine, LogLineOriginator};
use wingbeat_proto::flyteidl2::project::{
    CreateProjectRequest, CreateProjectResponse, GetProjectRequest, GetProjectResponse, ListProjectsRequest,
    ListProjectsResponse, PROJECT_SERVICE_CREATE_PROJECT_SPEC, Project, ProjectService, ProjectServiceClient,
    UpdateProjectRequest, UpdateProjectResponse,
};
use wingbeat_proto::flyteidl2::workflow::{
    RunLogsService, RunLogsServiceClient, TailLogsRequest, TailLogsResponse, tail_logs_response,
};

/// Above the default limit of 4 MB.
const LARGE: usize = 5 * 1024 * 1024;

struct Projects;

impl ProjectService for Projects {
    async fn create_project(
        &self,
        _ctx: RequestContext,
        request: ServiceRequest<'_, CreateProjectRequest>,
    ) -> ServiceResult<CreateProjectResponse> {
        let project = request.to_owned_message().project;
        assert_eq!(project.description.len(), LARGE);
        Response::ok(CreateProjectResponse::default())
    }

    async fn update_project(
        &self,
        _ctx: RequestContext,
        _request: ServiceRequest<'_, UpdateProjectRequest>,
    ) -> ServiceResult<UpdateProjectResponse> {
        Err(ConnectError::unimplemented("flyteidl2.project.ProjectService/UpdateProject is not served"))
    }

    async fn get_project(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, GetProjectRequest>,
    ) -> ServiceResult<GetProjectResponse> {
        if request.id == "missing" {
            let detail = ErrorDetail::from_message(
                "flyteidl2.common.RunIdentifier",
                &RunIdentifier { project: request.id.to_owned(), ..Default::default() },
            );
            return Err(ConnectError::not_found("project missing").with_detail(detail));
        }
        let token = ctx.header("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let project = Project { id: request.id.to_owned(), name: token.to_owned(), ..Default::default() };
        Ok(Response::new(GetProjectResponse { project: project.into(), ..Default::default() })
            .with_header("x-served-by", "test"))
    }

    async fn list_projects(
        &self,
        _ctx: RequestContext,
        _request: ServiceRequest<'_, ListProjectsRequest>,
    ) -> ServiceResult<ListProjectsResponse> {
        Response::ok(ListProjectsResponse::default())
    }
}

struct Logs;

impl RunLogsService for Logs {
    async fn tail_logs(
        &self,
        _ctx: RequestContext,
        request: ServiceRequest<'_, TailLogsRequest>,
    ) -> ServiceResult<ServiceStream<TailLogsResponse>> {
        // The stream outlives the request: take owned data out of it first.
        let action = request.action_id.name.to_owned();
        let stream = futures::stream::iter((0..3).map(move |index| {
            if index == 2 {
                return Err(ConnectError::new(ErrorCode::Unavailable, "draining"));
            }
            Ok(one_line(format!("{action} {index}")))
        }));
        Ok(Response::stream(stream))
    }
}

fn one_line(message: String) -> TailLogsResponse {
    let line = LogLine {
        timestamp: MessageField::some(Timestamp::from_unix(1, 5)),
        message,
        originator: LogLineOriginator::USER.into(),
        ..Default::default()
    };
    TailLogsResponse {
        logs: vec![tail_logs_response::Logs { lines: vec![line], ..Default::default() }],
        ..Default::default()
    }
}

/// Every service in one router, one route with a larger limit, mounted as axum's fallback.
fn app() -> axum::Router {
    let large = Limits::default().with_max_request_body_size(2 * LARGE).with_max_message_size(2 * LARGE);
    let service = Router::new()
        .add_service(Arc::new(Projects))
        .add_service(Arc::new(Logs))
        .with_route_limits(PROJECT_SERVICE_CREATE_PROJECT_SPEC.procedure, large)
        .into_axum_service()
        .with_interceptor(unary_interceptor(|mut request, next| {
            Box::pin(async move {
                let path = request.ctx.path().unwrap_or_default().to_owned();
                if path.ends_with("/ListProjects") {
                    return Err(ConnectError::permission_denied(path));
                }
                request.ctx.extensions_mut().insert("principal");
                next.run(request).await
            })
        }));
    axum::Router::new().fallback_service(service)
}

async fn serve_tcp() -> http::Uri {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("bind loopback");
    let address = listener.local_addr().expect("bound address");
    tokio::task::spawn(async move { axum::serve(listener, app()).await });
    format!("http://{address}").parse().expect("a valid URI")
}

fn get(id: &str) -> GetProjectRequest {
    GetProjectRequest { id: id.to_owned(), ..Default::default() }
}

async fn check_unary<T>(client: &ProjectServiceClient<T>)
where
    T: ClientTransport,
    <T::ResponseBody as http_body::Body>::Error: std::fmt::Display,
{
    let options =
        CallOptions::default().with_header("authorization", "Bearer x").with_timeout(Duration::from_secs(5));
    let answer = client.get_project_with_options(get("digits"), options).await.expect("unary call");
    assert_eq!(answer.headers()["x-served-by"], "test");
    let project = answer.into_owned().project;
    assert_eq!((project.id.as_str(), project.name.as_str()), ("digits", "Bearer x"));

    let missing = client.get_project(get("missing")).await.expect_err("error");
    assert_eq!(missing.code, ErrorCode::NotFound);
    assert_eq!(missing.message.as_deref(), Some("project missing"));
    assert_eq!(missing.details.len(), 1);
}

async fn check_stream<T>(client: &RunLogsServiceClient<T>)
where
    T: ClientTransport,
    T::ResponseBody: Unpin,
    <T::ResponseBody as http_body::Body>::Error: std::fmt::Display,
{
    let action = ActionIdentifier { name: "a0".to_owned(), ..Default::default() };
    let request = TailLogsRequest { action_id: action.into(), attempt: 1, ..Default::default() };
    let mut stream = client.tail_logs(request).await.expect("stream opens");
    let mut seen = Vec::new();
    let end = loop {
        match stream.message::<TailLogsResponse>().await {
            Ok(Some(message)) => {
                let owned = message.to_owned_message();
                seen.push(owned.logs[0].lines[0].message.clone());
            }
            Ok(None) => panic!("the error at the end of the stream got lost"),
            Err(error) => break error,
        }
    };
    assert_eq!(seen, ["a0 0", "a0 1"]);
    assert_eq!(end.code, ErrorCode::Unavailable);
}

#[tokio::test]
async fn connect_over_http1_and_tcp() {
    let uri = serve_tcp().await;
    let config = ClientConfig::new(uri);
    let transport = HttpClient::plaintext();
    check_unary(&ProjectServiceClient::new(transport.clone(), config.clone())).await;
    check_stream(&RunLogsServiceClient::new(transport, config)).await;
}

#[tokio::test]
async fn grpc_over_http2_and_tcp() {
    let uri = serve_tcp().await;
    let transport = Http2Connection::lazy_plaintext(uri.clone()).shared(64);
    let config = ClientConfig::new(uri).with_protocol(Protocol::Grpc);
    check_unary(&ProjectServiceClient::new(transport.clone(), config.clone())).await;
    check_stream(&RunLogsServiceClient::new(transport, config)).await;
}

#[tokio::test]
async fn connect_over_a_unix_socket() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let path = folder.path().join("server.sock");
    let listener = tokio::net::UnixListener::bind(&path).expect("bind the socket");
    tokio::task::spawn(async move { axum::serve(listener, app()).await });

    // The authority is only a name for the Host header; the path decides where it goes.
    let uri = http::Uri::from_static("http://localhost");
    let transport = Http2Connection::lazy_unix(&path, uri.clone()).shared(64);
    let config = ClientConfig::new(uri);
    check_unary(&ProjectServiceClient::new(transport.clone(), config.clone())).await;
    check_stream(&RunLogsServiceClient::new(transport, config)).await;
}

#[tokio::test]
async fn limits_are_per_route_and_gzip_requests_are_read() {
    let uri = serve_tcp().await;
    let config = ClientConfig::new(uri).compress_requests("gzip");
    let client = ProjectServiceClient::new(HttpClient::plaintext(), config);
    let project = Project { description: "x".repeat(LARGE), ..Default::default() };
    let create = CreateProjectRequest { project: project.clone().into(), ..Default::default() };
    client.create_project(create).await.expect("raised limit");

    let update = UpdateProjectRequest { project: project.into(), ..Default::default() };
    let error = client.update_project(update).await.expect_err("refused");
    assert_eq!(error.code, ErrorCode::ResourceExhausted);
}

#[tokio::test]
async fn an_interceptor_can_refuse() {
    let uri = serve_tcp().await;
    let client = ProjectServiceClient::new(HttpClient::plaintext(), ClientConfig::new(uri));
    let error = client.list_projects(ListProjectsRequest::default()).await.expect_err("refused");
    assert_eq!(error.code, ErrorCode::PermissionDenied);
    assert_eq!(error.message.as_deref(), Some("/flyteidl2.project.ProjectService/ListProjects"));
}

#[test]
fn unknown_fields_survive_decoding() {
    let bytes =
        RunIdentifier { org: "o".to_owned(), project: "p".to_owned(), ..Default::default() }.encode_to_vec();
    // A message without fields keeps what it does not know, so that newer peers lose nothing.
    let opaque = ListProjectsResponse::decode_from_slice(&[0xfa, 0x3f, 0x01, 0x61]).expect("decode");
    assert_eq!(opaque.encode_to_vec(), [0xfa, 0x3f, 0x01, 0x61]);
    let back = RunIdentifier::decode_from_slice(&bytes).expect("decode");
    assert_eq!((back.org.as_str(), back.project.as_str()), ("o", "p"));
}
