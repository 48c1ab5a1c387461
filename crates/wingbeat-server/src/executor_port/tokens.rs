//! The list of join tokens: a file that the command line writes and the server reads.
//!
//! A file, not an RPC: in a platform where nobody has to say who they are, whoever may write into the data folder is
//! the only one who may let executors in. It holds hashes; a token's secret is shown once, when it is made.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use wingbeat_model::{JoinToken, hex, unhex};

/// One join token, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenRow {
    /// Names it.
    pub id: String,
    /// For people: whom it was made for.
    pub note: String,
    /// SHA-256 of the secret, in hexadecimal digits. The secret is 32 random bytes, so no slow hash is needed.
    sha256: String,
    /// Unix seconds.
    pub created_at: i64,
    /// Unix seconds; the first second at which it is no longer good.
    pub expires_at: i64,
    /// Unix seconds; set when somebody took it back.
    pub revoked_at: Option<i64>,
}

/// What the file holds.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Rows {
    version: u32,
    tokens: Vec<TokenRow>,
}

const VERSION: u32 = 1;

/// Digest of the port's certificate; empty where an authority vouches for it.
const PIN_FILE: &str = "certificate-digest";

/// By what executors recognise the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recognition {
    /// Its certificate has this SHA-256.
    ByDigest([u8; 32]),
    /// An authority that they know vouches for its certificate.
    ByAuthority,
}

/// Why a token is not good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenRefusal {
    /// No such token, or another secret: not told apart.
    #[error("the server does not know this join token; make one with `wingbeat executor token create`")]
    Unknown,
    /// Its time is over.
    #[error("this join token has expired; make a new one with `wingbeat executor token create`")]
    Expired,
    /// Somebody took it back.
    #[error("this join token was revoked")]
    Revoked,
}

/// The tokens of one data folder.
#[derive(Debug, Clone)]
pub struct TokenBook {
    folder: PathBuf,
}

impl TokenBook {
    /// The book in `folder`, which is made when the first token is.
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// Makes a token that is good for `life_seconds` from `now` (unix seconds) on.
    ///
    /// # Errors
    /// The file cannot be read or written.
    pub fn create(
        &self,
        note: &str,
        now: i64,
        life_seconds: i64,
        certificate: Option<[u8; 32]>,
    ) -> io::Result<JoinToken> {
        let id = hex(&rand::random::<[u8; 8]>());
        let token = JoinToken { id, secret: rand::random(), certificate };
        self.change(|rows| {
            rows.push(TokenRow {
                id: token.id.clone(),
                note: note.to_owned(),
                sha256: hash(&token.secret),
                created_at: now,
                expires_at: now.saturating_add(life_seconds),
                revoked_at: None,
            });
        })?;
        Ok(token)
    }

    /// Takes a token back; `false` if there is none of that id.
    ///
    /// # Errors
    /// The file cannot be read or written.
    pub fn revoke(&self, id: &str, now: i64) -> io::Result<bool> {
        let mut found = false;
        self.change(|rows| {
            for row in rows.iter_mut().filter(|row| row.id == id) {
                found = true;
                row.revoked_at.get_or_insert(now);
            }
        })?;
        Ok(found)
    }

    /// All tokens, in the order in which they were made.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn list(&self) -> io::Result<Vec<TokenRow>> {
        let text = match fs::read_to_string(self.file()) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let rows: Rows = serde_json::from_str(&text).map_err(io::Error::other)?;
        if rows.version != VERSION {
            let text = format!("{} was written by another version of wingbeat", self.file().display());
            return Err(io::Error::other(text));
        }
        Ok(rows.tokens)
    }

    /// Whether the token named `id` is good at `now`; `secret` is checked where it is given.
    ///
    /// # Errors
    /// Outside: the file cannot be read. Inside: the token is not good.
    pub fn check(
        &self,
        id: &str,
        secret: Option<&[u8; 32]>,
        now: i64,
    ) -> io::Result<Result<(), TokenRefusal>> {
        let rows = self.list()?;
        let Some(row) = rows.iter().find(|row| row.id == id) else { return Ok(Err(TokenRefusal::Unknown)) };
        // Hashes are compared: how long that takes tells nothing of the secret.
        if secret.is_some_and(|secret| hash(secret) != row.sha256) {
            return Ok(Err(TokenRefusal::Unknown));
        }
        Ok(match row.revoked_at {
            Some(_) => Err(TokenRefusal::Revoked),
            None if now >= row.expires_at => Err(TokenRefusal::Expired),
            None => Ok(()),
        })
    }

    /// Remembers, for tokens that are made while the server runs, by what they shall recognise it.
    pub(super) fn keep_pin(&self, pin: Option<[u8; 32]>) -> io::Result<()> {
        super::make_private(&self.folder)?;
        fs::write(self.folder.join(PIN_FILE), pin.map_or_else(String::new, |digest| hex(&digest)))
    }

    /// By what executors recognise the server; `None` if no server has opened its port here yet.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn recognition(&self) -> io::Result<Option<Recognition>> {
        let text = match fs::read_to_string(self.folder.join(PIN_FILE)) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        if text.is_empty() {
            return Ok(Some(Recognition::ByAuthority));
        }
        let digest = unhex(text.trim()).map(Recognition::ByDigest);
        digest.map(Some).ok_or_else(|| io::Error::other("it is damaged"))
    }

    fn file(&self) -> PathBuf {
        self.folder.join("tokens.json")
    }

    /// Two commands at once wait for each other; the server sees the old file or the new one.
    fn change(&self, edit: impl FnOnce(&mut Vec<TokenRow>)) -> io::Result<()> {
        super::make_private(&self.folder)?;
        let lock = File::create(self.folder.join("tokens.lock"))?;
        lock.lock()?;
        let mut tokens = self.list()?;
        edit(&mut tokens);
        let text =
            serde_json::to_string_pretty(&Rows { version: VERSION, tokens }).map_err(io::Error::other)?;
        let fresh = self.folder.join("tokens.json.new");
        let mut file = OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(&fresh)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(fresh, self.file())
    }
}

fn hash(secret: &[u8; 32]) -> String {
    hex(&Sha256::digest(secret))
}

#[cfg(test)]
mod tests {
    use super::{TokenBook, TokenRefusal};

    #[test]
    fn a_token_is_good_until_it_expires_or_is_revoked() {
        let folder = tempfile::tempdir().unwrap();
        let book = TokenBook::new(&folder.path().join("port"));
        let token = book.create("gpu box", 100, 10, None).unwrap();
        let check = |now| book.check(&token.id, Some(&token.secret), now).unwrap();
        assert_eq!((check(100), check(109), check(110)), (Ok(()), Ok(()), Err(TokenRefusal::Expired)));
        assert!(book.revoke(&token.id, 105).unwrap());
        assert_eq!(check(106), Err(TokenRefusal::Revoked));
        assert!(!book.revoke("0000", 105).unwrap());
        assert_eq!(book.list().unwrap()[0].note, "gpu box");
    }

    #[test]
    fn another_secret_is_as_unknown_as_another_id() {
        let folder = tempfile::tempdir().unwrap();
        let book = TokenBook::new(folder.path());
        assert_eq!(book.check("00", None, 0).unwrap(), Err(TokenRefusal::Unknown));
        let token = book.create("", 0, 10, None).unwrap();
        assert_eq!(book.check(&token.id, Some(&[0; 32]), 1).unwrap(), Err(TokenRefusal::Unknown));
        assert_eq!(book.check("00", Some(&token.secret), 1).unwrap(), Err(TokenRefusal::Unknown));
        // Without the secret, it is asked whether a token that was shown before is still good.
        assert_eq!(book.check(&token.id, None, 1).unwrap(), Ok(()));
    }

    #[test]
    fn the_file_holds_no_secret_and_is_its_owners() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let book = TokenBook::new(folder.path());
        let token = book.create("", 0, 10, None).unwrap();
        let file = folder.path().join("tokens.json");
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.contains(&token.id) && !text.contains(&wingbeat_model::hex(&token.secret)));
        assert_eq!(std::fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
