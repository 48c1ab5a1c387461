//! Cuts a stream of bytes into lines. Pure.

/// Longest line, in bytes. What is longer goes on in the next line, so that no reader needs more memory.
pub(super) const MAX_LINE_BYTES: usize = 64 << 10;

/// Holds the beginning of a line whose end has not arrived.
#[derive(Debug, Default)]
pub(super) struct LineSplitter {
    partial: Vec<u8>,
}

impl LineSplitter {
    /// Takes more bytes and hands every line that is complete by now to `take`, without its newline.
    ///
    /// Bytes that are no UTF-8 become replacement characters; carriage returns stay.
    pub(super) fn feed(&mut self, bytes: &[u8], take: &mut impl FnMut(String)) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.partial.extend_from_slice(piece);
            let complete = self.partial.last() == Some(&b'\n');
            if complete {
                self.partial.pop();
            }
            while self.partial.len() > MAX_LINE_BYTES {
                let rest = self.partial.split_off(cut(&self.partial));
                take(text(&self.partial));
                self.partial = rest;
            }
            if complete {
                take(text(&self.partial));
                self.partial.clear();
            }
        }
    }

    /// The last line, if the stream ended without a newline.
    pub(super) fn finish(&mut self) -> Option<String> {
        let rest = std::mem::take(&mut self.partial);
        (!rest.is_empty()).then(|| text(&rest))
    }
}

/// Where to cut a line that is too long: at the limit, or up to three bytes before it, so that no
/// character is torn.
fn cut(line: &[u8]) -> usize {
    let is_continuation = |ix: usize| line[ix] & 0b1100_0000 == 0b1000_0000;
    (MAX_LINE_BYTES - 3..=MAX_LINE_BYTES).rev().find(|ix| !is_continuation(*ix)).unwrap_or(MAX_LINE_BYTES)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::{LineSplitter, MAX_LINE_BYTES};

    fn split(pieces: &[&[u8]]) -> Vec<String> {
        let (mut splitter, mut lines) = (LineSplitter::default(), Vec::new());
        for piece in pieces {
            splitter.feed(piece, &mut |line| lines.push(line));
        }
        lines.extend(splitter.finish());
        lines
    }

    #[test]
    fn lines_are_joined_over_pieces() {
        assert_eq!(split(&[b"a\nb", b"c\n", b"\nlast"]), ["a", "bc", "", "last"]);
        assert_eq!(split(&[b"", b"\n"]), [""]);
        assert!(split(&[b""]).is_empty());
    }

    #[test]
    fn carriage_returns_stay_and_bad_bytes_are_replaced() {
        assert_eq!(split(&[b"10%\r20%\r\n\xff\xfex\n"]), ["10%\r20%\r", "\u{fffd}\u{fffd}x"]);
    }

    #[test]
    fn a_character_torn_between_two_reads_survives() {
        let bytes = "é\n".as_bytes();
        assert_eq!(split(&[&bytes[..1], &bytes[1..]]), ["é"]);
    }

    #[test]
    fn a_long_line_goes_on_in_the_next_one() {
        let long = vec![b'x'; MAX_LINE_BYTES * 2 + 5];
        let lines = split(&[&long, b"\n"]);
        let lengths: Vec<usize> = lines.iter().map(String::len).collect();
        assert_eq!(lengths, [MAX_LINE_BYTES, MAX_LINE_BYTES, 5]);
        let exact = vec![b'x'; MAX_LINE_BYTES];
        assert_eq!(split(&[&exact, b"\n"]).len(), 1);
    }

    #[test]
    fn a_long_line_is_not_cut_inside_a_character() {
        let long = format!("x{}", "é".repeat(MAX_LINE_BYTES));
        let lines = split(&[long.as_bytes()]);
        assert!(lines.iter().all(|line| !line.contains('\u{fffd}')));
        assert_eq!(lines.concat(), long);
    }
}
