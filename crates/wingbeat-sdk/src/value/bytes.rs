//! Bytes. Python pickles them as inputs and outputs, so that is what they are here: the one pickle that we write, and
//! the few forms of it that we read. Nothing of a pickle is ever run.

use bytes::Bytes;
use serde_json::{Value as Json, json};
use wingbeat_proto::flyteidl2::core::{Binary, Literal, LiteralType, scalar};
use wingbeat_types::ty::Mutability;
use wingbeat_types::{Type, to_literal_type};

use super::literals::{self, kind_of, msgpack_of, scalar_of};
use super::structs::from_msgpack;
use super::{Packer, Unpacker, Value, ValueError};

const PICKLE: &str = "FlytePickle";

/// `bytes`, as protocol 4 writes them.
fn pickle(bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![0x80, 4];
    match (u8::try_from(bytes.len()), u32::try_from(bytes.len())) {
        (Ok(length), _) => out.extend([b'C', length]),
        (_, Ok(length)) => {
            out.push(b'B');
            out.extend(length.to_le_bytes());
        }
        _ => {
            out.push(0x8e);
            out.extend((bytes.len() as u64).to_le_bytes());
        }
    }
    out.extend_from_slice(bytes);
    // Memoised and returned, as Python does.
    out.extend([0x94, b'.']);
    out
}

/// The bytes of a pickle that holds `bytes` and nothing else.
fn unpickle(pickle: &[u8]) -> Option<&[u8]> {
    let rest = pickle.strip_prefix(&[0x80])?;
    let (protocol, mut rest) = rest.split_first()?;
    if !(3..=5).contains(protocol) {
        return None;
    }
    if rest.first() == Some(&0x95) {
        rest = rest.get(9..)?;
    }
    let (opcode, rest) = rest.split_first()?;
    let width = match opcode {
        b'C' => 1,
        b'B' => 4,
        0x8e => 8,
        _ => return None,
    };
    let (length, rest) = rest.split_at_checked(width)?;
    let length = length
        .iter()
        .rev()
        .try_fold(0_usize, |length, byte| length.checked_mul(256)?.checked_add(usize::from(*byte)))?;
    let (bytes, end) = rest.split_at_checked(length)?;
    matches!(end, [0x94, b'.'] | [b'.'] | [b'q', _, b'.']).then_some(bytes)
}

impl Value for Bytes {
    const TAG: &'static str = PICKLE;

    fn literal_type() -> LiteralType {
        to_literal_type(&Type::Bytes(Mutability::Fixed)).expect("bytes are pickled as they are")
    }

    fn to_literal(&self) -> Result<Literal, ValueError> {
        let binary = Binary { value: pickle(self), ..Default::default() };
        Ok(literals::of_scalar(scalar::Value::Binary(Box::new(binary))))
    }

    fn from_literal(literal: &Literal) -> Result<Self, ValueError> {
        if let Some(bytes) = msgpack_of(literal) {
            return from_msgpack(bytes);
        }
        match scalar_of(literal) {
            Some(scalar::Value::Binary(binary)) => unpickle(&binary.value)
                .map(Self::copy_from_slice)
                .ok_or_else(|| ValueError::new("bytes", "another pickled value")),
            Some(scalar::Value::Union(union)) => Self::from_literal(&union.value),
            Some(scalar::Value::Blob(_)) => Err(ValueError::new(
                "bytes within the literal",
                "a file with pickled bytes; pass more than 10 KiB as a File",
            )),
            _ => Err(ValueError::new("bytes", kind_of(literal))),
        }
    }

    fn schema() -> Json {
        json!({"type": "string", "format": "base64"})
    }

    fn pack(&self, out: &mut Packer) -> Result<(), ValueError> {
        out.bytes(self);
        Ok(())
    }

    fn unpack(input: &mut Unpacker<'_>) -> Result<Self, ValueError> {
        input.bytes().map(Self::copy_from_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::{pickle, unpickle};

    #[test]
    fn pickles_of_bytes_are_read_and_others_refused() {
        for length in [0, 1, 255, 256, 70_000] {
            let bytes = vec![7; length];
            assert_eq!(unpickle(&pickle(&bytes)), Some(&bytes[..]));
        }
        // `pickle.dumps(b"ab", protocol=5)` and `protocol=3`.
        assert_eq!(unpickle(b"\x80\x05\x95\x06\0\0\0\0\0\0\0C\x02ab\x94."), Some(&b"ab"[..]));
        assert_eq!(unpickle(b"\x80\x03C\x02abq\x00."), Some(&b"ab"[..]));
        for other in [
            &b""[..],
            b"\x80\x05K\x01.",
            b"\x80\x05C\xffab.",
            b"\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\xff.",
        ] {
            assert_eq!(unpickle(other), None);
        }
    }
}
