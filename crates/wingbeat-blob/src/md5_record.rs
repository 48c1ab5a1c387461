//! Remembers the MD5 of uploaded objects, in a small object of its own beside the tree.
//!
//! Not an extended attribute: not every file system has them. The record names the `ETag` of what it
//! describes, so one that is out of date (a task wrote the file anew, or a crash came between the two
//! writes) is noticed and counts as missing. It is never the only source: MD5s can be computed again.

use crate::layout::hex;
use crate::path::{BlobPath, RESERVED_SEGMENT};

const VERSION: &str = "1";

/// Where the record of `path` lies, out of reach of any [`BlobPath`].
pub(crate) fn record_path(path: &BlobPath) -> object_store::path::Path {
    object_store::path::Path::parse(format!("{RESERVED_SEGMENT}/md5/{path}"))
        .expect("a checked path stays one below two plain segments")
}

pub(crate) fn encode(md5: &[u8; 16], e_tag: &str) -> String {
    format!("{VERSION} {} {e_tag}\n", hex(md5))
}

/// The recorded MD5, if `text` describes the object that has `e_tag`.
pub(crate) fn decode(text: &[u8], e_tag: &str) -> Option<[u8; 16]> {
    let text = std::str::from_utf8(text).ok()?.strip_suffix('\n')?;
    let (version, rest) = text.split_once(' ')?;
    let (md5, of) = rest.split_once(' ')?;
    if version != VERSION || of != e_tag || md5.len() != 32 {
        return None;
    }
    let mut out = [0; 16];
    for (ix, byte) in out.iter_mut().enumerate() {
        *byte = u8::from_str_radix(md5.get(ix * 2..ix * 2 + 2)?, 16).ok()?;
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::{decode, encode};

    #[test]
    fn a_record_counts_only_for_what_it_describes() {
        let md5 = [0x0f; 16];
        let text = encode(&md5, "\"1-2-3\"");
        assert_eq!(decode(text.as_bytes(), "\"1-2-3\""), Some(md5));
        assert_eq!(decode(text.as_bytes(), "\"1-2-4\""), None);
        assert_eq!(decode(b"", "x"), None);
        assert_eq!(decode(b"2 00 x\n", "x"), None);
        assert_eq!(decode(&text.as_bytes()[..10], "\"1-2-3\""), None);
    }
}
