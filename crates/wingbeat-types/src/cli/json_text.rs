//! JSON as Python's own reader takes it: keys keep their order, `NaN` is a number, and what is wrong is told in its words
//! with its place. People look these messages up.

use std::collections::HashMap;

use crate::value::Value;

/// Deeper nesting than this is refused.
const MAX_DEPTH: usize = 400;

/// A text as a value; or why it is none.
pub(super) fn read(text: &str) -> Result<Value, String> {
    let mut reader = Reader { text, at: 0, depth: 0 };
    reader.skip_space();
    let value = reader.value().map_err(|(message, at)| told(text, message, at))?;
    reader.skip_space();
    if reader.at < text.len() { Err(told(text, "Extra data", reader.at)) } else { Ok(value) }
}

fn told(text: &str, message: &str, at: usize) -> String {
    let before = &text[..at.min(text.len())];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!("{message}: line {line} column {column} (char {})", before.chars().count())
}

struct Reader<'t> {
    text: &'t str,
    /// In bytes.
    at: usize,
    depth: usize,
}

/// What is wrong, and where.
type Wrong = (&'static str, usize);

impl Reader<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn next(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn skip_space(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
    }

    fn takes(&mut self, word: &str) -> bool {
        let is_next = self.rest().starts_with(word);
        if is_next {
            self.at += word.len();
        }
        is_next
    }

    fn value(&mut self) -> Result<Value, Wrong> {
        const WORDS: [(&str, Value); 6] = [
            ("null", Value::None),
            ("true", Value::Bool(true)),
            ("false", Value::Bool(false)),
            ("NaN", Value::Float(f64::NAN)),
            ("Infinity", Value::Float(f64::INFINITY)),
            ("-Infinity", Value::Float(f64::NEG_INFINITY)),
        ];
        match self.next() {
            Some('"') => self.text().map(Value::Str),
            Some('{') => self.deeper(Self::object),
            Some('[') => self.deeper(Self::array),
            _ => match WORDS.into_iter().find(|(word, _)| self.takes(word)) {
                Some((_, value)) => Ok(value),
                None => self.number(),
            },
        }
    }

    fn deeper(&mut self, read: fn(&mut Self) -> Result<Value, Wrong>) -> Result<Value, Wrong> {
        if self.depth >= MAX_DEPTH {
            return Err(("The value is nested too deep", self.at));
        }
        self.depth += 1;
        let value = read(self);
        self.depth -= 1;
        value
    }

    fn number(&mut self) -> Result<Value, Wrong> {
        let rest = self.rest();
        let digits = |from: usize| rest[from..].bytes().take_while(u8::is_ascii_digit).count();
        let sign = usize::from(rest.starts_with('-'));
        let whole = match digits(sign) {
            0 => return Err(("Expecting value", self.at)),
            _ if rest[sign..].starts_with('0') => sign + 1,
            count => sign + count,
        };
        let mut end = whole;
        if rest[end..].starts_with('.') && digits(end + 1) > 0 {
            end += 1 + digits(end + 1);
        }
        if rest[end..].starts_with(['e', 'E']) {
            let sign = usize::from(rest[end + 1..].starts_with(['+', '-']));
            if digits(end + 1 + sign) > 0 {
                end += 1 + sign + digits(end + 1 + sign);
            }
        }
        let number = &rest[..end];
        let value = if end == whole { number.parse().map(Value::Int).ok() } else { None };
        let value = value.or_else(|| number.parse().map(Value::Float).ok());
        let value = value.ok_or(("Expecting value", self.at))?;
        self.at += end;
        Ok(value)
    }

    fn array(&mut self) -> Result<Value, Wrong> {
        self.at += 1;
        self.skip_space();
        let mut items = Vec::new();
        if self.takes("]") {
            return Ok(Value::List(items));
        }
        loop {
            items.push(self.value()?);
            self.skip_space();
            if self.takes("]") {
                return Ok(Value::List(items));
            }
            if !self.takes(",") {
                return Err(("Expecting ',' delimiter", self.at));
            }
            self.skip_space();
        }
    }

    fn object(&mut self) -> Result<Value, Wrong> {
        const NO_NAME: &str = "Expecting property name enclosed in double quotes";
        self.at += 1;
        self.skip_space();
        let mut entries: Vec<(Value, Value)> = Vec::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        if self.takes("}") {
            return Ok(Value::Map(entries));
        }
        loop {
            if self.next() != Some('"') {
                return Err((NO_NAME, self.at));
            }
            let name = self.text()?;
            self.skip_space();
            if !self.takes(":") {
                return Err(("Expecting ':' delimiter", self.at));
            }
            self.skip_space();
            let value = self.value()?;
            // The last of one name counts, in the first one's place.
            if let Some(at) = places.get(&name) {
                entries[*at].1 = value;
            } else {
                places.insert(name.clone(), entries.len());
                entries.push((Value::Str(name), value));
            }
            self.skip_space();
            if self.takes("}") {
                return Ok(Value::Map(entries));
            }
            if !self.takes(",") {
                return Err(("Expecting ',' delimiter", self.at));
            }
            self.skip_space();
        }
    }

    fn text(&mut self) -> Result<String, Wrong> {
        let begin = self.at;
        self.at += 1;
        let mut out = String::new();
        loop {
            let one = self.next().ok_or(("Unterminated string starting at", begin))?;
            match one {
                '"' => {
                    self.at += 1;
                    return Ok(out);
                }
                '\\' => out.push(self.escape(begin)?),
                one if u32::from(one) < 0x20 => return Err(("Invalid control character at", self.at)),
                one => {
                    self.at += one.len_utf8();
                    out.push(one);
                }
            }
        }
    }

    fn escape(&mut self, begin: usize) -> Result<char, Wrong> {
        let at = self.at;
        self.at += 1;
        let one = self.next().ok_or(("Unterminated string starting at", begin))?;
        self.at += one.len_utf8();
        Ok(match one {
            '"' | '\\' | '/' => one,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                let high = self.code_unit(at)?;
                let low = if (0xd800..0xdc00).contains(&high) && self.takes("\\u") {
                    Some(self.code_unit(at)?)
                } else {
                    None
                };
                let units = [Some(high), low].into_iter().flatten();
                // A lone half of a pair is no text here.
                char::decode_utf16(units).next().and_then(Result::ok).unwrap_or(char::REPLACEMENT_CHARACTER)
            }
            _ => return Err(("Invalid \\escape", at)),
        })
    }

    fn code_unit(&mut self, escape: usize) -> Result<u16, Wrong> {
        let digits = self.rest().get(..4).filter(|one| one.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let unit = digits.and_then(|digits| u16::from_str_radix(digits, 16).ok());
        self.at += 4;
        unit.ok_or(("Invalid \\uXXXX escape", escape + 1))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop, proptest};

    use super::read;
    use crate::of_json;
    use crate::value::Value;

    #[test]
    fn keys_keep_their_order_and_the_last_value_counts() {
        let entry = |key: &str, number| (Value::Str(key.into()), Value::Int(number));
        assert_eq!(read(r#"{"b": 1, "a": 2, "b": 3}"#), Ok(Value::Map(vec![entry("b", 3), entry("a", 2)])));
    }

    #[test]
    fn what_is_wrong_is_told_as_python_tells_it() {
        for (text, message) in [
            ("", "Expecting value: line 1 column 1 (char 0)"),
            ("1,2", "Extra data: line 1 column 2 (char 1)"),
            ("[1,", "Expecting value: line 1 column 4 (char 3)"),
            ("[1", "Expecting ',' delimiter: line 1 column 3 (char 2)"),
            ("{", "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
            ("{\"a\":1,}", "Expecting property name enclosed in double quotes: line 1 column 8 (char 7)"),
            ("{\"a\" 1}", "Expecting ':' delimiter: line 1 column 6 (char 5)"),
            ("{\"a\":1", "Expecting ',' delimiter: line 1 column 7 (char 6)"),
            ("\n \"é", "Unterminated string starting at: line 2 column 2 (char 2)"),
            ("\"\\x\"", "Invalid \\escape: line 1 column 2 (char 1)"),
            ("01", "Extra data: line 1 column 2 (char 1)"),
        ] {
            assert_eq!(read(text), Err(message.to_owned()), "{text}");
        }
        assert!(read(&"[".repeat(100_000)).is_err());
    }

    proptest! {
        #[test]
        fn json_reads_as_it_does_elsewhere(text in "[\\[\\]{}\":,0-9.eE+a-ntrufl\\\\ -]{0,24}") {
            let theirs = serde_json::from_str::<serde_json::Value>(&text);
            if let Ok(json) = &theirs {
                let ours = read(&text).map(|value| format!("{value:?}").chars().count());
                assert_eq!(ours, Ok(format!("{:?}", of_json(json)).chars().count()), "{text}");
            }
        }

        #[test]
        fn no_text_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            drop(read(&String::from_utf8_lossy(&bytes)));
        }
    }
}
