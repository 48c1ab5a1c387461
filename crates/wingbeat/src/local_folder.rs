//! Where local runs keep their files, unless the command says otherwise.

use std::path::PathBuf;

/// `~/.wingbeat/local`; below the folder for temporary files where there is no home.
pub(crate) fn default() -> PathBuf {
    let home = std::env::var_os("HOME").filter(|home| !home.is_empty()).map(PathBuf::from);
    home.map_or_else(|| std::env::temp_dir().join("wingbeat-local"), |home| home.join(".wingbeat/local"))
}
