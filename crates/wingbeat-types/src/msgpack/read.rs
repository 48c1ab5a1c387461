//! Reads msgpack from bytes that anyone may have sent: what a header promises has to be there, and nesting has a limit.

#![allow(clippy::wildcard_enum_match_arm, reason = "kinds that are not named are alike: not meant here")]

use rmp::Marker;

use super::MAX_DEPTH;
use crate::error::{ConvertError, ConvertErrorKind};
use crate::ty::Mutability;
use crate::value::Value;

/// One step of the input.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Token<'a> {
    /// None.
    Nil,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(i128),
    /// A double.
    Float(f64),
    /// Text.
    Str(&'a str),
    /// Bytes.
    Bin(&'a [u8]),
    /// A list of so many values, which follow.
    Array(usize),
    /// A map of so many keys and values, which follow in turn.
    Map(usize),
    /// An extension: its code, and its bytes.
    Ext(i8, &'a [u8]),
}

impl Token<'_> {
    /// What it is, in words.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Nil => "None",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Float(_) => "float",
            Self::Str(_) => "str",
            Self::Bin(_) => "bytes",
            Self::Array(_) => "list",
            Self::Map(_) => "dict",
            Self::Ext(..) => "an extension",
        }
    }
}

/// Bytes that are left.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    rest: &'a [u8],
    depth: usize,
}

impl<'a> Reader<'a> {
    /// Reads from the beginning.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, depth: 0 }
    }

    /// All has to be read.
    ///
    /// # Errors
    /// There are more bytes.
    pub fn finish(&self) -> Result<(), ConvertError> {
        if self.rest.is_empty() { Ok(()) } else { Err(broken("unpack(b) received extra data.")) }
    }

    /// One level further in.
    pub(crate) fn deeper<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, ConvertError>,
    ) -> Result<T, ConvertError> {
        if self.depth >= MAX_DEPTH {
            let message = format!("the value is nested deeper than {MAX_DEPTH} levels");
            return Err(ConvertError::new(ConvertErrorKind::Limit, message));
        }
        self.depth += 1;
        let value = read(self);
        self.depth -= 1;
        value
    }

    /// What comes next, without reading it.
    pub fn peek(&self) -> Option<Marker> {
        self.rest.first().map(|byte| Marker::from_u8(*byte))
    }

    /// A short text, if one is next; else nothing is read. Most keys are such.
    #[inline]
    pub fn short_text(&mut self) -> Option<&'a str> {
        let (head, rest) = self.rest.split_first()?;
        if head & 0b1110_0000 != 0b1010_0000 {
            return None;
        }
        let (text, rest) = rest.split_at_checked(usize::from(head & 0b0001_1111))?;
        let text = std::str::from_utf8(text).ok()?;
        self.rest = rest;
        Some(text)
    }

    /// A number from 0 to 65,535, if one is next; else nothing is read.
    #[inline]
    pub fn small_int(&mut self) -> Option<u16> {
        let (value, rest) = match *self.rest {
            [value @ ..=0x7f, ref rest @ ..] | [0xcc, value, ref rest @ ..] => (u16::from(value), rest),
            [0xcd, high, low, ref rest @ ..] => (u16::from_be_bytes([high, low]), rest),
            _ => return None,
        };
        self.rest = rest;
        Some(value)
    }

    /// What comes next.
    ///
    /// # Errors
    /// [`ConvertError`]: the bytes end too early, promise more than follows, or are no msgpack.
    pub fn token(&mut self) -> Result<Token<'a>, ConvertError> {
        let marker = Marker::from_u8(self.take(1)?[0]);
        Ok(match marker {
            Marker::Null => Token::Nil,
            Marker::True => Token::Bool(true),
            Marker::False => Token::Bool(false),
            Marker::FixPos(number) => Token::Int(i128::from(number)),
            Marker::FixNeg(number) => Token::Int(i128::from(number)),
            Marker::U8 | Marker::U16 | Marker::U32 | Marker::U64 => Token::Int(self.unsigned(marker)?),
            Marker::I8 => Token::Int(i128::from(i8::from_be_bytes(self.array()?))),
            Marker::I16 => Token::Int(i128::from(i16::from_be_bytes(self.array()?))),
            Marker::I32 => Token::Int(i128::from(i32::from_be_bytes(self.array()?))),
            Marker::I64 => Token::Int(i128::from(i64::from_be_bytes(self.array()?))),
            Marker::F32 => Token::Float(f64::from(f32::from_be_bytes(self.array()?))),
            Marker::F64 => Token::Float(f64::from_be_bytes(self.array()?)),
            Marker::FixStr(len) => self.text(usize::from(len))?,
            Marker::Str8 | Marker::Str16 | Marker::Str32 => {
                let len = self.length(marker)?;
                self.text(len)?
            }
            Marker::Bin8 | Marker::Bin16 | Marker::Bin32 => {
                let len = self.length(marker)?;
                Token::Bin(self.take(len)?)
            }
            Marker::FixArray(len) => Token::Array(self.promised(usize::from(len), 1)?),
            Marker::Array16 | Marker::Array32 => {
                let len = self.length(marker)?;
                Token::Array(self.promised(len, 1)?)
            }
            Marker::FixMap(len) => Token::Map(self.promised(usize::from(len), 2)?),
            Marker::Map16 | Marker::Map32 => {
                let len = self.length(marker)?;
                Token::Map(self.promised(len, 2)?)
            }
            Marker::FixExt1 => self.extension(1)?,
            Marker::FixExt2 => self.extension(2)?,
            Marker::FixExt4 => self.extension(4)?,
            Marker::FixExt8 => self.extension(8)?,
            Marker::FixExt16 => self.extension(16)?,
            Marker::Ext8 | Marker::Ext16 | Marker::Ext32 => {
                let len = self.length(marker)?;
                self.extension(len)?
            }
            Marker::Reserved => return Err(broken("Unpack failed: the value starts with a reserved byte")),
        })
    }

    /// A whole value.
    pub(crate) fn value(&mut self) -> Result<Value, ConvertError> {
        Ok(match self.token()? {
            Token::Nil => Value::None,
            Token::Bool(flag) => Value::Bool(flag),
            Token::Int(number) => Value::Int(number),
            Token::Float(number) => Value::Float(number),
            Token::Str(text) => Value::Str(text.to_owned()),
            Token::Bin(bytes) => Value::Bytes(bytes.to_vec(), Mutability::Fixed),
            Token::Array(len) => {
                self.deeper(|reader| (0..len).map(|_| reader.value()).collect()).map(Value::List)?
            }
            Token::Map(len) => self
                .deeper(|reader| (0..len).map(|_| Ok((reader.key()?, reader.value()?))).collect())
                .map(Value::Map)?,
            // Of an extension the client's reader makes a pair.
            Token::Ext(code, data) => Value::Tuple(vec![
                Value::Int(i128::from(code)),
                Value::Bytes(data.to_vec(), Mutability::Fixed),
            ]),
        })
    }

    fn key(&mut self) -> Result<Value, ConvertError> {
        match self.value()? {
            Value::List(_) => Err(unhashable("list")),
            Value::Map(_) => Err(unhashable("dict")),
            key => Ok(key),
        }
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], ConvertError> {
        let (head, rest) =
            self.rest.split_at_checked(len).ok_or_else(|| broken("Unpack failed: incomplete input"))?;
        self.rest = rest;
        Ok(head)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], ConvertError> {
        let bytes = self.take(N)?;
        Ok(bytes.try_into().expect("as many bytes were taken"))
    }

    fn unsigned(&mut self, marker: Marker) -> Result<i128, ConvertError> {
        let width = match marker {
            Marker::U8 => 1,
            Marker::U16 => 2,
            Marker::U32 => 4,
            _ => 8,
        };
        Ok(self.take(width)?.iter().fold(0_i128, |number, byte| number << 8 | i128::from(*byte)))
    }

    fn length(&mut self, marker: Marker) -> Result<usize, ConvertError> {
        let width = match marker {
            Marker::Str8 | Marker::Bin8 | Marker::Ext8 => 1,
            Marker::Str16 | Marker::Bin16 | Marker::Ext16 | Marker::Array16 | Marker::Map16 => 2,
            _ => 4,
        };
        Ok(self.take(width)?.iter().fold(0_usize, |number, byte| number << 8 | usize::from(*byte)))
    }

    /// An element has a byte at least, a pair two: a header cannot ask for memory that nothing will fill.
    fn promised(&self, len: usize, least: usize) -> Result<usize, ConvertError> {
        if len.checked_mul(least).is_some_and(|bytes| bytes <= self.rest.len()) {
            return Ok(len);
        }
        let message = format!("a header promises {len} elements, but only {} bytes follow", self.rest.len());
        Err(ConvertError::new(ConvertErrorKind::Limit, message))
    }

    fn text(&mut self, len: usize) -> Result<Token<'a>, ConvertError> {
        let bytes = self.take(len)?;
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let message = format!("text is no UTF-8 from byte {} on", error.valid_up_to());
            ConvertError::new(ConvertErrorKind::Unicode, message)
        })?;
        Ok(Token::Str(text))
    }

    fn extension(&mut self, len: usize) -> Result<Token<'a>, ConvertError> {
        let code = i8::from_be_bytes(self.array()?);
        Ok(Token::Ext(code, self.take(len)?))
    }
}

/// One value, and nothing after it.
pub(crate) fn read(bytes: &[u8]) -> Result<Value, ConvertError> {
    let mut reader = Reader::new(bytes);
    let value = reader.value()?;
    reader.finish()?;
    Ok(value)
}

fn unhashable(class: &str) -> ConvertError {
    ConvertError::new(ConvertErrorKind::Type, format!("unhashable type: '{class}'"))
}

fn broken(message: &str) -> ConvertError {
    ConvertError::new(ConvertErrorKind::Value, message)
}

#[cfg(test)]
mod tests {
    use super::{Reader, Token, read};
    use crate::error::ConvertErrorKind;

    #[test]
    fn a_header_that_promises_what_is_not_there_takes_no_memory() {
        for header in
            [&[0xdd, 0xff, 0xff, 0xff, 0xff][..], &[0xdf, 0xff, 0xff, 0xff, 0xff], &[0xdc, 0xff, 0xff]]
        {
            assert_eq!(read(header).map_err(|error| error.kind), Err(ConvertErrorKind::Limit));
        }
        for header in [&[0xdb, 0xff, 0xff, 0xff, 0xff][..], &[0xc6, 0xff, 0xff, 0xff, 0xff], &[0xcf, 1], &[]]
        {
            assert_eq!(read(header).map_err(|error| error.kind), Err(ConvertErrorKind::Value));
        }
    }

    #[test]
    fn nesting_has_a_limit() {
        let deep = [vec![0x91; 100_000], vec![0xc0]].concat();
        assert_eq!(read(&deep).map_err(|error| error.kind), Err(ConvertErrorKind::Limit));
    }

    #[test]
    fn text_has_to_be_utf_8() {
        assert_eq!(read(&[0xa2, 0xc3, 0x28]).map_err(|error| error.kind), Err(ConvertErrorKind::Unicode));
    }

    #[test]
    fn the_short_ways_read_what_the_long_one_reads_or_nothing() {
        for (bytes, number) in
            [(&[0x00][..], 0), (&[0x7f], 127), (&[0xcc, 0xff], 255), (&[0xcd, 0x01, 0x02], 258)]
        {
            let mut reader = Reader::new(bytes);
            assert_eq!(reader.small_int(), Some(number));
            assert!(reader.finish().is_ok());
            assert_eq!(Reader::new(bytes).token(), Ok(Token::Int(i128::from(number))));
        }
        let mut reader = Reader::new(&[0xa2, b'h', b'i', 0xff]);
        assert_eq!((reader.small_int(), reader.short_text()), (None, Some("hi")));
        assert_eq!(reader.token(), Ok(Token::Int(-1)));
        for odd in
            [&[][..], &[0xcc], &[0xcd, 1], &[0xce, 0, 0, 0, 1], &[0xa2, b'h'], &[0xa2, 0xc3, 0x28], &[0xc0]]
        {
            let mut reader = Reader::new(odd);
            assert_eq!((reader.small_int(), reader.short_text()), (None, None));
            assert_eq!(reader.token(), Reader::new(odd).token());
        }
    }

    #[test]
    fn nothing_may_follow() {
        assert!(read(&[0x01, 0x02]).is_err());
        assert!(read(&[0xc1]).is_err());
    }
}
