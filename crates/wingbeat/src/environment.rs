//! What the process was started with. Words and variables may be any bytes; std's own readers of text panic at them.

use std::ffi::OsString;

/// The words of the command line.
///
/// # Errors
/// One of them is no text; which one.
pub(crate) fn words() -> Result<Vec<String>, OsString> {
    std::env::args_os().map(OsString::into_string).collect()
}

/// The variables. Names and values that are no text cannot be meant for us.
pub(crate) fn variables() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}
