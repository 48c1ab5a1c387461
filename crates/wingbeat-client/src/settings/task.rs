//! Which platform a task process belongs to: what the platform set for it, and how it may show who it is.
//!
//! The order is the stock SDK's `init_in_cluster`: a config file that was mounted, a way of logging in that was set, a
//! key that was injected. A key says by itself where the platform is.

use std::path::PathBuf;

use super::{FileSettings, SettingsError, Source, Surroundings, access, api_key, login, parsed};
use crate::access::Access;
use crate::address::ServerAddr;
use crate::config_file;

/// Where the platform is, for a task in a container on a laptop; the stock SDK's.
const DEFAULT_ENDPOINT: &str = "host.docker.internal:8090";
const FILE_VARIABLES: [&str; 2] = ["UCTL_CONFIG", "FLYTECTL_CONFIG"];
const KEY_VARIABLES: [&str; 2] = ["_UNION_EAGER_API_KEY", "EAGER_API_KEY"];
const ENDPOINT_VARIABLES: [&str; 2] = ["_U_EP_OVERRIDE", "FLYTE_ADMIN_ENDPOINT"];

/// What to do when a server wants to know which task asks, or does not take what it was shown.
pub const TASK_LOGIN_ADVICE: &str = "tasks log in with what their platform sets: EAGER_API_KEY, a config file that FLYTECTL_CONFIG names, or FLYTE_AUTH_TYPE with FLYTE_AUTH_COMMAND; if one of them is set, its token is not taken there, or none is sent, as over plain text";

/// The platform of a task process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskPlatform {
    /// Where it is.
    pub addr: ServerAddr,
    /// Whom to trust there, and what to show.
    pub access: Access,
}

impl TaskPlatform {
    /// Reads what the platform set for its task.
    ///
    /// # Errors
    /// [`SettingsError`]: the platform, or the image of the task, has to set it otherwise.
    pub fn resolve(around: &Surroundings) -> Result<Self, SettingsError> {
        let path = around.first(&FILE_VARIABLES).map(|(_, path)| PathBuf::from(path));
        let file = match &path {
            Some(path) => config_file::read(path)?,
            None => FileSettings::default(),
        };
        let has_type = login::auth_type(around, &file.login).is_some();
        if path.is_none() && !has_type {
            for variable in KEY_VARIABLES {
                if let Some(key) = api_key(around, variable)? {
                    let access = access(&key.addr, around, &with_skip(around, &file), Some(key.credentials))?;
                    return Ok(Self { addr: key.addr, access });
                }
            }
        }
        let addr = address(around, &file, path)?;
        let access = access(&addr, around, &with_skip(around, &file), None)?;
        Ok(Self { addr, access })
    }
}

/// Without a scheme, plain text is spoken to this machine and where it was asked for.
fn address(
    around: &Surroundings,
    file: &FileSettings,
    path: Option<PathBuf>,
) -> Result<ServerAddr, SettingsError> {
    let (text, from) = match (around.first(&ENDPOINT_VARIABLES), &file.endpoint, path) {
        (Some((name, text)), _, _) => (text, Source::Variable(name)),
        (None, Some(text), Some(path)) => (text.as_str(), Source::File(path)),
        (None, _, _) => (DEFAULT_ENDPOINT, Source::Variable("_U_EP_OVERRIDE")),
    };
    let is_asked = around.variable("_U_INSECURE").is_some_and(login::is_true) || file.insecure == Some(true);
    let bare = text.strip_prefix("dns:///").unwrap_or(text);
    let is_plain = is_asked || ["localhost", "docker"].iter().any(|word| bare.contains(word));
    let text = if is_plain && !bare.contains("://") { format!("http://{bare}") } else { text.to_owned() };
    Ok(parsed(&text, false, from)?.0)
}

fn with_skip(around: &Surroundings, file: &FileSettings) -> config_file::FileLogin {
    let skips = around.variable("_U_INSECURE_SKIP_VERIFY").is_some_and(login::is_true);
    let mut login = file.login.clone();
    login.insecure_skip_verify = if skips { Some(true) } else { login.insecure_skip_verify };
    login
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::{SettingsError, Surroundings, TaskPlatform};
    use crate::access::Credentials;
    use crate::tls::Trust;

    fn platform(pairs: &[(&str, &str)]) -> Result<TaskPlatform, SettingsError> {
        let variables = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        TaskPlatform::resolve(&Surroundings { variables, ..Surroundings::default() })
    }

    fn address(pairs: &[(&str, &str)]) -> String {
        platform(pairs).map_or_else(|error| error.to_string(), |platform| platform.addr.to_string())
    }

    #[test]
    fn plain_text_is_spoken_where_it_was_asked_for() {
        assert_eq!(address(&[]), "http://host.docker.internal:8090");
        assert_eq!(address(&[("_U_EP_OVERRIDE", "localhost:9")]), "http://localhost:9");
        let remote = ("_U_EP_OVERRIDE", "dns:///flyte.example.org:81");
        assert_eq!(address(&[remote, ("_U_INSECURE", "true")]), "http://flyte.example.org:81");
        assert_eq!(address(&[remote]), "https://flyte.example.org:81");
        assert!(address(&[("_U_EP_OVERRIDE", "ftp://h")]).contains("_U_EP_OVERRIDE"));
    }

    #[test]
    fn an_injected_key_says_where_and_who_unless_a_login_was_set() {
        let key = STANDARD.encode("flyte.example.org:me:sesame:");
        let (key, endpoint) = (("EAGER_API_KEY", key.as_str()), ("_U_EP_OVERRIDE", "https://other:1"));
        let by_key = platform(&[key, endpoint]).unwrap();
        assert_eq!(by_key.addr.to_string(), "https://flyte.example.org");
        assert!(matches!(by_key.access.credentials, Credentials::ClientSecret(_)), "{by_key:?}");

        let login = [("FLYTE_AUTH_TYPE", "ExternalCommand"), ("FLYTE_AUTH_COMMAND", "get 'a token'")];
        let by_login = platform(&[key, endpoint, login[0], login[1]]).unwrap();
        assert_eq!(by_login.addr.to_string(), "https://other:1");
        let words = vec!["get".to_owned(), "a token".to_owned()];
        assert_eq!(by_login.access.credentials, Credentials::Command(words));
        assert!(matches!(platform(&[("EAGER_API_KEY", "%")]), Err(SettingsError::ApiKey { .. })));
    }

    #[test]
    fn a_mounted_file_says_how_to_log_in() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.yaml");
        let secret = folder.path().join("secret");
        std::fs::write(&secret, "sesame\n").unwrap();
        let text = format!(
            "admin:\n  endpoint: dns:///flyte.example.org\n  clientId: me\n  clientSecretLocation: {}\n",
            secret.display()
        );
        std::fs::write(&file, text).unwrap();
        let file = ("UCTL_CONFIG", file.to_str().unwrap());
        let skip = ("_U_INSECURE_SKIP_VERIFY", "true");
        let known = platform(&[file, skip]).unwrap();
        assert_eq!(
            (known.addr.to_string().as_str(), &known.access.trust),
            ("https://flyte.example.org", &Trust::Anybody)
        );
        let Credentials::ClientSecret(client) = known.access.credentials else { panic!("it has a secret") };
        assert_eq!((client.id.as_str(), client.secret.expose()), ("me", "sesame"));
        let moved = platform(&[file, ("_U_EP_OVERRIDE", "here.example.org")]).unwrap();
        assert_eq!(moved.addr.to_string(), "https://here.example.org");
    }
}
