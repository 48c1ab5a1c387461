//! How a server is reached besides where it is: whom to trust, and how to show who asks. Only data; nothing is read
//! or sent here. What is secret is in no `Debug` text.

use std::fmt;

use crate::tls::Trust;

/// See the module's text. Used over TLS only: nobody sends a token in the clear.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Access {
    /// Whose certificates are believed.
    pub trust: Trust,
    /// What the server is shown.
    pub credentials: Credentials,
}

/// How to get a token.
#[derive(Clone, Default, PartialEq, Eq)]
pub enum Credentials {
    /// There is none.
    #[default]
    None,
    /// The identity provider that the server names gives one for a client's id and secret.
    ClientSecret(ClientSecret),
    /// A program prints one. These are its name and arguments.
    Command(Vec<String>),
}

/// A client of the identity provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientSecret {
    /// Its id.
    pub id: String,
    /// Its secret.
    pub secret: Secret,
    /// What the token is to be good for; what the server names otherwise.
    pub scopes: Vec<String>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::ClientSecret(client) => f.debug_tuple("ClientSecret").field(client).finish(),
            // Arguments may hold a secret.
            Self::Command(words) => f.debug_tuple("Command").field(&words.first()).finish(),
        }
    }
}

/// A text that must appear in no log and no error.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for whoever it is meant for.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::{ClientSecret, Credentials, Secret};

    #[test]
    fn what_is_secret_is_in_no_debug_text() {
        let client = ClientSecret { id: "me".to_owned(), secret: Secret::new("sesame"), scopes: Vec::new() };
        let command = vec!["vault".to_owned(), "--token=sesame".to_owned()];
        for credentials in [Credentials::ClientSecret(client), Credentials::Command(command)] {
            let text = format!("{credentials:?}");
            assert!(!text.contains("sesame"), "{text}");
        }
    }
}
