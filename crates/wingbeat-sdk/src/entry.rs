//! Entry of what a task process reads, for whoever throws bytes at it: fuzzers, and property tests. Nothing of it is told.

use buffa::Message as _;
use jiff::{SignedDuration, Timestamp, civil};
use wingbeat_proto::flyteidl2::core::{ErrorDocument, ExecutionError, Literal};
use wingbeat_proto::flyteidl2::task::{Inputs, Outputs};

use crate::error::TaskError;
use crate::value::{DataFrame, Dir, File, Value};

/// Bytes as the inputs, the outputs and the error of a task, each value read as every type.
pub fn task_messages(bytes: &[u8]) {
    if let Ok(inputs) = Inputs::decode_from_slice(bytes) {
        inputs.literals.iter().for_each(|one| read(&one.value));
    }
    if let Ok(outputs) = Outputs::decode_from_slice(bytes) {
        outputs.literals.iter().for_each(|one| read(&one.value));
    }
    if let Ok(document) = ErrorDocument::decode_from_slice(bytes) {
        drop(TaskError::from(&document));
    }
    if let Ok(error) = ExecutionError::decode_from_slice(bytes) {
        drop(TaskError::from(&error));
    }
}

/// Bytes as msgpack of every type.
pub fn fields(bytes: &[u8]) {
    read(&wingbeat_types::wire::packed_literal(bytes.to_vec()));
}

fn read(literal: &Literal) {
    drop(i64::from_literal(literal));
    drop(u8::from_literal(literal));
    drop(f64::from_literal(literal));
    drop(bool::from_literal(literal));
    drop(Option::<String>::from_literal(literal));
    drop(Vec::<Option<i64>>::from_literal(literal));
    drop(std::collections::BTreeMap::<String, Vec<f64>>::from_literal(literal));
    drop(serde_json::Value::from_literal(literal));
    drop(bytes::Bytes::from_literal(literal));
    drop(Timestamp::from_literal(literal));
    drop(civil::Date::from_literal(literal));
    drop(SignedDuration::from_literal(literal));
    drop(File::from_literal(literal));
    drop(Dir::from_literal(literal));
    drop(DataFrame::from_literal(literal));
}

#[cfg(test)]
mod tests {
    use buffa::Message as _;
    use proptest::prelude::{any, prop, proptest};
    use wingbeat_proto::flyteidl2::task::{Inputs, NamedLiteral};

    use super::{fields, task_messages};

    proptest! {
        #[test]
        fn no_bytes_make_a_task_process_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            task_messages(&bytes);
            fields(&bytes);
        }

        #[test]
        fn no_msgpack_in_an_input_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            let value = wingbeat_types::wire::packed_literal(bytes);
            let named = NamedLiteral { name: "x".to_owned(), value: value.into(), ..Default::default() };
            let inputs = Inputs { literals: vec![named], ..Default::default() };
            task_messages(&inputs.encode_to_vec());
        }
    }
}
