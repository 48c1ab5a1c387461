//! Tokens: got before the first call, again before they expire, and once more after one was refused.
//!
//! Who gives them is the server's to say (its authentication metadata) or a program's; how long they last is theirs.
//! A token and a secret appear in no error and no log. What a token may be used for is not known here.

use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use connectrpc::client::ClientConfig;
use connectrpc::{ConnectError, ErrorCode};
use http::{HeaderName, HeaderValue};
use tokio::process::Command;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};
use wingbeat_proto::flyteidl2::auth::{
    AuthMetadataServiceClient, GetOAuth2MetadataRequest, GetPublicClientConfigRequest,
};

use crate::access::{ClientSecret, Credentials};
use crate::connection::Line;
use crate::oauth::{self, Fresh, Provider};
use crate::web::Web;

/// A token is replaced so long before its end, or after four fifths of a short life.
const BEFORE_ITS_END: Duration = Duration::from_mins(1);
/// A program that asks a person may take a while.
const COMMAND_PATIENCE: Duration = Duration::from_mins(2);

/// So long is a token tried that was got in another's stead: streams that were refused with that other one may still say so.
const STRAGGLERS: Duration = Duration::from_secs(5);

/// A token in the form in which it is sent.
pub(crate) struct Held {
    pub(crate) header: HeaderName,
    pub(crate) value: HeaderValue,
    replace_at: Option<Instant>,
    /// When it was got because another one was refused, if it was.
    after_refusal: Option<Instant>,
    /// A call with it was answered.
    is_proven: AtomicBool,
}

impl Held {
    pub(crate) fn prove(&self) {
        self.is_proven.store(true, Ordering::Relaxed);
    }

    fn is_old(&self) -> bool {
        self.replace_at.is_some_and(|at| Instant::now() >= at)
    }
}

/// What is known of tokens.
#[derive(Default)]
enum Known {
    #[default]
    Nothing,
    /// The server has no identity provider: it lets everybody in.
    NoneNeeded,
    Token(Arc<Held>),
}

/// Gets tokens for the calls of one client. Many may wait for one.
pub(crate) struct Authenticator {
    credentials: Credentials,
    line: Line,
    config: ClientConfig,
    web: Web,
    provider: Mutex<Option<Arc<Provider>>>,
    known: Mutex<Known>,
}

impl Authenticator {
    /// `line` is what the server is asked over for where tokens are given; without one.
    pub(crate) fn new(credentials: Credentials, line: Line, config: ClientConfig) -> Self {
        Self {
            credentials,
            line,
            config,
            web: Web::default(),
            provider: Mutex::default(),
            known: Mutex::default(),
        }
    }

    /// The token for a call, if one is needed.
    ///
    /// # Errors
    /// None could be got: `unauthenticated` if trying again is of no use.
    pub(crate) async fn token(&self) -> Result<Option<Arc<Held>>, ConnectError> {
        let mut known = self.known.lock().await;
        match &*known {
            Known::NoneNeeded => return Ok(None),
            Known::Token(held) if !held.is_old() => return Ok(Some(Arc::clone(held))),
            Known::Token(_) | Known::Nothing => {}
        }
        *known = match self.fetch(None).await? {
            Some(held) => Known::Token(Arc::new(held)),
            None => Known::NoneNeeded,
        };
        Ok(known.token())
    }

    /// Another token than `refused`. Each call asks for one at most once.
    ///
    /// # Errors
    /// None could be got.
    pub(crate) async fn instead_of(&self, refused: &Arc<Held>) -> Result<Option<Arc<Held>>, ConnectError> {
        let mut known = self.known.lock().await;
        if let Some(present) = known.token().filter(|present| !Arc::ptr_eq(present, refused)) {
            return Ok(Some(present));
        }
        // Where tokens are given may have changed, too.
        *self.provider.lock().await = None;
        let fresh = self.fetch(Some(Instant::now())).await?.map(Arc::new);
        if let Some(held) = &fresh {
            *known = Known::Token(Arc::clone(held));
        }
        Ok(fresh)
    }

    /// Whether a stream that was refused just now is worth another try: with which token it was refused is not known.
    pub(crate) async fn is_another_try_worth_it(&self) -> bool {
        let Some(present) = self.known.lock().await.token() else { return false };
        let is_untried = present.after_refusal.is_some_and(|since| since.elapsed() < STRAGGLERS)
            && !present.is_proven.load(Ordering::Relaxed);
        is_untried || matches!(self.instead_of(&present).await, Ok(Some(_)))
    }

    async fn fetch(&self, after_refusal: Option<Instant>) -> Result<Option<Held>, ConnectError> {
        let (header, fresh) = match &self.credentials {
            Credentials::None => return Ok(None),
            Credentials::Command(words) => (http::header::AUTHORIZATION, printed_by(words).await?),
            Credentials::ClientSecret(client) => {
                let Some(provider) = self.provider(client).await? else { return Ok(None) };
                (provider.header.clone(), oauth::client_credentials(&self.web, &provider, client).await?)
            }
        };
        let mut value = HeaderValue::from_str(&format!("Bearer {}", fresh.token.expose())).map_err(|_| {
            ConnectError::unauthenticated("the token that was given cannot stand in a header")
        })?;
        value.set_sensitive(true);
        let replace_at = fresh.lasts.map(|lasts| Instant::now() + usable(lasts));
        Ok(Some(Held { header, value, replace_at, after_refusal, is_proven: AtomicBool::new(false) }))
    }

    /// Who gives tokens, asked once. None, if the server has nobody who does.
    async fn provider(&self, client: &ClientSecret) -> Result<Option<Arc<Provider>>, ConnectError> {
        let mut known = self.provider.lock().await;
        if let Some(provider) = &*known {
            return Ok(Some(Arc::clone(provider)));
        }
        let service = AuthMetadataServiceClient::new(self.line.clone(), self.config.clone());
        let asked = tokio::try_join!(
            service.get_o_auth2_metadata(GetOAuth2MetadataRequest::default()),
            service.get_public_client_config(GetPublicClientConfigRequest::default()),
        );
        let (metadata, public) = match asked {
            Ok((metadata, public)) => (metadata.into_owned(), public.into_owned()),
            Err(error) if has_no_provider(error.code) => {
                tracing::debug!(%error, "the server names nobody who gives tokens; none is sent");
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let scopes = if client.scopes.is_empty() { public.scopes } else { client.scopes.clone() };
        let provider = Provider::new(
            &metadata.token_endpoint,
            &public.authorization_metadata_key,
            scopes,
            public.audience,
        )?;
        Ok(Some(Arc::clone(known.insert(Arc::new(provider)))))
    }
}

impl Known {
    fn token(&self) -> Option<Arc<Held>> {
        match self {
            Self::Token(held) => Some(Arc::clone(held)),
            Self::Nothing | Self::NoneNeeded => None,
        }
    }
}

/// Whether a server that answers so has no logins at all.
fn has_no_provider(code: ErrorCode) -> bool {
    matches!(code, ErrorCode::FailedPrecondition | ErrorCode::Unimplemented | ErrorCode::NotFound)
}

/// How much of its life a token is used.
fn usable(lasts: Duration) -> Duration {
    lasts.saturating_sub(BEFORE_ITS_END.min(lasts / 5))
}

/// What a program prints, without the space around it.
async fn printed_by(words: &[String]) -> Result<Fresh, ConnectError> {
    let Some((program, arguments)) = words.split_first() else {
        return Err(ConnectError::unauthenticated("the command for tokens is empty"));
    };
    let failed =
        |why: String| ConnectError::unauthenticated(format!("the command for tokens, `{program}`, {why}"));
    let mut command = Command::new(program);
    // What it says to people is for the person at the terminal.
    command.args(arguments).stdin(Stdio::null()).stderr(Stdio::inherit()).kill_on_drop(true);
    let output = match timeout(COMMAND_PATIENCE, command.output()).await {
        Ok(Ok(output)) => output,
        Ok(Err(error)) => return Err(failed(format!("could not be started: {error}"))),
        Err(_) => return Err(failed(format!("did not end within {} s", COMMAND_PATIENCE.as_secs()))),
    };
    if !output.status.success() {
        return Err(failed(format!("failed ({})", output.status)));
    }
    let text = String::from_utf8(output.stdout).map_err(|_| failed("printed no text".to_owned()))?;
    match text.trim() {
        "" => Err(failed("printed nothing".to_owned())),
        token => Ok(Fresh::new(token, None)),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{printed_by, usable};

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn a_token_is_replaced_before_its_end_however_short_its_life() {
        for (lasts, used) in [(3600, 3540), (300, 240), (10, 8), (0, 0)] {
            assert_eq!(usable(Duration::from_secs(lasts)), Duration::from_secs(used), "{lasts}");
        }
    }

    #[tokio::test]
    async fn a_program_prints_a_token_or_is_to_blame() {
        let fresh = printed_by(&words(&["sh", "-c", "echo '  sesame '"])).await.unwrap();
        assert_eq!(fresh.token.expose(), "sesame");
        for (script, why) in
            [("exit 3", "exit status: 3"), ("true", "printed nothing"), ("printf '\\377'", "no text")]
        {
            let error = printed_by(&words(&["sh", "-c", script])).await.err().unwrap();
            let text = error.message.unwrap_or_default();
            assert!(text.contains(why) && text.contains("`sh`"), "{text}");
        }
        let error = printed_by(&words(&["/no/such/program", "sesame"])).await.err().unwrap();
        let text = error.message.unwrap_or_default();
        assert!(text.contains("could not be started") && !text.contains("sesame"), "{text}");
    }
}
