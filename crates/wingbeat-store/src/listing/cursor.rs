//! Page tokens: where a list stopped, and of which list. Their text is ours alone and may change with any release.

use std::fmt::Debug;

use crate::{ActionQuery, Cursor, ReadError, TaskQuery, WindowQuery};

use super::Value;

/// Which list a token belongs to: a number made of everything in the query but the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListId(u64);

impl ListId {
    /// Of a list of actions.
    pub fn of_actions(query: &ActionQuery) -> Self {
        Self::of(&("actions", &query.scope, &query.filters, query.paused_only, &query.sort))
    }

    /// Of a list of task versions.
    pub fn of_tasks(query: &TaskQuery) -> Self {
        Self::of(&("tasks", &query.scope, &query.versions_of, &query.filters, &query.sort))
    }

    /// Of a window.
    pub fn of_window(query: &WindowQuery) -> Self {
        let started = (&query.started_from, &query.started_before);
        let order = (query.sort, query.direction);
        Self::of(&(
            "window",
            query.run,
            &query.parent,
            &query.phases,
            &query.group,
            &query.text,
            started,
            order,
        ))
    }

    // FNV-1a: tokens must outlive a restart, which the standard library's hasher does not promise.
    fn of(parts: &impl Debug) -> Self {
        let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        Self(format!("{parts:?}").bytes().fold(0xcbf2_9ce4_8422_2325, step))
    }
}

/// The position of a row in a list: the values of the order's terms, then what breaks ties.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CursorKey(pub Vec<Option<Value>>);

impl CursorKey {
    /// Makes a token of it.
    pub fn encode(&self, list: ListId) -> Cursor {
        let mut text = format!("1.{:016x}", list.0);
        for value in &self.0 {
            match value {
                None => text.push_str(".n"),
                Some(Value::Int(number)) => text = format!("{text}.i{number}"),
                Some(Value::Text(shown)) => text = format!("{text}.t{}", hex(shown)),
            }
        }
        Cursor(text)
    }

    /// Reads a token of `list` with `len` values.
    ///
    /// # Errors
    /// [`ReadError::BadCursor`]: it is not ours, or of another list.
    pub fn decode(cursor: &Cursor, list: ListId, len: usize) -> Result<Self, ReadError> {
        let start = format!("1.{:016x}.", list.0);
        let rest = cursor.0.strip_prefix(&start).ok_or(ReadError::BadCursor)?;
        let values = rest.split('.').map(decode_value).collect::<Result<Vec<_>, _>>()?;
        if values.len() == len { Ok(Self(values)) } else { Err(ReadError::BadCursor) }
    }
}

fn hex(text: &str) -> String {
    let digit = |half: u8| char::from_digit(half.into(), 16).expect("below 16");
    text.bytes().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

fn decode_value(text: &str) -> Result<Option<Value>, ReadError> {
    if text == "n" {
        return Ok(None);
    }
    let value = match text.strip_prefix('i') {
        Some(number) => number.parse().ok().map(Value::Int),
        None => text.strip_prefix('t').and_then(unhex).map(Value::Text),
    };
    value.map(Some).ok_or(ReadError::BadCursor)
}

fn unhex(text: &str) -> Option<String> {
    let digits = text.as_bytes();
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let bytes = digits.chunks(2).map(pair).collect::<Option<Vec<u8>>>()?;
    String::from_utf8(bytes).ok()
}
