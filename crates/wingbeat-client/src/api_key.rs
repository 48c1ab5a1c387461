//! Reads an API key: one text that says where the platform is and who asks. No error repeats a part of it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::access::{ClientSecret, Credentials, Secret};
use crate::address::ServerAddr;

/// What a key says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiKey {
    pub(crate) addr: ServerAddr,
    pub(crate) credentials: Credentials,
    pub(crate) org: Option<String>,
}

/// Why a text is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ApiKeyError {
    /// It is not base64 of a text.
    #[error("it is not base64 of a text; copy it again, whole")]
    NotBase64,
    /// It has other parts.
    #[error("it does not consist of host, client id, client secret and organisation; copy it again, whole")]
    Parts,
    /// Its first part is more than a host's name.
    #[error("its endpoint is not a bare host name; keys carry neither a scheme nor a port")]
    Endpoint,
}

impl ApiKey {
    /// Reads base64 of `host:client id:client secret:organisation`, split at the first three colons.
    ///
    /// # Errors
    /// [`ApiKeyError`]: it has to be copied again, or made anew.
    pub(crate) fn parse(text: &str) -> Result<Self, ApiKeyError> {
        let bytes = STANDARD.decode(text.trim()).map_err(|_| ApiKeyError::NotBase64)?;
        let text = String::from_utf8(bytes).map_err(|_| ApiKeyError::NotBase64)?;
        let mut parts = text.splitn(4, ':');
        let (Some(host), Some(id), Some(secret), Some(org)) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(ApiKeyError::Parts);
        };
        if host.contains('/') || id.starts_with('/') {
            return Err(ApiKeyError::Endpoint);
        }
        if id.is_empty() || secret.is_empty() {
            return Err(ApiKeyError::Parts);
        }
        let addr = ServerAddr::parse(&format!("https://{host}")).map_err(|_| ApiKeyError::Endpoint)?;
        let client = ClientSecret { id: id.to_owned(), secret: Secret::new(secret), scopes: Vec::new() };
        // Python's SDK writes the text `None` for no organisation.
        let org = Some(org).filter(|org| !org.is_empty() && *org != "None").map(str::to_owned);
        Ok(Self { addr, credentials: Credentials::ClientSecret(client), org })
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::{ApiKey, ApiKeyError};
    use crate::access::Credentials;

    fn key(text: &str) -> Result<ApiKey, ApiKeyError> {
        ApiKey::parse(&STANDARD.encode(text))
    }

    #[test]
    fn a_key_says_where_and_who() {
        let known = key("flyte.example.org:me:sesame:acme:birds").unwrap();
        assert_eq!(known.addr.to_string(), "https://flyte.example.org");
        assert_eq!(known.org.as_deref(), Some("acme:birds"));
        let Credentials::ClientSecret(client) = &known.credentials else { panic!("{known:?}") };
        assert_eq!((client.id.as_str(), client.secret.expose()), ("me", "sesame"));
        assert!(!format!("{known:?}").contains("sesame"));
        for none in ["h.example.org:me:sesame:", "h.example.org:me:sesame:None"] {
            assert_eq!(key(none).unwrap().org, None, "{none}");
        }
    }

    #[test]
    fn what_is_no_key_is_told_without_repeating_it() {
        assert_eq!(ApiKey::parse("%%%"), Err(ApiKeyError::NotBase64));
        assert_eq!(ApiKey::parse(&STANDARD.encode([0xff, 0xfe])), Err(ApiKeyError::NotBase64));
        for text in ["", "host", "host:id:secret", "host::secret:", "host:id::"] {
            assert_eq!(key(text), Err(ApiKeyError::Parts), "{text}");
        }
        for text in ["dns:///h:id:secret:org", "a b:id:secret:org", ":id:secret:org"] {
            assert_eq!(key(text), Err(ApiKeyError::Endpoint), "{text}");
        }
    }
}
