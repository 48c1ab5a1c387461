//! Texts that rows are found and counted by. No index takes one of any length, so the API does not either.

use connectrpc::ConnectError;

/// Bytes of one such text. Two of them fit into a key of every store.
const MOST: usize = 1_000;

/// Refuses a text that is too long to be found again.
///
/// # Errors
/// `invalid_argument` with the field and both lengths.
pub(super) fn check_length(field: &str, text: &str) -> Result<(), ConnectError> {
    if text.len() <= MOST {
        return Ok(());
    }
    let message = format!("{field} has {} bytes; it may have {MOST}", text.len());
    Err(ConnectError::invalid_argument(message))
}

#[cfg(test)]
mod tests {
    use connectrpc::ErrorCode;

    use super::check_length;

    #[test]
    fn a_text_that_no_index_takes_is_refused_by_name() {
        assert!(check_length("action.group", &"x".repeat(1_000)).is_ok());
        let refused = check_length("action.group", &"x".repeat(1_001)).unwrap_err();
        assert_eq!(refused.code, ErrorCode::InvalidArgument);
        assert_eq!(refused.message.as_deref(), Some("action.group has 1001 bytes; it may have 1000"));
    }
}
