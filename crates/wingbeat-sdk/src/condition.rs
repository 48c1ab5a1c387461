//! Questions to people: a task waits until somebody answers, on the console or by the API.

use std::marker::PhantomData;
use std::time::Duration;

use buffa_types::google::protobuf::Duration as WireDuration;
use wingbeat_proto::flyteidl2::workflow::{ConditionAction, ConditionPromptType};

use crate::context::ctx;
use crate::controller::ConditionCall;
use crate::failure::Result;
use crate::value::Value;

/// Code of a wait in whose time nobody answered; the stock SDK's.
pub const CONDITION_TIMED_OUT: &str = "ConditionTimedoutError";
/// Code of a wait that nobody will answer, or not with what was asked for; the stock SDK's.
pub const CONDITION_FAILED: &str = "ConditionFailedError";

/// What people can be asked for: flags, whole numbers, numbers and text.
#[diagnostic::on_unimplemented(
    message = "people cannot be asked for a `{Self}`",
    note = "they can be asked for: bool, i64, f64, String"
)]
pub trait Answer: Value {}

impl Answer for bool {}
impl Answer for i64 {}
impl Answer for f64 {}
impl Answer for String {}

/// A question for a value of type `T`, known to people under `name`.
pub fn condition<T: Answer>(name: impl Into<String>) -> Condition<T> {
    let wire = ConditionAction { name: name.into(), r#type: T::literal_type().into(), ..Default::default() };
    Condition { wire, answer: PhantomData }
}

/// A question to people, to be asked with [`Condition::wait`].
#[derive(Debug, Clone)]
#[must_use = "nobody is asked until `wait`"]
pub struct Condition<T> {
    wire: ConditionAction,
    answer: PhantomData<fn() -> T>,
}

impl<T: Answer> Condition<T> {
    /// What people read.
    pub fn prompt(mut self, text: impl Into<String>) -> Self {
        self.wire.prompt = text.into();
        self.wire.prompt_type = ConditionPromptType::CONDITION_PROMPT_TYPE_TEXT.into();
        self
    }

    /// What people read, in Markdown.
    pub fn markdown(mut self, text: impl Into<String>) -> Self {
        self.wire.prompt = text.into();
        self.wire.prompt_type = ConditionPromptType::CONDITION_PROMPT_TYPE_MARKDOWN.into();
        self
    }

    /// More about it.
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.wire.description = text.into();
        self
    }

    /// Nobody answers in this time: then the wait fails with the code [`CONDITION_TIMED_OUT`].
    pub fn timeout(mut self, timeout: Duration) -> Self {
        let wire = WireDuration {
            seconds: i64::try_from(timeout.as_secs()).unwrap_or(i64::MAX),
            nanos: i32::try_from(timeout.subsec_nanos()).unwrap_or_default(),
            ..Default::default()
        };
        self.wire.timeout = wire.into();
        self
    }

    /// Asks, and waits for the answer.
    ///
    /// # Errors
    /// Nobody answered in time, somebody aborted it, or the platform could not be asked.
    pub async fn wait(self) -> Result<T> {
        let scope = ctx()?.0;
        let call = ConditionCall {
            parent: scope.task.identity(),
            within: scope.within.as_deref().map(ToOwned::to_owned),
            group: scope.group.as_deref().map(ToOwned::to_owned),
            condition: self.wire,
        };
        let controller = scope.task.controller.clone();
        let open = controller.open_condition(call).await?;
        Ok(T::from_literal(&controller.wait_condition(open).await?)?)
    }
}
