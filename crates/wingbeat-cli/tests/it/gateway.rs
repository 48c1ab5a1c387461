//! What stands before a real platform elsewhere: TLS, a check of tokens, and an identity provider that gives them.
//!
//! Streams are refused as connect-go refuses them: with status 200 and an error in their last envelope.

use std::collections::HashSet;
use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use buffa::Message as _;
use http::{HeaderName, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Either, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::client::legacy::Client as HttpClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use wingbeat_client::ServerAddr;
use wingbeat_proto::flyteidl2::auth::{GetOAuth2MetadataResponse, GetPublicClientConfigResponse};

/// The only client that the provider knows, with a secret that has to be encoded.
pub(crate) const CLIENT: (&str, &str) = ("birds", "open sesame & 100%");
/// The header that tokens are to be in.
const TOKEN_HEADER: HeaderName = HeaderName::from_static("flyte-authorization");
/// Where clients that log in by other means put theirs.
const USUAL_HEADER: HeaderName = header::AUTHORIZATION;

type Body = Either<Full<Bytes>, Incoming>;

/// What was given and what counts.
#[derive(Default)]
pub(crate) struct Tokens {
    valid: HashSet<String>,
    /// How many the provider has given.
    pub(crate) n_given: usize,
    /// How long they last by what it says.
    pub(crate) lasts_seconds: u64,
    /// Calls that were refused for their token.
    pub(crate) n_refused: usize,
    /// Whether new ones count.
    pub(crate) are_useless: bool,
    /// Whether nobody is told for now where they are given.
    pub(crate) are_hidden: bool,
}

impl Tokens {
    /// None that was given counts any more.
    pub(crate) fn revoke(&mut self) {
        self.valid.clear();
    }

    /// One of somebody else's counts, too.
    pub(crate) fn accept(&mut self, token: &str) {
        self.valid.insert(token.to_owned());
    }
}

/// A gateway that ends when it is dropped.
pub(crate) struct Gateway {
    pub(crate) tokens: Arc<Mutex<Tokens>>,
    port: u16,
    folder: tempfile::TempDir,
    _listening: JoinSet<()>,
}

/// What a connection needs.
#[derive(Clone)]
struct Behind {
    tokens: Arc<Mutex<Tokens>>,
    provider: String,
    platform: String,
    client: HttpClient<HttpConnector, Incoming>,
}

impl Gateway {
    pub(crate) async fn before(platform: &ServerAddr) -> Self {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
        let folder = tempfile::tempdir().expect("temporary folder");
        std::fs::write(folder.path().join("ca.pem"), made.cert.pem()).expect("file");
        let key = PrivateKeyDer::from_pem_slice(made.signing_key.serialize_pem().as_bytes()).expect("a key");
        let chain = vec![CertificateDer::from_pem_slice(made.cert.pem().as_bytes()).expect("a certificate")];
        let tokens = Arc::new(Mutex::new(Tokens { lasts_seconds: 3600, ..Tokens::default() }));
        let mut listening = JoinSet::new();
        let provider = bound().await;
        let behind = Behind {
            tokens: Arc::clone(&tokens),
            provider: format!("http://{}/token", provider.local_addr().expect("it is bound")),
            platform: platform.to_string(),
            client: HttpClient::builder(TokioExecutor::new()).http2_only(true).build_http(),
        };
        listening.spawn(provide(provider, Arc::clone(&tokens)));
        let listener = bound().await;
        let port = listener.local_addr().expect("it is bound").port();
        listening.spawn(serve(listener, acceptor(chain, key), behind));
        Self { tokens, port, folder, _listening: listening }
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("https://localhost:{}", self.port)
    }

    /// The file with its authority.
    pub(crate) fn authority(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// A config file of `flyte` for it, with more lines in `admin`.
    pub(crate) fn config(&self, more: &[&str]) -> PathBuf {
        let path = self.folder.path().join("config.yaml");
        let own = [
            format!("endpoint: {}", self.endpoint()),
            format!("caCertFilePath: {}", self.authority().display()),
        ];
        let lines = own.iter().map(String::as_str).chain(more.iter().copied());
        let lines: Vec<&str> = std::iter::once("admin:").chain(lines).collect();
        std::fs::write(&path, lines.join("\n  ")).expect("file");
        path
    }

    /// The lines of `admin` by which [`CLIENT`] logs in.
    pub(crate) fn client(&self) -> PathBuf {
        let secret = self.folder.path().join("secret");
        std::fs::write(&secret, format!("{}\n", CLIENT.1)).expect("file");
        self.config(&client_lines(&secret).each_ref().map(String::as_str))
    }
}

fn client_lines(secret: &Path) -> [String; 3] {
    [
        format!("clientId: {}", CLIENT.0),
        format!("clientSecretLocation: {}", secret.display()),
        "authType: ClientSecret".to_owned(),
    ]
}

async fn bound() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.expect("a port")
}

fn acceptor(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> TlsAcceptor {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider speaks TLS")
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .expect("the key belongs to the certificate");
    config.alpn_protocols = vec![b"h2".to_vec()];
    TlsAcceptor::from(Arc::new(config))
}

async fn serve(listener: TcpListener, acceptor: TlsAcceptor, behind: Behind) {
    let mut connections = JoinSet::new();
    loop {
        let (tcp, _) = listener.accept().await.expect("it listens");
        let (acceptor, behind) = (acceptor.clone(), behind.clone());
        connections.spawn(async move {
            // Some clients do not believe the certificate: that is what their tests are about.
            let Ok(tls) = acceptor.accept(tcp).await else { return };
            let service = service_fn(move |request| {
                let behind = behind.clone();
                async move { Ok::<_, Infallible>(behind.answer(request).await) }
            });
            let serving = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
            // The other side may go away at any time.
            let _gone = serving.serve_connection(TokioIo::new(tls), service).await;
        });
    }
}

impl Behind {
    async fn answer(&self, mut request: Request<Incoming>) -> Response<Body> {
        match request.uri().path().rsplit('/').next() {
            Some("GetOAuth2Metadata") if self.are_tokens_hidden() => {
                return status(StatusCode::NOT_FOUND, "text/plain", b"no such page");
            }
            Some("GetOAuth2Metadata") => {
                let metadata =
                    GetOAuth2MetadataResponse { token_endpoint: self.provider.clone(), ..Default::default() };
                return message(&metadata.encode_to_vec());
            }
            Some("GetPublicClientConfig") => {
                let config = GetPublicClientConfigResponse {
                    authorization_metadata_key: TOKEN_HEADER.as_str().to_owned(),
                    scopes: vec!["all".to_owned(), "offline".to_owned()],
                    audience: "https://birds.example.org".to_owned(),
                    ..Default::default()
                };
                return message(&config.encode_to_vec());
            }
            _ => {}
        }
        if !self.is_known(&request) {
            return refusal(&request);
        }
        let path = request.uri().path().to_owned();
        *request.uri_mut() = format!("{}{path}", self.platform).parse().expect("it is a URI");
        request.headers_mut().remove(header::HOST);
        match self.client.request(request).await {
            Ok(answer) => answer.map(Either::Right),
            Err(_) => status(StatusCode::BAD_GATEWAY, "text/plain", b"the platform is away"),
        }
    }

    fn are_tokens_hidden(&self) -> bool {
        self.tokens.lock().expect("nobody panics while holding it").are_hidden
    }

    fn is_known(&self, request: &Request<Incoming>) -> bool {
        let mut tokens = self.tokens.lock().expect("nobody panics while holding it");
        let shown = [TOKEN_HEADER, USUAL_HEADER].into_iter().filter_map(|name| request.headers().get(name));
        let mut shown = shown.filter_map(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        let is_known = shown.any(|token| tokens.valid.contains(token));
        tokens.n_refused += usize::from(!is_known);
        is_known
    }
}

fn status(status: StatusCode, kind: &str, content: &[u8]) -> Response<Body> {
    let body = Either::Left(Full::new(Bytes::copy_from_slice(content)));
    let answer = Response::builder().status(status).header(header::CONTENT_TYPE, kind).body(body);
    answer.expect("its parts are good")
}

fn message(content: &[u8]) -> Response<Body> {
    status(StatusCode::OK, "application/proto", content)
}

fn refusal(request: &Request<Incoming>) -> Response<Body> {
    let error = r#"{"code":"unauthenticated","message":"this token is not known here"}"#;
    let kind = request.headers().get(header::CONTENT_TYPE).map(|kind| kind.as_bytes().to_vec());
    if !kind.is_some_and(|kind| kind.starts_with(b"application/connect+")) {
        return status(StatusCode::UNAUTHORIZED, "application/json", error.as_bytes());
    }
    let end = format!(r#"{{"error":{error}}}"#);
    let length = u32::try_from(end.len()).expect("it is short").to_be_bytes();
    let envelope = [&[2][..], &length, end.as_bytes()].concat();
    status(StatusCode::OK, "application/connect+proto", &envelope)
}

/// The identity provider.
async fn provide(listener: TcpListener, tokens: Arc<Mutex<Tokens>>) {
    let mut connections = JoinSet::new();
    loop {
        let (tcp, _) = listener.accept().await.expect("it listens");
        let tokens = Arc::clone(&tokens);
        connections.spawn(async move {
            let service = service_fn(move |request: Request<Incoming>| {
                let tokens = Arc::clone(&tokens);
                async move {
                    let shown = request.headers().get(header::AUTHORIZATION).cloned();
                    let form = request.into_body().collect().await.map(http_body_util::Collected::to_bytes);
                    let form = String::from_utf8(form.unwrap_or_default().to_vec()).unwrap_or_default();
                    let shown = shown.and_then(|shown| shown.to_str().ok().map(str::to_owned));
                    Ok::<_, Infallible>(give(&tokens, shown.as_deref(), &form))
                }
            });
            let serving = hyper::server::conn::http1::Builder::new();
            let _gone = serving.serve_connection(TokioIo::new(tcp), service).await;
        });
    }
}

fn give(tokens: &Mutex<Tokens>, shown: Option<&str>, form: &str) -> Response<Full<Bytes>> {
    // base64 of `birds:open+sesame+%26+100%25`.
    let is_client = shown == Some("Basic YmlyZHM6b3BlbitzZXNhbWUrJTI2KzEwMCUyNQ==");
    let expected = "grant_type=client_credentials&scope=all+offline&audience=https%3A%2F%2Fbirds.example.org";
    let (status, json) = if is_client && form == expected {
        let mut tokens = tokens.lock().expect("nobody panics while holding it");
        tokens.n_given += 1;
        let token = format!("token-{}", tokens.n_given);
        if !tokens.are_useless {
            tokens.valid.insert(token.clone());
        }
        let lasts = tokens.lasts_seconds;
        (
            StatusCode::OK,
            format!(r#"{{"access_token":"{token}","expires_in":{lasts},"token_type":"Bearer"}}"#),
        )
    } else {
        let json = r#"{"error":"invalid_client","error_description":"open sesame is wrong"}"#;
        (StatusCode::UNAUTHORIZED, json.to_owned())
    };
    let answer = Response::builder().status(status).body(Full::new(Bytes::from(json)));
    answer.expect("its parts are good")
}
