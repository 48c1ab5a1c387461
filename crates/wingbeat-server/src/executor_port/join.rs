//! The first message of a connection, and what is said to it. Judging is pure but for the list of tokens.

use std::io;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::server::TlsStream;
use wingbeat_model::{Join, JoinAnswer, JoinToken};

use super::TokenBook;
use super::tokens::TokenRefusal;

/// Largest first message.
const MAX_JOIN: u32 = 16 << 10;
/// Beyond this difference of clocks object stores refuse signatures, and times in the console make no sense.
const MAX_SKEW_SECONDS: i64 = 15 * 60;

/// Why an executor may not come in; its operator reads this.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    /// It shows nothing that is a token.
    #[error("no join token was shown")]
    NoToken,
    /// Its token is not good.
    #[error(transparent)]
    Token(#[from] TokenRefusal),
    /// It was told another store before.
    #[error("this executor uses the object store {theirs}, and the server uses {ours} now; start it again")]
    OtherStore { theirs: String, ours: String },
    /// Its clock is wrong, or ours.
    #[error(
        "the clock of this machine is {} s {} that of the server; set it (object stores refuse requests with a wrong time)",
        seconds.abs(), if *seconds > 0 { "ahead of" } else { "behind" }
    )]
    Clock { seconds: i64 },
    /// Not the executor's fault.
    #[error("the server cannot read its list of join tokens; its log says more")]
    Unreadable,
}

/// Reads the message: its length in four bytes, then itself.
pub(super) async fn read<S>(stream: &mut TlsStream<S>) -> io::Result<Join>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    let length = stream.read_u32().await?;
    if length > MAX_JOIN {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "its first message is too long"));
    }
    let mut bytes = vec![0; usize::try_from(length).map_err(io::Error::other)?];
    stream.read_exact(&mut bytes).await?;
    let text = String::from_utf8(bytes);
    text.map(|text| Join::parse(&text))
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.utf8_error()))
}

/// Says yes, or why not.
pub(super) async fn answer<S>(
    stream: &mut TlsStream<S>,
    store: &str,
    refusal: Option<&Refusal>,
) -> io::Result<()>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    let answer = JoinAnswer {
        refused: refusal.map(ToString::to_string).unwrap_or_default(),
        again: matches!(refusal, Some(Refusal::Unreadable)),
        store: store.to_owned(),
    };
    let text = answer.to_text();
    stream.write_u32(u32::try_from(text.len()).map_err(io::Error::other)?).await?;
    stream.write_all(text.as_bytes()).await?;
    stream.flush().await
}

/// May this executor come in? The id of its token, if so.
pub(super) fn judge(join: &Join, book: &TokenBook, store: &str, now: i64) -> Result<String, Refusal> {
    let token = JoinToken::parse(&join.token).map_err(|_| Refusal::NoToken)?;
    let checked = book.check(&token.id, Some(&token.secret), now).map_err(|error| {
        tracing::error!(%error, "the list of join tokens cannot be read");
        Refusal::Unreadable
    })?;
    checked?;
    let skew = join.now_seconds - now;
    if skew.abs() > MAX_SKEW_SECONDS {
        return Err(Refusal::Clock { seconds: skew });
    }
    if !join.store.is_empty() && join.store != store {
        return Err(Refusal::OtherStore { theirs: join.store.clone(), ours: store.to_owned() });
    }
    Ok(token.id)
}

#[cfg(test)]
mod tests {
    use wingbeat_model::Join;

    use super::{Refusal, judge};
    use crate::executor_port::tokens::{TokenBook, TokenRefusal};

    const NOW: i64 = 1_000_000;

    #[test]
    fn who_may_come_in_is_decided_by_token_clock_and_store() {
        let folder = tempfile::tempdir().unwrap();
        let book = TokenBook::new(folder.path());
        let good = book.create("", NOW, 3600, None).unwrap().to_text();
        let other =
            TokenBook::new(&folder.path().join("other")).create("", NOW, 3600, None).unwrap().to_text();
        let check = |token: &str, store: &str, at: i64, now: i64| {
            let (token, store) = (token.to_owned(), store.to_owned());
            let join = Join { token, store, now_seconds: at, ..Default::default() };
            judge(&join, &book, "s3://ours", now).map(drop)
        };
        assert_eq!(check(&good, "", NOW, NOW), Ok(()));
        assert_eq!(check(&good, "s3://ours", NOW + 600, NOW), Ok(()));
        assert_eq!(check("", "", NOW, NOW), Err(Refusal::NoToken));
        assert_eq!(check(&other, "", NOW, NOW), Err(Refusal::Token(TokenRefusal::Unknown)));
        assert_eq!(check(&good, "", NOW + 3600, NOW + 3600), Err(Refusal::Token(TokenRefusal::Expired)));
        assert_eq!(check(&good, "", NOW - 1000, NOW), Err(Refusal::Clock { seconds: -1000 }));
        assert!(matches!(check(&good, "s3://theirs", NOW, NOW), Err(Refusal::OtherStore { .. })));
        let told = Refusal::Clock { seconds: -1000 }.to_string();
        assert!(told.contains("1000 s behind"), "{told}");
    }
}
