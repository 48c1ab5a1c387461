//! A task that is called: its spec, and what follows from the spec alone. Made once, however many children it gets.

use std::fmt;
use std::sync::{Arc, OnceLock};

use buffa::{Message as _, UnknownField, UnknownFieldData};
use wingbeat_proto::flyteidl2::task::TaskSpec;
use wingbeat_proto::flyteidl2::workflow::TaskAction;
use wingbeat_types::{interface_hash, task_identity};

/// Number of the field `spec` of a `TaskAction`.
const SPEC_FIELD: u32 = 2;

/// See the module's text.
pub struct CalledTask {
    spec: TaskSpec,
    hashes: OnceLock<Hashes>,
    encoded: OnceLock<Vec<u8>>,
}

/// Parts of the names and cache keys of its children.
pub(crate) struct Hashes {
    pub(crate) interface: String,
    pub(crate) identity: String,
}

impl CalledTask {
    /// A task with this spec.
    pub fn new(spec: TaskSpec) -> Arc<Self> {
        Arc::new(Self { spec, hashes: OnceLock::new(), encoded: OnceLock::new() })
    }

    /// Its spec.
    pub fn spec(&self) -> &TaskSpec {
        &self.spec
    }

    /// Its full name.
    pub fn name(&self) -> &str {
        &self.spec.task_template.id.name
    }

    pub(crate) fn hashes(&self) -> &Hashes {
        self.hashes.get_or_init(|| {
            let template = &self.spec.task_template;
            let interface = interface_hash(&template.interface);
            let version = &template.metadata.discovery_version;
            Hashes { identity: task_identity(&template.id.name, &interface, version), interface }
        })
    }

    /// Puts the spec into the message that enqueues a child. It was encoded for the first child, and is only copied: for
    /// whoever reads the message it makes no difference.
    pub(crate) fn put_into(&self, action: &mut TaskAction) {
        let bytes = self.encoded.get_or_init(|| self.spec.encode_to_vec()).clone();
        let data = UnknownFieldData::LengthDelimited(bytes);
        action.__buffa_unknown_fields.push(UnknownField { number: SPEC_FIELD, data });
    }
}

impl fmt::Debug for CalledTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CalledTask").field(&self.name()).finish()
    }
}

#[cfg(test)]
mod tests {
    use buffa::Message as _;
    use wingbeat_proto::flyteidl2::core::{Identifier, TaskTemplate};
    use wingbeat_proto::flyteidl2::task::TaskSpec;
    use wingbeat_proto::flyteidl2::workflow::TaskAction;

    use super::CalledTask;

    #[test]
    fn an_encoded_spec_is_the_spec_for_whoever_reads_it() {
        let id = Identifier { name: "env.child".to_owned(), ..Default::default() };
        let template = TaskTemplate { id: id.into(), ..Default::default() };
        let spec = TaskSpec { task_template: template.into(), ..Default::default() };
        let called = CalledTask::new(spec.clone());
        for _ in 0..2 {
            let mut sent = TaskAction { queue: "q".to_owned(), ..Default::default() };
            called.put_into(&mut sent);
            let read = TaskAction::decode_from_slice(&sent.encode_to_vec()).unwrap();
            let plain = TaskAction { queue: "q".to_owned(), spec: spec.clone().into(), ..Default::default() };
            assert_eq!(read, plain);
        }
    }
}
