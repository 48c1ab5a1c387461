//! Answers conditions, for both services that offer it. The value must be of the condition's type.

use buffa::Message as _;
use connectrpc::ConnectError;
use wingbeat_engine::Command;
use wingbeat_model::{ActionKind, Principal, Verb};
use wingbeat_proto::flyteidl2::common::ActionIdentifier;
use wingbeat_proto::flyteidl2::core::literal_type;
use wingbeat_proto::flyteidl2::core::{Literal, SimpleType, literal, primitive, scalar};
use wingbeat_proto::flyteidl2::workflow::ConditionAction;

use super::find;
use crate::platform::{Platform, submit_error};

/// Gives a condition its value.
pub(crate) async fn signal(
    platform: &Platform,
    principal: &Principal,
    id: &ActionIdentifier,
    value: Literal,
) -> Result<(), ConnectError> {
    let (run, action) = find::action(platform, principal, "action_id", id).await?;
    platform.authorize(principal, Verb::Signal, Some(&run.key.scope))?;
    platform.check_current(principal).await?;
    if action.kind != ActionKind::Condition {
        let text =
            format!("action `{}` is not a condition; only conditions can be signalled", action.key.name);
        return Err(ConnectError::failed_precondition(text));
    }
    let bytes = platform.spec(&action.spec).await?;
    let condition = ConditionAction::decode_from_slice(bytes.as_deref().unwrap_or_default())
        .map_err(|_| ConnectError::data_loss("the condition's stored spec cannot be decoded"))?;
    check(&condition, &value)?;
    let command =
        Command::Signal { action: action.key, value: value.encode_to_vec(), by: principal.subject() };
    platform.driver.submit(command).await.map(|_| ()).map_err(submit_error)
}

fn check(condition: &ConditionAction, value: &Literal) -> Result<(), ConnectError> {
    let expected = match &condition.r#type.r#type {
        Some(literal_type::Type::Simple(simple)) => simple.as_known(),
        _ => None,
    };
    let got = kind_of(value);
    if expected.is_some() && expected == got {
        return Ok(());
    }
    let word = |kind: Option<SimpleType>| kind.map_or("something else", simple_word);
    let text =
        format!("condition `{}` expects a {} value, got {}", condition.name, word(expected), word(got));
    Err(ConnectError::invalid_argument(text))
}

/// A condition's value is of a type that people can enter.
///
/// # Errors
/// `invalid_argument` that names the condition.
pub(crate) fn check_type(condition: &ConditionAction) -> Result<(), ConnectError> {
    let fine = match &condition.r#type.r#type {
        Some(literal_type::Type::Simple(simple)) => matches!(
            simple.as_known(),
            Some(SimpleType::INTEGER | SimpleType::FLOAT | SimpleType::STRING | SimpleType::BOOLEAN)
        ),
        _ => false,
    };
    if fine {
        return Ok(());
    }
    let text = format!("condition `{}`: its type must be int, float, str or bool", condition.name);
    Err(ConnectError::invalid_argument(text))
}

fn kind_of(value: &Literal) -> Option<SimpleType> {
    let Some(literal::Value::Scalar(scalar)) = &value.value else { return None };
    let Some(scalar::Value::Primitive(primitive)) = &scalar.value else { return None };
    match &primitive.value {
        Some(primitive::Value::Integer(_)) => Some(SimpleType::INTEGER),
        Some(primitive::Value::FloatValue(_)) => Some(SimpleType::FLOAT),
        Some(primitive::Value::StringValue(_)) => Some(SimpleType::STRING),
        Some(primitive::Value::Boolean(_)) => Some(SimpleType::BOOLEAN),
        Some(primitive::Value::Datetime(_)) => Some(SimpleType::DATETIME),
        Some(primitive::Value::Duration(_)) => Some(SimpleType::DURATION),
        None => None,
    }
}

fn simple_word(kind: SimpleType) -> &'static str {
    match kind {
        SimpleType::INTEGER => "int",
        SimpleType::FLOAT => "float",
        SimpleType::STRING => "str",
        SimpleType::BOOLEAN => "bool",
        SimpleType::DATETIME => "datetime",
        SimpleType::DURATION => "timedelta",
        SimpleType::NONE | SimpleType::BINARY | SimpleType::ERROR | SimpleType::STRUCT => "structured",
    }
}
