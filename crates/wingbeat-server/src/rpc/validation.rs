//! Refuses requests that break a rule of the schema, before a handler sees them. Which rules there are, and which
//! are not enforced, is decided in `wingbeat_idl::validate`; nothing here knows a request by name.

use connectrpc::interceptor::{
    Interceptor, Next, NextStream, PayloadStream, StreamRequest, StreamResponse, UnaryRequest, UnaryResponse,
};
use connectrpc::{CodecFormat, ConnectError, Payload};
use futures::StreamExt as _;
use wingbeat_idl::validate::{request_message, validate, wire_of_json};

/// The interceptor. It holds nothing: the rules are compiled once for the process.
#[derive(Debug, Clone, Copy)]
pub(super) struct Validation;

#[connectrpc::async_trait]
impl Interceptor for Validation {
    async fn intercept_unary(
        &self,
        request: UnaryRequest,
        next: Next<'_>,
    ) -> Result<UnaryResponse, ConnectError> {
        if let Some(message) = request.ctx.path().and_then(request_message) {
            check(message, &request.payload)?;
        }
        next.run(request).await
    }

    async fn intercept_streaming(
        &self,
        request: StreamRequest,
        inbound: PayloadStream,
        next: NextStream<'_>,
    ) -> Result<StreamResponse, ConnectError> {
        let Some(message) = request.ctx.path().and_then(request_message) else {
            return next.run(request, inbound).await;
        };
        let checked = inbound.map(move |item| {
            let payload = item?;
            check(message, &payload)?;
            Ok(payload)
        });
        next.run(request, Box::pin(checked)).await
    }
}

/// `invalid_argument` with the path of the field and what is wrong with it.
fn check(message: &str, payload: &Payload) -> Result<(), ConnectError> {
    let result = if payload.format() == CodecFormat::Json {
        // What cannot be read as JSON is refused by decoding, which says why.
        wire_of_json(message, payload.bytes()).map_or(Ok(()), |bytes| validate(message, &bytes))
    } else {
        validate(message, payload.bytes())
    };
    result.map_err(|violation| ConnectError::invalid_argument(violation.to_string()))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use axum::body::Body;
    use buffa::Message as _;
    use bytes::Bytes;
    use connectrpc::{
        CodecFormat, ErrorCode, Payload, RequestContext, Response, Router, ServiceRequest, ServiceResult,
        ServiceStream,
    };
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;
    use wingbeat_proto::flyteidl2::common::{ActionIdentifier, RunIdentifier};
    use wingbeat_proto::flyteidl2::workflow::{
        AbortRunRequest, RunLogsService, TailLogsRequest, TailLogsResponse,
    };

    use super::{Validation, check};

    #[test]
    fn a_broken_rule_is_an_invalid_argument_that_names_the_field_in_both_formats() {
        let id = RunIdentifier {
            project: "p".into(),
            domain: "d".into(),
            name: "r".repeat(41),
            ..Default::default()
        };
        let request = AbortRunRequest { run_id: id.into(), ..Default::default() };
        let json = serde_json::to_vec(&request).expect("a message is JSON");
        for (bytes, format) in [(request.encode_to_vec(), CodecFormat::Proto), (json, CodecFormat::Json)] {
            let payload = Payload::new(Bytes::from(bytes), format);
            let error = check("flyteidl2.workflow.AbortRunRequest", &payload).expect_err("too long");
            assert_eq!(error.code, ErrorCode::InvalidArgument);
            let text = error.message.expect("it says why");
            assert_eq!(text, "run_id.name: must have at most 30 characters, got 41");
        }
    }

    #[test]
    fn what_cannot_be_read_is_left_to_decoding() {
        let payload = Payload::new(Bytes::from_static(b"{"), CodecFormat::Json);
        assert!(check("flyteidl2.workflow.AbortRunRequest", &payload).is_ok());
    }

    /// A stream that ends at once.
    struct NoLogs;

    impl RunLogsService for NoLogs {
        async fn tail_logs(
            &self,
            _ctx: RequestContext,
            _request: ServiceRequest<'_, TailLogsRequest>,
        ) -> ServiceResult<ServiceStream<TailLogsResponse>> {
            Ok(Response::stream(futures::stream::empty()))
        }
    }

    /// What a stream that is asked for with `attempt` ends with.
    async fn end_of_stream(attempt: u32) -> String {
        let run =
            RunIdentifier { project: "p".into(), domain: "d".into(), name: "r".into(), ..Default::default() };
        let action = ActionIdentifier { run: run.into(), name: "a0".into(), ..Default::default() };
        let request = TailLogsRequest { action_id: action.into(), attempt, ..Default::default() };
        let message = request.encode_to_vec();
        let length = u32::try_from(message.len()).expect("a short message").to_be_bytes();
        let body = [&[0], &length[..], &message].concat();
        let service = Router::new().add_service(Arc::new(NoLogs)).into_axum_service();
        let request = http::Request::post("/flyteidl2.workflow.RunLogsService/TailLogs")
            .header("content-type", "application/connect+proto")
            .header("connect-protocol-version", "1")
            .body(Body::from(body))
            .expect("a request");
        let app = axum::Router::new().fallback_service(service.with_interceptor(Validation));
        let answer = app.oneshot(request).await.expect("it answers");
        let bytes = answer.into_body().collect().await.expect("the whole body").to_bytes();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    #[tokio::test]
    async fn the_request_of_a_stream_is_checked_too() {
        let refused = end_of_stream(0).await;
        assert!(refused.contains("invalid_argument"), "{refused}");
        assert!(refused.contains("attempt: must be greater than 0, got 0"), "{refused}");
        assert!(!end_of_stream(1).await.contains("error"));
    }
}
