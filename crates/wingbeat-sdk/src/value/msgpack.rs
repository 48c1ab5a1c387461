//! msgpack, as Python's library writes it: the smallest form of an integer, floats always in eight bytes, maps in the
//! order in which they were written. The reader trusts nothing: depth is limited, and a length that the bytes cannot
//! hold is an error before anything is allocated for it.

#![allow(clippy::wildcard_enum_match_arm, reason = "a value of any other kind is the same mistake")]

use rmp::Marker;
use serde_json::Value as Json;

use super::ValueError;

/// Deeper nesting than this is refused.
const MAX_DEPTH: usize = 200;

/// Writes fields.
#[derive(Debug, Default)]
pub struct Packer {
    bytes: Vec<u8>,
}

impl Packer {
    /// What was written.
    pub fn finish(self) -> Vec<u8> {
        self.bytes
    }

    /// Nothing.
    pub fn nil(&mut self) {
        self.bytes.push(0xc0);
    }

    /// A flag.
    pub fn bool(&mut self, value: bool) {
        self.bytes.push(if value { 0xc3 } else { 0xc2 });
    }

    /// An integer in its smallest form.
    pub fn int(&mut self, value: i64) {
        rmp::encode::write_sint(&mut self.bytes, value).expect("a vector takes every byte");
    }

    /// A number in eight bytes.
    pub fn float(&mut self, value: f64) {
        rmp::encode::write_f64(&mut self.bytes, value).expect("a vector takes every byte");
    }

    /// A string.
    pub fn text(&mut self, value: &str) {
        rmp::encode::write_str(&mut self.bytes, value).expect("a vector takes every byte");
    }

    /// Bytes.
    pub fn bytes(&mut self, value: &[u8]) {
        rmp::encode::write_bin(&mut self.bytes, value).expect("a vector takes every byte");
    }

    /// The beginning of a list.
    pub fn array(&mut self, n_items: usize) {
        let n_items = u32::try_from(n_items).unwrap_or(u32::MAX);
        rmp::encode::write_array_len(&mut self.bytes, n_items).expect("a vector takes every byte");
    }

    /// The beginning of a map.
    pub fn map(&mut self, n_entries: usize) {
        let n_entries = u32::try_from(n_entries).unwrap_or(u32::MAX);
        rmp::encode::write_map_len(&mut self.bytes, n_entries).expect("a vector takes every byte");
    }

    /// The key of the next value of a map.
    pub fn key(&mut self, key: &str) {
        self.text(key);
    }
}

/// One step of reading.
enum Token<'a> {
    Nil,
    Bool(bool),
    Int(i128),
    Float(f64),
    Text(&'a str),
    Bytes(&'a [u8]),
    Array(usize),
    Map(usize),
    Extension,
}

impl Token<'_> {
    fn kind(&self) -> &'static str {
        match self {
            Self::Nil => "None",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Float(_) => "float",
            Self::Text(_) => "str",
            Self::Bytes(_) => "bytes",
            Self::Array(_) => "list",
            Self::Map(_) => "dict",
            Self::Extension => "an extension",
        }
    }
}

/// Reads fields.
#[derive(Debug)]
pub struct Unpacker<'a> {
    rest: &'a [u8],
    depth: usize,
}

impl<'a> Unpacker<'a> {
    /// Reads from the beginning.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, depth: 0 }
    }

    /// Every byte was read.
    ///
    /// # Errors
    /// There are more.
    pub fn end(&self) -> Result<(), ValueError> {
        if self.rest.is_empty() {
            return Ok(());
        }
        Err(ValueError::new("the end of the value", format!("{} more bytes", self.rest.len())))
    }

    fn take(&mut self, n_bytes: usize) -> Result<&'a [u8], ValueError> {
        let (taken, rest) = self.rest.split_at_checked(n_bytes).ok_or_else(cut_off)?;
        self.rest = rest;
        Ok(taken)
    }

    /// A number of so many bytes, the largest first.
    fn number(&mut self, width: usize) -> Result<u64, ValueError> {
        Ok(self.take(width)?.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    fn length(&mut self, width: usize) -> Result<usize, ValueError> {
        usize::try_from(self.number(width)?).map_err(|_| cut_off())
    }

    fn text_of(&mut self, length: usize) -> Result<Token<'a>, ValueError> {
        let text = std::str::from_utf8(self.take(length)?);
        text.map(Token::Text).map_err(|_| ValueError::new("str", "bytes that are not UTF-8"))
    }

    fn extension(&mut self, length: usize) -> Result<Token<'a>, ValueError> {
        self.take(length + 1)?;
        Ok(Token::Extension)
    }

    /// A list or a map of `n_items` values can be here at all: each takes a byte at least.
    fn fits(&self, n_items: usize) -> Result<usize, ValueError> {
        if n_items > self.rest.len() { Err(cut_off()) } else { Ok(n_items) }
    }

    fn token(&mut self) -> Result<Token<'a>, ValueError> {
        let marker = Marker::from_u8(self.take(1)?[0]);
        Ok(match marker {
            Marker::Null => Token::Nil,
            Marker::True => Token::Bool(true),
            Marker::False => Token::Bool(false),
            Marker::FixPos(value) => Token::Int(value.into()),
            Marker::FixNeg(value) => Token::Int(value.into()),
            Marker::U8 => Token::Int(self.number(1)?.into()),
            Marker::U16 => Token::Int(self.number(2)?.into()),
            Marker::U32 => Token::Int(self.number(4)?.into()),
            Marker::U64 => Token::Int(self.number(8)?.into()),
            Marker::I8 => Token::Int(signed(self.number(1)?, 8)),
            Marker::I16 => Token::Int(signed(self.number(2)?, 16)),
            Marker::I32 => Token::Int(signed(self.number(4)?, 32)),
            Marker::I64 => Token::Int(signed(self.number(8)?, 64)),
            Marker::F32 => {
                let bits = u32::try_from(self.number(4)?).expect("four bytes");
                Token::Float(f32::from_bits(bits).into())
            }
            Marker::F64 => Token::Float(f64::from_bits(self.number(8)?)),
            Marker::FixStr(_) | Marker::Str8 | Marker::Str16 | Marker::Str32 => {
                let length = self.sized(marker)?;
                self.text_of(length)?
            }
            Marker::Bin8 | Marker::Bin16 | Marker::Bin32 => {
                let length = self.sized(marker)?;
                Token::Bytes(self.take(length)?)
            }
            Marker::FixArray(_) | Marker::Array16 | Marker::Array32 => {
                let length = self.sized(marker)?;
                Token::Array(self.fits(length)?)
            }
            Marker::FixMap(_) | Marker::Map16 | Marker::Map32 => {
                let length = self.sized(marker)?;
                Token::Map(self.fits(length)?)
            }
            Marker::FixExt1 => self.extension(1)?,
            Marker::FixExt2 => self.extension(2)?,
            Marker::FixExt4 => self.extension(4)?,
            Marker::FixExt8 => self.extension(8)?,
            Marker::FixExt16 => self.extension(16)?,
            Marker::Ext8 | Marker::Ext16 | Marker::Ext32 => {
                let length = self.sized(marker)?;
                self.extension(length)?
            }
            Marker::Reserved => return Err(ValueError::new("msgpack", "the reserved byte 0xc1")),
        })
    }

    /// The length that follows a marker, or is a part of it.
    fn sized(&mut self, marker: Marker) -> Result<usize, ValueError> {
        match marker {
            Marker::FixStr(length) | Marker::FixArray(length) | Marker::FixMap(length) => Ok(length.into()),
            Marker::Str8 | Marker::Bin8 | Marker::Ext8 => self.length(1),
            Marker::Str16 | Marker::Bin16 | Marker::Ext16 | Marker::Array16 | Marker::Map16 => self.length(2),
            _ => self.length(4),
        }
    }

    /// Is None next? Then it is read.
    pub fn nil(&mut self) -> bool {
        let is_nil = self.rest.first() == Some(&0xc0);
        if is_nil {
            self.rest = &self.rest[1..];
        }
        is_nil
    }

    /// A flag.
    ///
    /// # Errors
    /// Something else is next.
    pub fn bool(&mut self) -> Result<bool, ValueError> {
        match self.token()? {
            Token::Bool(value) => Ok(value),
            other => Err(ValueError::new("bool", other.kind())),
        }
    }

    /// An integer; also a whole float, which is what a console makes of one.
    ///
    /// # Errors
    /// Something else is next.
    pub fn int(&mut self) -> Result<i128, ValueError> {
        match self.token()? {
            Token::Int(value) => Ok(value),
            #[allow(clippy::cast_possible_truncation, reason = "checked: whole, and far below the limit")]
            Token::Float(value) if value.fract() == 0.0 && value.abs() < 1e19 => Ok(value as i128),
            Token::Float(value) => Err(ValueError::new("int", format!("the float {value}"))),
            other => Err(ValueError::new("int", other.kind())),
        }
    }

    /// A number; Python writes integers into fields for floats.
    ///
    /// # Errors
    /// Something else is next.
    pub fn float(&mut self) -> Result<f64, ValueError> {
        match self.token()? {
            Token::Float(value) => Ok(value),
            #[allow(clippy::cast_precision_loss, reason = "what Python's float() does as well")]
            Token::Int(value) => Ok(value as f64),
            other => Err(ValueError::new("float", other.kind())),
        }
    }

    /// A string.
    ///
    /// # Errors
    /// Something else is next.
    pub fn text(&mut self) -> Result<&'a str, ValueError> {
        match self.token()? {
            Token::Text(value) => Ok(value),
            other => Err(ValueError::new("str", other.kind())),
        }
    }

    /// Bytes.
    ///
    /// # Errors
    /// Something else is next.
    pub fn bytes(&mut self) -> Result<&'a [u8], ValueError> {
        match self.token()? {
            Token::Bytes(value) => Ok(value),
            other => Err(ValueError::new("bytes", other.kind())),
        }
    }

    /// A list: `item` is called for each of its items and has to read it.
    ///
    /// # Errors
    /// Something else is next; or the first error of `item`, with its position.
    pub fn array(
        &mut self,
        mut item: impl FnMut(&mut Self) -> Result<(), ValueError>,
    ) -> Result<(), ValueError> {
        match self.token()? {
            Token::Array(n_items) => {
                self.deeper(|input| (0..n_items).try_for_each(|ix| item(input).map_err(|error| error.at(ix))))
            }
            other => Err(ValueError::new("list", other.kind())),
        }
    }

    /// A map with string keys: `entry` is called for each key and has to read its value.
    ///
    /// # Errors
    /// Something else is next, a key is no string, or `entry` fails.
    pub fn map(
        &mut self,
        expected: &str,
        mut entry: impl FnMut(&'a str, &mut Self) -> Result<(), ValueError>,
    ) -> Result<(), ValueError> {
        match self.token()? {
            Token::Map(n_entries) => self.deeper(|input| {
                (0..n_entries).try_for_each(|_| {
                    let key = input.text().map_err(|error| error.within("a key"))?;
                    entry(key, input)
                })
            }),
            other => Err(ValueError::new(expected, other.kind())),
        }
    }

    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, ValueError>) -> Result<T, ValueError> {
        if self.depth == MAX_DEPTH {
            return Err(ValueError::new(format!("at most {MAX_DEPTH} levels"), "more"));
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }

    /// Reads whatever is next, and forgets it.
    ///
    /// # Errors
    /// It is no msgpack.
    pub fn skip(&mut self) -> Result<(), ValueError> {
        let n_values = match self.token()? {
            Token::Array(n_items) => n_items,
            Token::Map(n_entries) => n_entries * 2,
            Token::Nil
            | Token::Bool(_)
            | Token::Int(_)
            | Token::Float(_)
            | Token::Text(_)
            | Token::Bytes(_)
            | Token::Extension => 0,
        };
        self.deeper(|input| (0..n_values).try_for_each(|_| input.skip()))
    }

    /// Whatever is next, as JSON. Bytes become base64 with a newline, as Python's defaults have them.
    ///
    /// # Errors
    /// It has no JSON form.
    pub fn json(&mut self) -> Result<Json, ValueError> {
        use base64::Engine as _;
        Ok(match self.token()? {
            Token::Nil => Json::Null,
            Token::Bool(value) => Json::Bool(value),
            Token::Int(value) => match (i64::try_from(value), u64::try_from(value)) {
                (Ok(value), _) => value.into(),
                (_, Ok(value)) => value.into(),
                _ => return Err(ValueError::new("a number of JSON", value.to_string())),
            },
            Token::Float(value) => {
                let number = serde_json::Number::from_f64(value);
                number.ok_or_else(|| ValueError::new("a number of JSON", value.to_string()))?.into()
            }
            Token::Text(value) => value.into(),
            Token::Bytes(value) => (base64::engine::general_purpose::STANDARD.encode(value) + "\n").into(),
            Token::Array(n_items) => {
                let items = |input: &mut Self| {
                    (0..n_items).map(|ix| input.json().map_err(|error| error.at(ix))).collect()
                };
                Json::Array(self.deeper(items)?)
            }
            Token::Map(n_entries) => Json::Object(self.deeper(|input| input.entries(n_entries))?),
            Token::Extension => return Err(ValueError::new("a value of JSON", "an extension")),
        })
    }

    fn entries(&mut self, n_entries: usize) -> Result<serde_json::Map<String, Json>, ValueError> {
        let entries = (0..n_entries).map(|_| {
            let key = self.text().map_err(|error| error.within("a key"))?;
            Ok((key.to_owned(), self.json().map_err(|error| error.within(key))?))
        });
        entries.collect()
    }
}

fn signed(number: u64, bits: u32) -> i128 {
    let shift = 64 - bits;
    #[allow(clippy::cast_possible_wrap, reason = "the bits are those of a signed number")]
    let value = (number << shift) as i64 >> shift;
    value.into()
}

fn cut_off() -> ValueError {
    ValueError::new("more bytes", "the end of the value")
}
