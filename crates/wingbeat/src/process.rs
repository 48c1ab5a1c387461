//! The command line and the environment of a task process, those of the stock runtime `a0`.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::sync::Arc;

use clap::Parser;
use jiff::Timestamp;
use wingbeat_sdk::controller::Controller;
use wingbeat_sdk::failure::{Error, Result};
use wingbeat_sdk::process::{self, ProcessSettings};
use wingbeat_sdk::spec::{BundlePlace, RESOLVER, RESOLVER_WORD, Serialization};
use wingbeat_sdk::storage::Storage;

use crate::environment;

/// What a platform passes. Flags of Python's own affairs are taken and not looked at.
#[derive(Debug, Parser)]
#[command(disable_help_flag = true)]
struct Flags {
    #[arg(short, long)]
    inputs: String,
    #[arg(short, long)]
    outputs_path: String,
    #[arg(short, long)]
    version: String,
    #[arg(short, long, default_value = "")]
    raw_data_path: String,
    #[arg(short, long, default_value = "")]
    checkpoint_path: String,
    #[arg(short, long, default_value = "")]
    prev_checkpoint: String,
    #[arg(long, env = "_U_RUN_BASE")]
    run_base_dir: String,
    #[arg(long)]
    run_name: Option<String>,
    #[arg(long)]
    name: Option<String>,
    #[arg(long)]
    run_start_time: Option<String>,
    #[arg(long, env = "FLYTE_INTERNAL_EXECUTION_PROJECT")]
    project: String,
    #[arg(long, env = "FLYTE_INTERNAL_EXECUTION_DOMAIN")]
    domain: String,
    #[arg(long, env = "_U_ORG_NAME")]
    org: String,
    #[arg(long)]
    image_cache: Option<String>,
    #[arg(long)]
    tgz: Option<String>,
    #[arg(long)]
    pkl: Option<String>,
    #[arg(long)]
    dest: Option<String>,
    #[arg(long)]
    resolver: Option<String>,
    #[arg(long, num_args = 0..=1, default_missing_value = "true")]
    debug: Option<String>,
    #[arg(long)]
    interactive_mode: bool,
    #[arg(trailing_var_arg = true)]
    resolver_args: Vec<String>,
}

/// Is this word the beginning of a platform's command rather than of a person's?
pub(crate) fn is_flag(word: &str) -> bool {
    word.starts_with('-') && !matches!(word, "-h" | "--help")
}

/// A runtime for tasks: all processors, and threads for those that block.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().thread_name("task").build()?)
}

/// Runs one attempt, and tells the status to exit with.
pub(crate) fn main(words: Vec<String>) -> u8 {
    let program = words.first().cloned().unwrap_or_default();
    let flags = match Flags::try_parse_from(words) {
        Ok(flags) => flags,
        Err(error) => {
            eprint!("{error}");
            return 1;
        }
    };
    let outputs = flags.outputs_path.clone();
    let result = runtime().and_then(|runtime| {
        let status = runtime.block_on(attempt(flags, &program));
        // A thread that blocks for ever must not keep the process.
        runtime.shutdown_background();
        status
    });
    result.unwrap_or_else(|error| {
        eprintln!("error: the attempt with outputs in {outputs} could not be run: {error}");
        1
    })
}

/// Status of a process that was told to end.
const TERMINATED: u8 = 143;

async fn attempt(flags: Flags, program: &str) -> Result<u8> {
    let storage = Storage::new(environment::variables());
    let (outputs, run_base) = (flags.outputs_path.clone(), flags.run_base_dir.clone());
    let mut settings = match settings(flags, program, storage.clone()) {
        Ok(settings) => settings,
        Err(error) => {
            process::write_error(&outputs, &error.into(), &storage).await?;
            return Ok(1);
        }
    };
    let controller: Arc<dyn Controller> = crate::control::controller(&mut settings, run_base);
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        end = process::run(settings, controller.clone()) => Ok(end?.code()),
        // Children are aborted; what the attempt came to is told by whoever sent the signal.
        _ = terminate.recv() => {
            controller.finish().await;
            Ok(TERMINATED)
        }
    }
}

fn settings(flags: Flags, program: &str, storage: Storage) -> Result<ProcessSettings> {
    let task = task_name(&flags)?;
    let run = named(flags.run_name, "RUN_NAME", "the run's name")?;
    let action = named(flags.name, "ACTION_NAME", "the action's name")?;
    for (what, value) in [("org", &flags.org), ("project", &flags.project), ("domain", &flags.domain)] {
        if value.is_empty() {
            return Err(bad(format!("the {what} is empty")));
        }
    }
    let dest = flags.dest.unwrap_or_else(|| ".".to_owned());
    let serialization = Serialization {
        org: flags.org,
        project: flags.project,
        domain: flags.domain,
        version: flags.version,
        program: program_for_children(program, flags.tgz.as_ref().map(|_| dest.as_str())),
        image: String::new(),
        images: flags.image_cache.as_deref().map(images).transpose()?.unwrap_or_default(),
        image_cache: flags.image_cache,
        bundle: flags.tgz.map(|uri| BundlePlace { uri, dest }),
    };
    let attempt = std::env::var("FLYTE_ATTEMPT_NUMBER").ok().and_then(|text| text.parse().ok());
    Ok(ProcessSettings {
        task,
        inputs: flags.inputs,
        outputs: flags.outputs_path,
        raw_data: flags.raw_data_path,
        checkpoint: flags.checkpoint_path,
        // A first attempt gets nothing, or two quotation marks.
        previous_checkpoint: flags.prev_checkpoint.trim_matches('"').to_owned(),
        run,
        action,
        run_started_at: started_at(flags.run_start_time.as_deref())?,
        attempt: attempt.unwrap_or_default(),
        platform: None,
        storage,
        serialization,
    })
}

/// What the command of a child begins with. Of a binary in a code bundle that is its path in the bundle: where this
/// attempt has it is nobody else's matter, and would make another spec of the same task in every attempt.
fn program_for_children(program: &str, dest: Option<&str>) -> String {
    let within = |dest: &str| {
        let folder = std::env::current_dir().ok()?.join(dest).canonicalize().ok()?;
        let own = std::path::Path::new(program).canonicalize().ok()?;
        Some(format!("./{}", own.strip_prefix(folder).ok()?.display()))
    };
    dest.and_then(within).unwrap_or_else(|| program.to_owned())
}

fn bad(message: String) -> Error {
    Error::system("BadCommandLine", message).not_recoverable()
}

fn task_name(flags: &Flags) -> Result<String> {
    if flags.pkl.is_some() {
        return Err(bad(
            "a pickled task was passed with --pkl, and this binary runs tasks in Rust".to_owned()
        ));
    }
    let words: Vec<&str> = flags.resolver_args.iter().map(String::as_str).collect();
    match (flags.resolver.as_deref(), words.as_slice()) {
        (Some(RESOLVER), [RESOLVER_WORD, name]) => Ok((*name).to_owned()),
        (resolver, words) => Err(bad(format!(
            "this binary finds tasks by `--resolver {RESOLVER} {RESOLVER_WORD} NAME`, and got `--resolver {} {}`",
            resolver.unwrap_or_default(),
            words.join(" ")
        ))),
    }
}

/// A name from a flag; a platform that leaves a template there says it in the environment.
fn named(flag: Option<String>, variable: &str, what: &str) -> Result<String> {
    let flag = flag.filter(|value| !value.starts_with("{{") && !value.is_empty());
    let value = flag.or_else(|| std::env::var(variable).ok()).filter(|value| !value.is_empty());
    value.ok_or_else(|| bad(format!("{what} is neither in a flag nor in {variable}")))
}

/// 1970 where the platform does not say it: the same in every attempt, which a clock would not be.
fn started_at(text: Option<&str>) -> Result<Timestamp> {
    let Some(text) = text.filter(|text| !text.is_empty() && !text.starts_with("{{")) else {
        return Ok(Timestamp::UNIX_EPOCH);
    };
    let zoned = if text.ends_with('Z') || text.get(10..).is_some_and(|time| time.contains(['+', '-'])) {
        text.to_owned()
    } else {
        format!("{text}Z")
    };
    zoned.parse().map_err(|error| bad(format!("--run-start-time `{text}`: {error}")))
}

/// Images by environment: base64 of gzip of JSON.
fn images(cache: &str) -> Result<BTreeMap<String, String>> {
    use base64::Engine as _;
    let bad = |error: String| bad(format!("--image-cache cannot be read: {error}"));
    let packed =
        base64::engine::general_purpose::STANDARD.decode(cache).map_err(|error| bad(error.to_string()))?;
    let mut text = String::new();
    // More than any list of images has: a small archive must not fill the memory.
    let mut reader = flate2::read::GzDecoder::new(packed.as_slice()).take(16 << 20);
    reader.read_to_string(&mut text).map_err(|error| bad(error.to_string()))?;
    let json: serde_json::Value = serde_json::from_str(&text).map_err(|error| bad(error.to_string()))?;
    let images = json["image_lookup"].as_object().into_iter().flatten();
    Ok(images.filter_map(|(name, uri)| Some((name.clone(), uri.as_str()?.to_owned()))).collect())
}
