//! Decides where everything lies. Pure: it checks names and joins them.
//!
//! ```text
//! runs/<org>/<project>/<domain>/<run>/                     run output base, shared by all actions
//!     <action>/inputs.pb                                   inputs, of the root as of children
//!     <action>/outputs.pb                                  of traces, which have no attempts
//!     <action>/<attempt>/{outputs.pb, error.pb, report.html, _flytecheckpoints}
//! raw/<org>/<project>/<domain>/<run>/<action>/<attempt>/   what tasks offload
//! logs/<org>/<project>/<domain>/<run>/<action>/<attempt>/  log chunks
//! uploads/<org>/<project>/<domain>/<folder>/<file>         what clients upload
//! offloaded-inputs/<org>/<project>/<domain>/<hash>/inputs.pb
//! ```
//!
//! The first folder keeps the families apart, so that an organisation may be called `uploads`.
//! The root's inputs lie where the SDK puts a child's, so that no action name can meet a folder of ours.

use std::fmt::Write as _;

use crate::path::{BlobPath, PathError};

/// Stands for the empty organisation, which the stock SDK sends when none is configured.
pub const EMPTY_ORG_SEGMENT: &str = "_";

const RUNS: &str = "runs";
const RAW: &str = "raw";
const LOGS: &str = "logs";
const UPLOADS: &str = "uploads";
const OFFLOADED_INPUTS: &str = "offloaded-inputs";
const INPUTS_FILE: &str = "inputs.pb";
const CHECKPOINT: &str = "_flytecheckpoints";

/// Organisation, project and domain; `org` may be empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScopeKey<'a> {
    /// Organisation, or empty.
    pub org: &'a str,
    /// Project id.
    pub project: &'a str,
    /// Domain id.
    pub domain: &'a str,
}

impl ScopeKey<'_> {
    fn below(&self, folder: &BlobPath) -> Result<BlobPath, PathError> {
        let org = if self.org.is_empty() { EMPTY_ORG_SEGMENT } else { self.org };
        folder.join(org)?.join(self.project)?.join(self.domain)
    }

    /// Folders of the scope in which tasks' files and clients' uploads lie.
    pub fn user_data(&self) -> Result<Vec<BlobPath>, PathError> {
        [RUNS, RAW, UPLOADS].into_iter().map(|family| self.within(family)).collect()
    }

    fn within(&self, family: &str) -> Result<BlobPath, PathError> {
        self.below(&BlobPath::parse(family)?)
    }
}

/// The paths of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunPaths {
    base: BlobPath,
    raw: BlobPath,
    logs: BlobPath,
    run: String,
}

impl RunPaths {
    /// The paths of a run that lies where runs lie by default.
    pub fn new(scope: ScopeKey<'_>, run: &str) -> Result<Self, PathError> {
        Self::under(&BlobPath::parse(RUNS)?, scope, run)
    }

    /// The paths of a run whose spec names a base folder of its own; raw data and logs stay where they are.
    ///
    /// `base_dir` comes from a client, so it has passed `BlobStore::check_within`.
    pub fn under(base_dir: &BlobPath, scope: ScopeKey<'_>, run: &str) -> Result<Self, PathError> {
        Ok(Self {
            base: scope.below(base_dir)?.join(run)?,
            raw: scope.within(RAW)?.join(run)?,
            logs: scope.within(LOGS)?.join(run)?,
            run: run.to_owned(),
        })
    }

    /// The run output base. Clients get it as `BlobStore::dir_uri`, with a slash at its end.
    pub fn base(&self) -> &BlobPath {
        &self.base
    }

    /// Folder of all raw data that the run's attempts write by default.
    pub fn raw(&self) -> &BlobPath {
        &self.raw
    }

    /// Folder of all log chunks of the run.
    pub fn logs(&self) -> &BlobPath {
        &self.logs
    }

    /// Folder of one action: its inputs, and the outputs of a trace.
    pub fn action(&self, action: &str) -> Result<BlobPath, PathError> {
        self.base.join(action)
    }

    /// The inputs of one action.
    pub fn inputs(&self, action: &str) -> Result<BlobPath, PathError> {
        self.action(action)?.join(INPUTS_FILE)
    }

    /// The paths of one attempt; `attempt` counts from 1.
    pub fn attempt(&self, action: &str, attempt: u32) -> Result<AttemptPaths, PathError> {
        let tail = BlobPath::parse(action)?;
        if action.contains('/') {
            return Err(PathError::Character { segment: action.to_owned(), character: '/' });
        }
        let at = |number: u32| tail.join(&number.to_string());
        let mine = at(attempt)?;
        let folder = self.base.join_path(&mine)?;
        let prev_checkpoint = match attempt.checked_sub(1) {
            None | Some(0) => None,
            Some(previous) => Some(self.base.join_path(&at(previous)?)?.join(CHECKPOINT)?),
        };
        Ok(AttemptPaths {
            checkpoint: folder.join(CHECKPOINT)?,
            prev_checkpoint,
            raw: self.raw.join_path(&mine)?,
            logs: self.logs.join_path(&mine)?,
            raw_tail: format!("{}/{mine}", self.run),
            folder,
        })
    }
}

/// The paths of one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptPaths {
    /// Outputs, error and report.
    pub folder: BlobPath,
    /// Where the task offloads data, unless the user named a prefix; see [`Self::raw_under`].
    pub raw: BlobPath,
    /// The one object that the task's checkpoint is.
    pub checkpoint: BlobPath,
    /// The checkpoint of the attempt before; none for the first.
    pub prev_checkpoint: Option<BlobPath>,
    /// Prefix of the attempt's log chunks.
    pub logs: BlobPath,
    raw_tail: String,
}

impl AttemptPaths {
    /// `outputs.pb`.
    pub fn outputs(&self) -> BlobPath {
        self.file("outputs.pb")
    }

    /// `error.pb`; when it exists, it wins over outputs.
    pub fn error(&self) -> BlobPath {
        self.file("error.pb")
    }

    /// `report.html`.
    pub fn report(&self) -> BlobPath {
        self.file("report.html")
    }

    /// The raw-data prefix below one that the user gave, as text for the task; the server never reads it.
    ///
    /// It too ends in `<run>/<action>/<attempt>`: the SDK picks names from `random`, so two tasks
    /// that seed it alike would overwrite each other's data under one prefix.
    pub fn raw_under(&self, user_prefix: &str) -> String {
        // The SDK takes a `file://` raw prefix for a relative folder called `file:`.
        let plain = user_prefix.strip_prefix("file://").unwrap_or(user_prefix);
        format!("{}/{}", plain.trim_end_matches('/'), self.raw_tail)
    }

    fn file(&self, name: &str) -> BlobPath {
        self.folder.join(name).expect("the checkpoint's longer name fitted in the same folder")
    }
}

/// What keeps uploads of one project apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UploadFolder<'a> {
    /// Named by content, so that repeating an upload is harmless.
    Md5([u8; 16]),
    /// Named by the client (`filename_root`); may hold slashes: `tracked-runs/<run>/<action>`.
    Named(&'a str),
}

/// Where a client's upload goes. The folder appears in the path as the client gave it: the SDK
/// cuts the URI of an uploaded folder at that text.
pub fn upload_path(
    scope: ScopeKey<'_>,
    folder: UploadFolder<'_>,
    file_name: &str,
) -> Result<BlobPath, PathError> {
    let base = scope.within(UPLOADS)?;
    let folder = match folder {
        UploadFolder::Md5(md5) => base.join(&hex(&md5))?,
        UploadFolder::Named(root) => base.join_path(&BlobPath::parse(root)?)?,
    };
    folder.join(file_name)
}

/// Where inputs lie that were uploaded before their run exists.
///
/// `hash` is the inputs hash, standard base64 in the SDK's form; it becomes a name by the URL-safe alphabet.
pub fn offloaded_inputs(scope: ScopeKey<'_>, hash: &str) -> Result<BlobPath, PathError> {
    let name = hash.trim_end_matches('=').replace('+', "-").replace('/', "_");
    scope.within(OFFLOADED_INPUTS)?.join(&name)?.join(INPUTS_FILE)
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a String cannot fail");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::{RunPaths, ScopeKey, UploadFolder, offloaded_inputs, upload_path};
    use crate::path::BlobPath;

    const SCOPE: ScopeKey<'static> = ScopeKey { org: "", project: "p", domain: "d" };

    #[test]
    fn an_attempt_lies_below_its_run() {
        let run = RunPaths::new(SCOPE, "r1").unwrap();
        assert_eq!(run.base().as_str(), "runs/_/p/d/r1");
        assert_eq!(run.inputs("a0").unwrap().as_str(), "runs/_/p/d/r1/a0/inputs.pb");
        let first = run.attempt("a0", 1).unwrap();
        assert_eq!(first.outputs().as_str(), "runs/_/p/d/r1/a0/1/outputs.pb");
        assert_eq!(first.raw.as_str(), "raw/_/p/d/r1/a0/1");
        assert_eq!(first.logs.as_str(), "logs/_/p/d/r1/a0/1");
        assert_eq!(first.prev_checkpoint, None);
    }

    #[test]
    fn the_second_attempt_finds_the_checkpoint_of_the_first() {
        let run = RunPaths::new(SCOPE, "r1").unwrap();
        let first = run.attempt("a0", 1).unwrap();
        let second = run.attempt("a0", 2).unwrap();
        assert_eq!(second.prev_checkpoint.as_ref(), Some(&first.checkpoint));
        assert!(first.checkpoint.as_str().ends_with("/a0/1/_flytecheckpoints"));
    }

    #[test]
    fn a_users_raw_prefix_gets_the_same_end() {
        let attempt = RunPaths::new(SCOPE, "r1").unwrap().attempt("a0", 3).unwrap();
        for (prefix, want) in [
            ("/data", "/data/r1/a0/3"),
            ("/data/", "/data/r1/a0/3"),
            ("file:///data/", "/data/r1/a0/3"),
            ("s3://bucket/x", "s3://bucket/x/r1/a0/3"),
        ] {
            assert_eq!(attempt.raw_under(prefix), want);
        }
    }

    #[test]
    fn a_run_with_a_base_of_its_own_keeps_logs_in_place() {
        let base = BlobPath::parse("custom/place").unwrap();
        let run = RunPaths::under(&base, SCOPE, "r1").unwrap();
        assert_eq!(run.base().as_str(), "custom/place/_/p/d/r1");
        assert_eq!(run.logs().as_str(), "logs/_/p/d/r1");
    }

    #[test]
    fn bad_names_are_refused_wherever_they_stand() {
        assert!(RunPaths::new(ScopeKey { org: "..", ..SCOPE }, "r").is_err());
        assert!(RunPaths::new(ScopeKey { project: "", ..SCOPE }, "r").is_err());
        assert!(RunPaths::new(SCOPE, "a/b").is_err());
        let run = RunPaths::new(SCOPE, "r").unwrap();
        assert!(run.attempt("../x", 1).is_err());
        assert!(run.attempt("x/y", 1).is_err());
        assert!(upload_path(SCOPE, UploadFolder::Named("a/../b"), "f").is_err());
        assert!(upload_path(SCOPE, UploadFolder::Md5([0; 16]), "a/b").is_err());
    }

    #[test]
    fn uploads_keep_the_clients_folder_verbatim() {
        let named = upload_path(SCOPE, UploadFolder::Named("tracked-runs/r/a0"), "inputs.pb").unwrap();
        assert_eq!(named.as_str(), "uploads/_/p/d/tracked-runs/r/a0/inputs.pb");
        let by_content = upload_path(SCOPE, UploadFolder::Md5([0xab; 16]), "x y.tgz").unwrap();
        assert_eq!(by_content.as_str(), format!("uploads/_/p/d/{}/x y.tgz", "ab".repeat(16)));
        let inputs = offloaded_inputs(SCOPE, "a+b/c==").unwrap();
        assert_eq!(inputs.as_str(), "offloaded-inputs/_/p/d/a-b_c/inputs.pb");
    }
}
