//! Cuts a Connect stream into its messages. Pure; it looks at the five-byte heads, never inside.

use bytes::{Buf, Bytes, BytesMut};

const HEAD_BYTES: usize = 5;
const END_OF_STREAM: u8 = 0b10;

/// One piece of a stream.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Envelope {
    /// A message, with its head: it is forwarded as it is.
    Message(Bytes),
    /// The last piece: JSON, without its head.
    End(Bytes),
}

/// Collects bytes until whole envelopes are there.
#[derive(Debug, Default)]
pub(super) struct Splitter {
    buffer: BytesMut,
}

impl Splitter {
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole envelope, if there is one.
    pub(super) fn next(&mut self) -> Option<Envelope> {
        let [flags, a, b, c, d] = *self.buffer.first_chunk::<HEAD_BYTES>()?;
        let length = u32::from_be_bytes([a, b, c, d]) as usize;
        if self.buffer.len() < HEAD_BYTES + length {
            return None;
        }
        let mut whole = self.buffer.split_to(HEAD_BYTES + length).freeze();
        if flags & END_OF_STREAM == 0 {
            return Some(Envelope::Message(whole));
        }
        whole.advance(HEAD_BYTES);
        Some(Envelope::End(whole))
    }

    /// Forgets half an envelope whose rest was lost with its connection.
    pub(super) fn clear(&mut self) {
        self.buffer.clear();
    }
}

/// The last piece of a stream, with its head.
pub(super) fn end_envelope(json: &[u8]) -> Bytes {
    let mut bytes = Vec::with_capacity(HEAD_BYTES + json.len());
    bytes.push(END_OF_STREAM);
    let length = u32::try_from(json.len()).expect("an error message is shorter than 4 GiB");
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(json);
    Bytes::from(bytes)
}

#[cfg(test)]
mod tests {
    use super::{Envelope, Splitter, end_envelope};

    #[test]
    fn envelopes_come_out_whole_however_the_bytes_arrive() {
        let mut stream = vec![0, 0, 0, 0, 3, b'a', b'b', b'c', 1, 0, 0, 0, 0];
        stream.extend_from_slice(&end_envelope(b"{}"));
        for step in 1..stream.len() {
            let mut splitter = Splitter::default();
            let mut found = Vec::new();
            for piece in stream.chunks(step) {
                splitter.push(piece);
                while let Some(envelope) = splitter.next() {
                    found.push(envelope);
                }
            }
            let expected = [
                Envelope::Message(stream[..8].to_vec().into()),
                Envelope::Message(stream[8..13].to_vec().into()),
                Envelope::End(b"{}".to_vec().into()),
            ];
            assert_eq!(found, expected, "in steps of {step}");
        }
    }
}
