//! `wingbeat signal`: finds the condition, reads the value in its declared type, and sends it.

use wingbeat_proto::flyteidl2::core::{LiteralType, SimpleType, literal_type};
use wingbeat_proto::flyteidl2::workflow::{
    Action, ActionMetadata, ConditionActionMetadata, EventPayload, SignalEventRequest, action_metadata,
    event_payload,
};

use super::get_action::actions_of;
use super::session::Session;
use super::words;
use crate::arguments::Signal;
use crate::failure::Failure;
use crate::output::{self, Format};

/// Actions of a run that are looked through for the condition.
const MOST_ACTIONS: u32 = 100_000;

pub(super) async fn run(session: &Session, signal: &Signal) -> Result<(), Failure> {
    let actions = actions_of(session, &signal.run, &[], MOST_ACTIONS).await?.actions;
    let (action, condition) = find(&actions, signal)?;
    let value = parse(&signal.value, &condition.r#type).map_err(|expected| {
        Failure::usage(format!("could not signal condition {}", condition.name))
            .because(format!("it wants {expected}, and `{}` is not", signal.value))
    })?;
    let payload = EventPayload { value: Some(value), ..Default::default() };
    let request = SignalEventRequest {
        action_id: session.action_id(&signal.run, &action.id.name).into(),
        parent_action_name: action.metadata.parent.clone(),
        payload: payload.into(),
        ..Default::default()
    };
    let answer = session.client.runs().signal_event(request).await.map_err(|error| {
        let what = format!("could not signal condition {} of run {}", condition.name, signal.run);
        session.failed(&what, &error)
    })?;
    match session.format {
        Format::Json => output::json(&answer.into_owned()),
        Format::Table => output::line(&format!(
            "condition {} of run {} has the value {}",
            condition.name, signal.run, signal.value
        )),
    }
}

fn condition_of(metadata: &ActionMetadata) -> Option<&ConditionActionMetadata> {
    match &metadata.spec {
        Some(action_metadata::Spec::Condition(condition)) => Some(condition),
        Some(action_metadata::Spec::Task(_) | action_metadata::Spec::Trace(_)) | None => None,
    }
}

/// The one condition that is meant: by the name of its action, else by its own.
fn find<'a>(
    actions: &'a [Action],
    signal: &Signal,
) -> Result<(&'a Action, &'a ConditionActionMetadata), Failure> {
    let conditions: Vec<_> =
        actions.iter().filter_map(|action| Some((action, condition_of(&action.metadata)?))).collect();
    let wanted = signal.condition.as_str();
    if let Some(found) = conditions.iter().find(|(action, _)| action.id.name == wanted) {
        return Ok(*found);
    }
    let mut named: Vec<_> =
        conditions.iter().copied().filter(|(_, condition)| condition.name == wanted).collect();
    if named.len() > 1 {
        // Of several, the ones that were signalled already are hardly meant.
        named.retain(|(action, _)| !words::is_terminal(action.status.phase));
    }
    match named.as_slice() {
        // Even if it was signalled already: the server says what an equal or another value means now.
        [one] => Ok(*one),
        [] => Err(no_such(&conditions, signal)),
        several => {
            let choices: Vec<&str> = several.iter().map(|(action, _)| action.id.name.as_str()).collect();
            Err(Failure::usage(format!("run {} has several conditions {wanted}", signal.run))
                .advise(format!("name the action instead: {}", choices.join(", "))))
        }
    }
}

fn no_such(conditions: &[(&Action, &ConditionActionMetadata)], signal: &Signal) -> Failure {
    let failure = Failure::new(format!("run {} has no condition {}", signal.run, signal.condition));
    let names: Vec<&str> = conditions.iter().map(|(_, condition)| condition.name.as_str()).collect();
    if names.is_empty() {
        failure.because("none has been asked for yet")
    } else {
        failure.because(format!("its conditions are: {}", names.join(", ")))
    }
}

/// Reads `text` as the condition's type. The error is what would have been right.
fn parse(text: &str, declared: &LiteralType) -> Result<event_payload::Value, &'static str> {
    let simple = match &declared.r#type {
        Some(literal_type::Type::Simple(simple)) => simple.as_known(),
        _ => None,
    };
    match simple {
        Some(SimpleType::BOOLEAN) => {
            let value = match text.to_ascii_lowercase().as_str() {
                "true" | "yes" => true,
                "false" | "no" => false,
                _ => return Err("true or false"),
            };
            Ok(event_payload::Value::BoolValue(value))
        }
        Some(SimpleType::INTEGER) => {
            text.parse().map(event_payload::Value::IntValue).map_err(|_| "a whole number")
        }
        Some(SimpleType::FLOAT) => text.parse().map(event_payload::Value::FloatValue).map_err(|_| "a number"),
        // Text, and types of a newer server: the server checks.
        _ => Ok(event_payload::Value::StringValue(text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use wingbeat_proto::flyteidl2::core::{LiteralType, SimpleType, literal_type};
    use wingbeat_proto::flyteidl2::workflow::event_payload::Value;

    use super::parse;

    #[test]
    fn a_value_is_read_in_the_conditions_type() {
        let of = |simple: SimpleType| LiteralType {
            r#type: Some(literal_type::Type::Simple(simple.into())),
            ..Default::default()
        };
        assert_eq!(parse("yes", &of(SimpleType::BOOLEAN)), Ok(Value::BoolValue(true)));
        assert_eq!(parse("-3", &of(SimpleType::INTEGER)), Ok(Value::IntValue(-3)));
        assert_eq!(parse("1", &of(SimpleType::FLOAT)), Ok(Value::FloatValue(1.0)));
        assert_eq!(parse("1", &of(SimpleType::STRING)), Ok(Value::StringValue("1".to_owned())));
        assert_eq!(parse("1.5", &of(SimpleType::INTEGER)), Err("a whole number"));
        assert_eq!(parse("perhaps", &of(SimpleType::BOOLEAN)), Err("true or false"));
    }
}
