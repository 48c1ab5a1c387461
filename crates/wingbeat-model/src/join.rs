//! The join token: what an executor on another machine shows, and what it recognises the server by; and the two
//! messages with which a connection to the executors' port begins, before any call.
//!
//! ```text
//! wbj1_<id, 16 hex>_<secret, 64 hex>_<SHA-256 of the server's certificate, 64 hex, or "any">
//! ```
//!
//! One line that can be kept in a file or a secret manager. The server keeps only a hash of the secret.
//!
//! A message is lines of `name=value`; names that are not known are passed over. On the wire stands its length in four
//! bytes, the most significant first, and then the text.

use std::fmt;

const VERSION: &str = "wbj1";
const ANY: &str = "any";

/// A join token. Its `Debug` shows the id alone.
#[derive(Clone, PartialEq, Eq)]
pub struct JoinToken {
    /// Names it in lists and logs. No secret.
    pub id: String,
    /// Proves it.
    pub secret: [u8; 32],
    /// SHA-256 of the certificate that the server must have; `None` where an authority vouches for it.
    pub certificate: Option<[u8; 32]>,
}

/// A text that is no join token. It does not repeat the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is not a join token of this version; those begin with `wbj1_`")]
pub struct NotAToken;

impl JoinToken {
    /// Reads what [`Self::to_text`] wrote; space around it does not matter.
    ///
    /// # Errors
    /// [`NotAToken`].
    pub fn parse(text: &str) -> Result<Self, NotAToken> {
        let parts: Vec<&str> = text.trim().split('_').collect();
        let [VERSION, id, secret, certificate] = parts[..] else { return Err(NotAToken) };
        if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(NotAToken);
        }
        let certificate = match certificate {
            ANY => None,
            hex => Some(unhex(hex).ok_or(NotAToken)?),
        };
        Ok(Self { id: id.to_owned(), secret: unhex(secret).ok_or(NotAToken)?, certificate })
    }

    /// The whole token, secret included: for a file that only its owner may read.
    pub fn to_text(&self) -> String {
        let certificate = self.certificate.map_or_else(|| ANY.to_owned(), |digest| hex(&digest));
        format!("{VERSION}_{}_{}_{certificate}", self.id, hex(&self.secret))
    }
}

impl fmt::Debug for JoinToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinToken").field("id", &self.id).finish_non_exhaustive()
    }
}

/// What an executor says first.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Join {
    /// The whole join token.
    pub token: String,
    /// Name of the executor, for the server's log.
    pub executor: String,
    /// The object store that it uses; empty on the first connection, which asks for it.
    pub store: String,
    /// Its clock, in seconds since 1970.
    pub now_seconds: i64,
}

/// What the server answers. After a good answer the connection speaks HTTP/2.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JoinAnswer {
    /// Why the executor may not come in, for its operator; empty: it may.
    pub refused: String,
    /// With a refusal: it may be different later.
    pub again: bool,
    /// The object store that executors use.
    pub store: String,
}

impl Join {
    /// As it is sent.
    pub fn to_text(&self) -> String {
        let now = self.now_seconds.to_string();
        lines(&[("token", &self.token), ("executor", &self.executor), ("store", &self.store), ("now", &now)])
    }

    /// Reads what [`Self::to_text`] wrote; what is missing is empty.
    pub fn parse(text: &str) -> Self {
        let value = |name| value(text, name).to_owned();
        Self {
            token: value("token"),
            executor: value("executor"),
            store: value("store"),
            now_seconds: value("now").parse().unwrap_or_default(),
        }
    }
}

impl JoinAnswer {
    /// As it is sent.
    pub fn to_text(&self) -> String {
        let again = if self.again { "yes" } else { "" };
        lines(&[("refused", &self.refused), ("again", again), ("store", &self.store)])
    }

    /// Reads what [`Self::to_text`] wrote; what is missing is empty.
    pub fn parse(text: &str) -> Self {
        let again = value(text, "again") == "yes";
        Self { refused: value(text, "refused").to_owned(), again, store: value(text, "store").to_owned() }
    }
}

/// No value can begin a line of its own.
fn lines(pairs: &[(&str, &str)]) -> String {
    let line = |(name, value): &(&str, &str)| format!("{name}={}\n", value.replace(['\n', '\r'], " "));
    pairs.iter().map(line).collect::<Vec<_>>().concat()
}

fn value<'a>(text: &'a str, name: &str) -> &'a str {
    let mut values = text.lines().filter_map(|line| line.split_once('='));
    values.find(|(known, _)| *known == name).map(|(_, value)| value).unwrap_or_default()
}

/// Bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

/// Reads what [`hex`] wrote of 32 bytes.
pub fn unhex(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    let mut bytes = [0; 32];
    for (ix, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[ix * 2..ix * 2 + 2], 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::{Join, JoinAnswer, JoinToken};

    #[test]
    fn messages_are_read_as_they_were_written() {
        let join = Join {
            token: "wbj1_x".to_owned(),
            executor: "gpu=1".to_owned(),
            store: "s3://b/p".to_owned(),
            now_seconds: -5,
        };
        assert!(Join::parse(&format!("later=1\n{}", join.to_text())) == join);
        let answer = JoinAnswer { refused: "no".to_owned(), again: true, store: String::new() };
        assert_eq!(JoinAnswer::parse(&answer.to_text()), answer);
        assert_eq!(JoinAnswer::parse("garbage"), JoinAnswer::default());
    }

    #[test]
    fn a_value_cannot_add_a_line() {
        let join = Join { executor: "x\ntoken=stolen".to_owned(), ..Join::default() };
        assert_eq!(Join::parse(&join.to_text()).token, "");
    }

    #[test]
    fn a_token_is_read_as_it_was_written() {
        for certificate in [None, Some([0xab; 32])] {
            let token = JoinToken { id: "00ff".to_owned(), secret: [7; 32], certificate };
            assert_eq!(JoinToken::parse(&format!(" {}\n", token.to_text())), Ok(token));
        }
    }

    #[test]
    fn other_texts_are_none_and_are_not_repeated() {
        let good = JoinToken { id: "00ff".to_owned(), secret: [7; 32], certificate: None }.to_text();
        let short = &good[..good.len() - 5];
        for text in ["", "sesame", "wbj2_00ff_", short, &good.replace("00ff", "a b"), &format!("{good}_x")] {
            let error = JoinToken::parse(text).unwrap_err().to_string();
            assert!(!error.contains("sesame"), "{error}");
        }
    }

    #[test]
    fn a_token_in_a_log_shows_no_secret() {
        let token = JoinToken { id: "00ff".to_owned(), secret: [0xcd; 32], certificate: None };
        assert!(!format!("{token:?}").contains("cdcd") && !format!("{token:?}").contains("205"));
    }
}
