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
    use buffa::Message as _;
    use bytes::Bytes;
    use connectrpc::{CodecFormat, ErrorCode, Payload};
    use wingbeat_proto::flyteidl2::common::RunIdentifier;
    use wingbeat_proto::flyteidl2::workflow::AbortRunRequest;

    use super::check;

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
}
