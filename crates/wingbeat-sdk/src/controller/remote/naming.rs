//! Decides what a call is called: the same in every attempt, so that a new attempt meets its children again.
//!
//! Source: facts of the SDK (`convert.py`, `_controller.py`); the formulas are in `wingbeat-types`.

use std::collections::HashMap;
use std::sync::Mutex;

use wingbeat_proto::flyteidl2::task::Inputs;
use wingbeat_types::{cache_key, inputs_hash, sub_action_name};

use crate::controller::{ChildCall, ConditionCall, TraceCall};
use crate::wire::RESERVED;

/// Counts equal calls, scope by scope: the n-th is another action than the first.
#[derive(Debug, Default)]
pub(crate) struct Naming {
    counts: Mutex<HashMap<(String, String), u64>>,
}

/// A child's name, and the key under which its result is cached, if it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ChildName {
    pub(crate) action: String,
    pub(crate) cache_key: Option<String>,
}

impl Naming {
    /// Names a child.
    pub(crate) fn child(&self, call: &ChildCall) -> ChildName {
        let metadata = &call.task.spec().task_template.metadata;
        let hashes = call.task.hashes();
        let inputs = inputs_hash(&call.inputs, &metadata.cache_ignore_input_vars);
        let key = || cache_key(&inputs, call.task.name(), &hashes.interface, &metadata.discovery_version);
        ChildName {
            cache_key: metadata.discoverable.then(key),
            action: self.name(&call.parent.action, &inputs, &hashes.identity, call.group.as_deref()),
        }
    }

    /// Names a step.
    pub(crate) fn trace(&self, call: &TraceCall) -> String {
        let scope = call.within.as_ref().unwrap_or(&call.parent.action);
        self.name(scope, &inputs_hash(&call.inputs, &[]), &call.identity, call.group.as_deref())
    }

    /// Names a condition: its own name stands for both its code and its inputs.
    pub(crate) fn condition(&self, call: &ConditionCall) -> String {
        let scope = call.within.as_ref().unwrap_or(&call.parent.action);
        let name = &call.condition.name;
        let sequence = self.next(scope, with_group(name.clone(), call.group.as_deref()));
        sub_action_name(scope, name, name, sequence, call.group.as_deref())
    }

    fn name(&self, scope: &str, inputs: &str, identity: &str, group: Option<&str>) -> String {
        let sequence = self.next(scope, with_group(format!("{identity}:{inputs}"), group));
        sub_action_name(scope, inputs, identity, sequence, group)
    }

    fn next(&self, scope: &str, key: String) -> u64 {
        let mut counts = self.counts.lock().expect("nobody panics while holding it");
        let count = counts.entry((scope.to_owned(), key)).or_default();
        *count += 1;
        *count
    }
}

fn with_group(key: String, group: Option<&str>) -> String {
    match group.filter(|group| !group.is_empty()) {
        Some(group) => format!("{key}:{group}"),
        None => key,
    }
}

/// The context that goes down to children: what the platform put there for one action alone is left out.
pub fn inherited_context(inputs: &Inputs) -> Vec<wingbeat_proto::flyteidl2::core::KeyValuePair> {
    inputs.context.iter().filter(|pair| !RESERVED.contains(&pair.key.as_str())).cloned().collect()
}

#[cfg(test)]
mod tests {
    use buffa::Message as _;
    use wingbeat_proto::flyteidl2::core::{
        Identifier, KeyValuePair, Literal, Primitive, Scalar, TaskMetadata, TaskTemplate, TypedInterface,
        literal, primitive, scalar,
    };
    use wingbeat_proto::flyteidl2::task::{Inputs, NamedLiteral, TaskSpec};
    use wingbeat_proto::flyteidl2::workflow::ConditionAction;

    use super::{Naming, inherited_context};
    use crate::controller::{ActionIdentity, CalledTask, ChildCall, ConditionCall, TraceCall};

    fn parent() -> ActionIdentity {
        let text = |text: &str| text.to_owned();
        ActionIdentity {
            org: text("o"),
            project: text("p"),
            domain: text("d"),
            run: text("r"),
            action: text("a0"),
        }
    }

    fn integer(name: &str, value: i64) -> NamedLiteral {
        let primitive = Primitive { value: Some(primitive::Value::Integer(value)), ..Default::default() };
        let scalar =
            Scalar { value: Some(scalar::Value::Primitive(Box::new(primitive))), ..Default::default() };
        let value = Literal { value: Some(literal::Value::Scalar(Box::new(scalar))), ..Default::default() };
        NamedLiteral { name: name.to_owned(), value: value.into(), ..Default::default() }
    }

    /// `wf.add(x: int, y: int = 1) -> int` as the stock SDK described it, called with 1.
    fn add(group: Option<&str>) -> ChildCall {
        let interface = "0a160a090a017812040a0208010a090a017912040a020801120c0a0a0a026f3012040a020801";
        let bytes: Vec<u8> = (0..interface.len())
            .step_by(2)
            .map(|ix| u8::from_str_radix(&interface[ix..ix + 2], 16).unwrap())
            .collect();
        let metadata = TaskMetadata {
            discovery_version: "2f8bc1fcd7eee467b6f7c39240f6ab54cad47b167142aa53e2c570806c6bbdb3".to_owned(),
            ..Default::default()
        };
        let template = TaskTemplate {
            id: Identifier { name: "wf.add".to_owned(), ..Default::default() }.into(),
            interface: TypedInterface::decode_from_slice(&bytes).unwrap().into(),
            metadata: metadata.into(),
            ..Default::default()
        };
        ChildCall {
            parent: parent(),
            group: group.map(str::to_owned),
            task: CalledTask::new(TaskSpec { task_template: template.into(), ..Default::default() }),
            inputs: Inputs { literals: vec![integer("x", 1), integer("y", 1)], ..Default::default() },
            queue: None,
        }
    }

    #[test]
    fn children_are_called_as_the_stock_client_calls_them() {
        let naming = Naming::default();
        let name = |group| naming.child(&add(group)).action;
        assert_eq!(name(None), "4p2qcc2q4nancf01hoyjm5qvd");
        assert_eq!(name(None), "8jtpuz64v3gbdtx20zqtyabe7");
        assert_eq!(name(Some("g1")), "5zkgdxasdwjnw9gebfzihi47d");
        assert_eq!(Naming::default().child(&add(None)).action, "4p2qcc2q4nancf01hoyjm5qvd");
    }

    #[test]
    fn only_what_is_cached_has_a_key_and_ignored_inputs_are_no_part_of_names() {
        let naming = Naming::default();
        assert_eq!(naming.child(&add(None)).cache_key, None);
        let mut cached = add(None);
        let mut spec = cached.task.spec().clone();
        let metadata = spec.task_template.get_or_insert_default().metadata.get_or_insert_default();
        metadata.discoverable = true;
        metadata.cache_ignore_input_vars = vec!["y".to_owned()];
        cached.task = CalledTask::new(spec);
        let mut other = cached.clone();
        other.inputs.literals[1] = integer("y", 2);
        let (one, two) = (Naming::default().child(&cached), Naming::default().child(&other));
        assert!(one.cache_key.is_some());
        assert_eq!(one, two);
    }

    #[test]
    fn steps_count_in_their_scope() {
        let call = |within: Option<&str>| TraceCall {
            parent: parent(),
            within: within.map(str::to_owned),
            group: None,
            name: "fetch".to_owned(),
            identity: "fetch-1".to_owned(),
            interface: TypedInterface::default(),
            inputs: Inputs::default(),
        };
        let naming = Naming::default();
        let names: Vec<_> = [None, Some("t"), None, Some("t")]
            .into_iter()
            .map(|within| naming.trace(&call(within)))
            .collect();
        let distinct: std::collections::HashSet<_> = names.iter().collect();
        assert_eq!(distinct.len(), 4);
        assert_eq!(Naming::default().trace(&call(Some("t"))), names[1]);
    }

    #[test]
    fn conditions_of_one_name_are_told_apart() {
        let call = ConditionCall {
            parent: parent(),
            within: None,
            group: None,
            condition: ConditionAction { name: "approve".to_owned(), ..Default::default() },
        };
        let naming = Naming::default();
        assert_ne!(naming.condition(&call), naming.condition(&call));
        assert_eq!(Naming::default().condition(&call), Naming::default().condition(&call));
    }

    #[test]
    fn what_belongs_to_one_action_does_not_go_down() {
        let pair = |key: &str| KeyValuePair { key: key.to_owned(), ..Default::default() };
        let context = vec![pair("tenant"), pair("_u_kickoff_time_input_arg"), pair("_u_produced_artifacts")];
        let inherited = inherited_context(&Inputs { context, ..Default::default() });
        assert_eq!(inherited.iter().map(|pair| pair.key.as_str()).collect::<Vec<_>>(), ["tenant"]);
    }
}
