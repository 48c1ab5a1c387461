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
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};
use wingbeat_proto::flyteidl2::auth::{
    AuthMetadataServiceClient, GetOAuth2MetadataRequest, GetPublicClientConfigRequest,
};

use crate::access::{ClientSecret, Credentials};
use crate::connection::Line;
use crate::oauth::{self, Fresh, Provider};
use crate::retry::is_final;
use crate::web::Web;

/// A token is replaced so long before its end, or after four fifths of a short life.
const BEFORE_ITS_END: Duration = Duration::from_mins(1);
/// A renewal that failed is tried again after this, while the token at hand is good.
const BETWEEN_RENEWALS: Duration = Duration::from_secs(5);
/// A program that asks a person may take a while.
const COMMAND_PATIENCE: Duration = Duration::from_mins(2);

/// So long is a token tried that was got in another's stead: streams that were refused with that other one may still say so.
const STRAGGLERS: Duration = Duration::from_secs(5);
/// Tokens that are got in each other's stead, one soon after the other, before streams are refused for good.
const MOST_IN_A_ROW: u32 = 5;
/// What is longer apart has nothing to do with each other.
const IN_A_ROW: Duration = Duration::from_mins(1);

/// A token in the form in which it is sent.
pub(crate) struct Held {
    pub(crate) header: HeaderName,
    pub(crate) value: HeaderValue,
    replace_at: Option<Instant>,
    ends_at: Option<Instant>,
    /// If it was got because another one was refused.
    after_refusal: Option<Refusal>,
    /// A call with it was answered.
    is_proven: AtomicBool,
}

/// A token was refused, and another one is got.
#[derive(Debug, Clone, Copy)]
struct Refusal {
    at: Instant,
    /// How many there were by now, one soon after the other.
    in_a_row: u32,
}

impl Refusal {
    /// `before` is why the token was got that is refused now.
    fn after(before: Option<Self>) -> Self {
        let before = before.filter(|before| before.at.elapsed() < IN_A_ROW);
        Self { at: Instant::now(), in_a_row: before.map_or(0, |before| before.in_a_row) + 1 }
    }
}

impl Held {
    pub(crate) fn prove(&self) {
        self.is_proven.store(true, Ordering::Relaxed);
    }

    fn is_old(&self) -> bool {
        self.replace_at.is_some_and(|at| Instant::now() >= at)
    }

    fn is_over(&self) -> bool {
        self.ends_at.is_some_and(|at| Instant::now() >= at)
    }
}

/// What is known of tokens.
#[derive(Default)]
enum Known {
    #[default]
    Nothing,
    /// The server has no identity provider: it lets everybody in, as long as it does not refuse anybody.
    NoneNeeded,
    Token {
        held: Arc<Held>,
        /// After a renewal that failed: when it is tried again.
        renewal_at: Option<Instant>,
    },
}

/// Gets tokens for the calls of one client. Many may wait for one.
pub(crate) struct Authenticator {
    source: Arc<TokenSource>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    known: Known,
    /// At most one. It outlives the call that wanted a token: a person whom a program asks may take longer than a call.
    fetching: JoinSet<Result<Option<Held>, ConnectError>>,
}

/// Where tokens come from.
struct TokenSource {
    credentials: Credentials,
    line: Line,
    config: ClientConfig,
    web: Web,
    provider: Mutex<Option<Arc<Provider>>>,
}

impl Authenticator {
    /// `line` is what the server is asked over for where tokens are given; without one.
    pub(crate) fn new(credentials: Credentials, line: Line, config: ClientConfig) -> Self {
        let (web, provider) = (Web::default(), Mutex::default());
        let source = TokenSource { credentials, line, config, web, provider };
        Self { source: Arc::new(source), state: Mutex::default() }
    }

    /// The token for a call, if one is needed.
    ///
    /// # Errors
    /// None could be got: `unauthenticated` if trying again is of no use.
    pub(crate) async fn token(&self) -> Result<Option<Arc<Held>>, ConnectError> {
        let mut state = self.state.lock().await;
        match &state.known {
            Known::NoneNeeded => return Ok(None),
            Known::Token { held, renewal_at } => {
                let rests = renewal_at.is_some_and(|at| Instant::now() < at) && !held.is_over();
                if rests || !held.is_old() {
                    return Ok(Some(Arc::clone(held)));
                }
            }
            Known::Nothing => {}
        }
        // What replaces a token because of its age is in the same row as that one.
        let refusal = state.known.token().and_then(|held| held.after_refusal);
        match state.fetch(&self.source, refusal).await {
            Ok(fresh) => state.known = fresh.map_or(Known::NoneNeeded, Known::fresh),
            Err(error) => state.known.rest(error)?,
        }
        Ok(state.known.token())
    }

    /// Another token than `refused`, or one where none was shown. Each call asks for one at most once.
    ///
    /// # Errors
    /// None could be got.
    pub(crate) async fn instead_of(
        &self,
        refused: Option<&Arc<Held>>,
    ) -> Result<Option<Arc<Held>>, ConnectError> {
        let mut state = self.state.lock().await;
        let present = state.known.token();
        let is_other = |present: &&Arc<Held>| refused.is_none_or(|refused| !Arc::ptr_eq(present, refused));
        if let Some(other) = present.as_ref().filter(is_other) {
            return Ok(Some(Arc::clone(other)));
        }
        // Where tokens are given may have changed, too.
        *self.source.provider.lock().await = None;
        let refusal = Refusal::after(present.and_then(|present| present.after_refusal));
        let Some(held) = state.fetch(&self.source, Some(refusal)).await? else { return Ok(None) };
        state.known = Known::fresh(held);
        Ok(state.known.token())
    }

    /// Whether a stream that was refused just now is worth another try: with which token it was refused is not known.
    pub(crate) async fn is_another_try_worth_it(&self) -> bool {
        let present = self.state.lock().await.known.token();
        if let Some((present, refusal)) = present.as_ref().and_then(|held| Some((held, held.after_refusal?)))
        {
            if refusal.at.elapsed() < STRAGGLERS && !present.is_proven.load(Ordering::Relaxed) {
                return true;
            }
            if refusal.in_a_row >= MOST_IN_A_ROW && refusal.at.elapsed() < IN_A_ROW {
                return false;
            }
        }
        match self.instead_of(present.as_ref()).await {
            Ok(other) => other.is_some(),
            // Who gives tokens is away for a moment; the next refusal asks again.
            Err(error) => error.code != ErrorCode::Unauthenticated && !is_final(&error),
        }
    }
}

impl State {
    /// Waits for a token, also where an earlier call did not wait to the end for it.
    async fn fetch(
        &mut self,
        source: &Arc<TokenSource>,
        after_refusal: Option<Refusal>,
    ) -> Result<Option<Held>, ConnectError> {
        // What came while nobody waited is taken if it is a token that still lasts.
        if let Some(Ok(Ok(Some(held)))) = self.fetching.try_join_next()
            && !held.is_old()
        {
            return Ok(Some(held));
        }
        if self.fetching.is_empty() {
            let source = Arc::clone(source);
            self.fetching.spawn(async move { source.fetch(after_refusal).await });
        }
        match self.fetching.join_next().await.expect("one is under way") {
            Ok(fetched) => fetched,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
}

impl TokenSource {
    async fn fetch(&self, after_refusal: Option<Refusal>) -> Result<Option<Held>, ConnectError> {
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
        let now = Instant::now();
        Ok(Some(Held {
            header,
            value,
            replace_at: fresh.lasts.map(|lasts| now + usable(lasts)),
            ends_at: fresh.lasts.map(|lasts| now + lasts),
            after_refusal,
            is_proven: AtomicBool::new(false),
        }))
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
            Err(error) if has_no_provider(&error) => {
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
    fn fresh(held: Held) -> Self {
        Self::Token { held: Arc::new(held), renewal_at: None }
    }

    fn token(&self) -> Option<Arc<Held>> {
        match self {
            Self::Token { held, .. } => Some(Arc::clone(held)),
            Self::Nothing | Self::NoneNeeded => None,
        }
    }

    /// A renewal failed: that matters only once the token at hand is of no use any more.
    fn rest(&mut self, error: ConnectError) -> Result<(), ConnectError> {
        match self {
            Self::Token { held, renewal_at } if !held.is_over() => {
                tracing::warn!(%error, "a token could not be renewed; it is used until its end");
                *renewal_at = Some(Instant::now() + BETWEEN_RENEWALS);
                Ok(())
            }
            Self::Token { .. } | Self::Nothing | Self::NoneNeeded => Err(error),
        }
    }
}

/// Whether a server that answers so has no logins at all. One that could not be asked has not said that.
fn has_no_provider(error: &ConnectError) -> bool {
    let is_none =
        matches!(error.code, ErrorCode::FailedPrecondition | ErrorCode::Unimplemented | ErrorCode::NotFound);
    is_none && !is_final(error)
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
mod tests;
