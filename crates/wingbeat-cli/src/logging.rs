//! Where diagnostic lines go: standard error, as text or JSON, as much as `WINGBEAT_LOG` asks for.

use tracing_subscriber::EnvFilter;
use wingbeat_client::Surroundings;

/// Sets it up. Called once.
///
/// `usual` is the level without `WINGBEAT_LOG`; a filter that cannot be read is said and ignored.
pub(crate) fn start(around: &Surroundings, usual: &str) {
    let filter = match around.variable("WINGBEAT_LOG").map(EnvFilter::try_new) {
        Some(Ok(filter)) => filter,
        Some(Err(error)) => {
            eprintln!("warning: WINGBEAT_LOG is not a filter: {error}");
            EnvFilter::new(usual)
        }
        None => EnvFilter::new(usual),
    };
    let lines =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(false);
    if around.variable("WINGBEAT_LOG_FORMAT") == Some("json") { lines.json().init() } else { lines.init() }
}
