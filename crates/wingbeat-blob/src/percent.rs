//! Percent-encoding of paths and query values. Pure, and strict when it reads: what we did not
//! write ourselves is refused, never repaired.

use std::fmt::Write as _;

/// Encodes everything but RFC 3986's unreserved characters, so that no client or proxy rewrites it.
pub(crate) fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            write!(out, "%{byte:02X}").expect("writing to a String cannot fail");
        }
    }
    out
}

/// Like [`encode`], but keeps `/`.
pub(crate) fn encode_path(path: &str) -> String {
    path.split('/').map(encode).collect::<Vec<_>>().join("/")
}

/// The text behind `encoded`, or `None` if a `%` lacks its digits or the bytes are not UTF-8.
pub(crate) fn decode(encoded: &str) -> Option<String> {
    let mut out = Vec::with_capacity(encoded.len());
    let mut bytes = encoded.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let high = hex_digit(bytes.next()?)?;
            let low = hex_digit(bytes.next()?)?;
            out.push((high << 4) | low);
        } else {
            out.push(byte);
        }
    }
    String::from_utf8(out).ok()
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, proptest};

    use super::{decode, encode, encode_path};

    #[test]
    fn bad_encodings_are_refused() {
        for text in ["%", "%4", "%zz", "a%2", "%ff", "%+1"] {
            assert_eq!(decode(text), None, "{text}");
        }
        assert_eq!(decode("a+b%20c").as_deref(), Some("a+b c"));
    }

    proptest! {
        #[test]
        fn any_text_survives_a_round_trip(text in any::<String>()) {
            assert_eq!(decode(&encode(&text)).as_deref(), Some(text.as_str()));
            let by_segment: Option<Vec<String>> = encode_path(&text).split('/').map(decode).collect();
            assert_eq!(by_segment.map(|parts| parts.join("/")).as_deref(), Some(text.as_str()));
            assert!(encode_path(&text).bytes().all(|b| b.is_ascii_graphic() && b != b'?' && b != b'#'));
        }
    }
}
