//! msgpack, as Python's library writes it: the smallest form of an integer, floats always in eight bytes, maps in the
//! order in which they were written. What is read is taken apart by `wingbeat-types`, which trusts nothing; how deep a
//! field may be nested is limited here.

#![allow(clippy::wildcard_enum_match_arm, reason = "a value of any other kind is the same mistake")]

use rmp::Marker;
use serde_json::Value as Json;
use wingbeat_types::ConvertError;
use wingbeat_types::msgpack::{Reader, Token};

use super::ValueError;

/// Deeper nesting than this is refused.
const MAX_DEPTH: usize = 200;

/// Room is made for so many items before the first is read: who sends a list says how long it is, and need not be right.
const MOST_AT_ONCE: usize = 4_096;

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

/// Reads fields.
#[derive(Debug)]
pub struct Unpacker<'a> {
    reader: Reader<'a>,
    depth: usize,
}

impl<'a> Unpacker<'a> {
    /// Reads from the beginning.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { reader: Reader::new(bytes), depth: 0 }
    }

    /// Every byte was read.
    ///
    /// # Errors
    /// There are more.
    pub fn end(&self) -> Result<(), ValueError> {
        self.reader.finish().map_err(|_| ValueError::new("the end of the value", "more bytes"))
    }

    #[inline]
    fn token(&mut self) -> Result<Token<'a>, ValueError> {
        self.reader.token().map_err(unreadable)
    }

    /// Is None next? Then it is read.
    pub fn nil(&mut self) -> bool {
        let is_nil = self.reader.peek() == Some(Marker::Null);
        if is_nil {
            self.reader.token().expect("a marker that is a whole value");
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
    #[inline]
    pub fn int(&mut self) -> Result<i128, ValueError> {
        if let Some(value) = self.reader.small_int() {
            return Ok(i128::from(value));
        }
        self.any_int()
    }

    fn any_int(&mut self) -> Result<i128, ValueError> {
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
    #[inline]
    pub fn text(&mut self) -> Result<&'a str, ValueError> {
        if let Some(value) = self.reader.short_text() {
            return Ok(value);
        }
        match self.token()? {
            Token::Str(value) => Ok(value),
            other => Err(ValueError::new("str", other.kind())),
        }
    }

    /// Bytes.
    ///
    /// # Errors
    /// Something else is next.
    pub fn bytes(&mut self) -> Result<&'a [u8], ValueError> {
        match self.token()? {
            Token::Bin(value) => Ok(value),
            other => Err(ValueError::new("bytes", other.kind())),
        }
    }

    /// A list: `item` is called for each of its items and has to read it.
    ///
    /// # Errors
    /// Something else is next; or the first error of `item`, with its position.
    pub fn list<T>(
        &mut self,
        mut item: impl FnMut(&mut Self) -> Result<T, ValueError>,
    ) -> Result<Vec<T>, ValueError> {
        let n_items = match self.token()? {
            Token::Array(n_items) => n_items,
            other => return Err(ValueError::new("list", other.kind())),
        };
        let mut items = Vec::with_capacity(n_items.min(MOST_AT_ONCE));
        self.deeper(|input| {
            (0..n_items).try_for_each(|ix| {
                items.push(item(input).map_err(|error| error.at(ix))?);
                Ok(())
            })
        })?;
        Ok(items)
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
            | Token::Str(_)
            | Token::Bin(_)
            | Token::Ext(..) => 0,
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
            Token::Str(value) => value.into(),
            Token::Bin(value) => (base64::engine::general_purpose::STANDARD.encode(value) + "\n").into(),
            Token::Array(n_items) => {
                let items = |input: &mut Self| {
                    (0..n_items).map(|ix| input.json().map_err(|error| error.at(ix))).collect()
                };
                Json::Array(self.deeper(items)?)
            }
            Token::Map(n_entries) => Json::Object(self.deeper(|input| input.entries(n_entries))?),
            Token::Ext(..) => return Err(ValueError::new("a value of JSON", "an extension")),
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

#[cold]
fn unreadable(error: ConvertError) -> ValueError {
    ValueError::new("msgpack", error.message)
}
