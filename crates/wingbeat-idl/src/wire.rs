//! Fields of a message as they stand on the wire, without a schema. Reads only: what the bytes mean is
//! decided by who asks.

/// How deep groups may nest before the bytes count as broken.
const MAX_GROUPS: usize = 100;

/// Wire type of numbers of variable length.
pub(crate) const VARINT: u8 = 0;
/// Wire type of eight bytes.
pub(crate) const FIXED64: u8 = 1;
/// Wire type of everything with a length.
pub(crate) const LEN: u8 = 2;
/// Wire type of four bytes.
pub(crate) const FIXED32: u8 = 5;

/// One field as it stands on the wire.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field<'a> {
    /// Its number.
    pub(crate) number: u32,
    /// Its wire type.
    pub(crate) wire_type: u8,
    /// Its value, without tag and length; a group with its end tag.
    pub(crate) value: &'a [u8],
}

impl Field<'_> {
    /// The value of a varint.
    pub(crate) fn varint(&self) -> Option<u64> {
        (self.wire_type == VARINT).then(|| varint(self.value))?.map(|(value, _)| value)
    }
}

/// The bytes are not a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed;

/// The fields of a message in the order of the wire; ends at the first broken one.
#[derive(Debug)]
pub(crate) struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    /// Reads `bytes`.
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<Field<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let (item, rest) = match field(self.rest) {
            Some((field, rest)) => (Ok(field), rest),
            None => (Err(Malformed), &[][..]),
        };
        self.rest = rest;
        Some(item)
    }
}

/// Every field of `bytes` with this number, broken tails left out.
pub(crate) fn all(bytes: &[u8], number: u32) -> impl Iterator<Item = Field<'_>> {
    Fields::new(bytes).filter_map(Result::ok).filter(move |field| field.number == number)
}

fn field(bytes: &[u8]) -> Option<(Field<'_>, &[u8])> {
    let (number, wire_type, rest) = tag(bytes)?;
    let (value, rest) = match wire_type {
        VARINT => {
            let (_, after) = varint(rest)?;
            rest.split_at(rest.len() - after.len())
        }
        FIXED64 => rest.split_at_checked(8)?,
        LEN => {
            let (len, after) = varint(rest)?;
            after.split_at_checked(usize::try_from(len).ok()?)?
        }
        3 => group(rest, number)?,
        FIXED32 => rest.split_at_checked(4)?,
        _ => return None,
    };
    Some((Field { number, wire_type, value }, rest))
}

/// Splits after the end tag of the group called `number`, whose start tag was just read.
fn group(bytes: &[u8], number: u32) -> Option<(&[u8], &[u8])> {
    let mut open = vec![number];
    let mut rest = bytes;
    while let Some(&innermost) = open.last() {
        let (number, wire_type, after) = tag(rest)?;
        match wire_type {
            3 if open.len() < MAX_GROUPS => {
                open.push(number);
                rest = after;
            }
            4 if number == innermost => {
                open.pop();
                rest = after;
            }
            3 | 4 => return None,
            _ => rest = field(rest)?.1,
        }
    }
    bytes.split_at_checked(bytes.len() - rest.len())
}

fn tag(bytes: &[u8]) -> Option<(u32, u8, &[u8])> {
    let (tag, rest) = varint(bytes)?;
    let number = u32::try_from(tag >> 3).ok().filter(|number| *number > 0)?;
    Some((number, u8::try_from(tag & 7).ok()?, rest))
}

/// A number of variable length, and what follows it.
pub(crate) fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0_u64;
    for (ix, byte) in bytes.iter().take(10).enumerate() {
        value |= u64::from(byte & 0x7f).checked_shl(u32::try_from(ix).ok()? * 7)?;
        if byte & 0x80 == 0 {
            return Some((value, &bytes[ix + 1..]));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{Fields, Malformed};

    #[test]
    fn a_group_is_one_field_and_the_next_one_is_still_read() {
        // Group 9 that holds group 9 and a varint, then field 1.
        let bytes = [0x4b, 0x4b, 0x08, 0x05, 0x4c, 0x4c, 0x08, 0x07];
        let fields: Vec<_> = Fields::new(&bytes).collect::<Result<_, _>>().expect("well formed");
        assert_eq!(fields.len(), 2);
        assert_eq!((fields[0].number, fields[0].wire_type, fields[0].value.len()), (9, 3, 5));
        assert_eq!(fields[1].varint(), Some(7));
    }

    #[test]
    fn broken_bytes_are_said_to_be_broken() {
        for bytes in [&[0x0a, 0x05, 0x01][..], &[0x00], &[0x0c], &[0x4b, 0x08, 0x01], &[0x80; 11]] {
            let all: Result<Vec<_>, Malformed> = Fields::new(bytes).collect();
            assert!(all.is_err(), "{bytes:?}");
        }
    }
}
