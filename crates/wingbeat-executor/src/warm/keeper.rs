//! The life of one preloaded interpreter: start, loading, use, end, and that nothing of it is left.
//!
//! What was forked from it and took an attempt is not its business: it lives on.

use std::fs;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream as StdStream;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::BufReader;
use tokio::net::UnixStream;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

use super::fork::{Answer, answer};
use super::script::Script;
use super::template::Template;
use super::{Inner, LOAD_PATIENCE, Phase, Slot};
use crate::environment::{MARKER, PER_ATTEMPT};
use crate::process::{FamilyMark, Launch, TaskProcess};

/// What a preloaded interpreter runs: one program in eight files.
const PROGRAM: &str = concat!(
    include_str!("memory.py"),
    "\n\n",
    include_str!("../task_process.py"),
    "\n\n",
    include_str!("shortcuts.py"),
    "\n\n",
    include_str!("rehearsal.py"),
    "\n\n",
    include_str!("trial.py"),
    "\n\n",
    include_str!("libraries.py"),
    "\n\n",
    include_str!("threads.py"),
    "\n\n",
    include_str!("template.py")
);

/// Reserves room at the beginning of its memory, where forked processes show their own arguments and environment.
const ROOM: (&str, usize) = ("WINGBEAT_ROOM", 48 << 10);

const ROOM_OF_ARGUMENTS: usize = 4 << 10;

/// How long loading may take where nobody waits for it.
const LIBRARIES_PATIENCE: Duration = Duration::from_mins(5);

/// Keeps one interpreter from its start to its end.
pub(super) async fn keep(pool: Arc<Inner>, slot: Slot, script: Script, announce: watch::Sender<Phase>) {
    let loading = tokio::select! {
        loading = load(&pool, &slot, &script) => loading,
        () = pool.closing.cancelled() => Err("the executor is ending".to_owned()),
    };
    let reason = match loading {
        Ok((template, mut process)) => {
            pool.loaded(&slot, &template);
            let template = Arc::new(template);
            announce.send_replace(Phase::Ready(Arc::clone(&template)));
            let reason = watch_over(&pool, &template, &mut process).await;
            if let (Some(refused), Some(_)) = (template.refused(), &slot.purpose.imports) {
                // Loaded anew it would be the same; attempts have one without libraries.
                pool.failed(&slot, refused);
            }
            announce.send_replace(Phase::Gone(reason.clone()));
            let _no_fork_is_without_a_mark = template.settle_forks().await;
            process.kill_family().await;
            reason
        }
        Err(reason) => {
            if !pool.closing.is_cancelled() {
                if slot.purpose.imports.is_some() {
                    tracing::info!(reason, "libraries are not shared; each task imports its own");
                } else {
                    tracing::warn!(reason, "no interpreter can be preloaded; tasks start in fresh processes");
                }
                pool.failed(&slot, &reason);
            }
            announce.send_replace(Phase::Gone(reason.clone()));
            reason
        }
    };
    tracing::debug!(number = slot.number, reason, "a preloaded interpreter has ended");
    pool.folder.forget_template(slot.number);
}

/// Why it has to end, once it has to.
async fn watch_over(pool: &Inner, template: &Template, process: &mut TaskProcess) -> String {
    loop {
        let idle_at = template.last_use() + pool.idle;
        tokio::select! {
            exit = process.wait() => {
                template.retire("it ended by itself");
                return format!("the preloaded interpreter ended: {exit:?}");
            }
            () = template.retired() => return "the preloaded interpreter was retired".to_owned(),
            () = pool.closing.cancelled() => return "the executor is ending".to_owned(),
            () = sleep_until(idle_at) => {
                if Instant::now() >= template.last_use() + pool.idle {
                    template.retire("it was not used for a while");
                }
            }
        }
    }
}

async fn load(pool: &Inner, slot: &Slot, script: &Script) -> Result<(Template, TaskProcess), String> {
    let (control, mut process) = start(pool, slot, script).map_err(|error| error.to_string())?;
    let mut line = BufReader::new(control);
    let patience = if slot.purpose.imports.is_some() { LIBRARIES_PATIENCE } else { LOAD_PATIENCE };
    let said = timeout(patience, answer(&mut line)).await;
    let reason = match said {
        Ok(Ok(Answer { refused: None, read, .. }))
            if slot.purpose.imports.is_some() && read.iter().any(|name| PER_ATTEMPT.contains(&&**name)) =>
        {
            "a library reads what differs from attempt to attempt".to_owned()
        }
        Ok(Ok(ready @ Answer { refused: None, .. })) => match process.forker(line.into_inner()) {
            Ok(forker) => return Ok((Template::new(forker, slot.env.clone(), ready), process)),
            Err(error) => format!("the interpreter ended at once: {error}"),
        },
        Ok(Ok(Answer { refused: Some(reason), .. })) => reason,
        Ok(Err(error)) => format!("the interpreter ended while it loaded: {error}"),
        Err(_) => format!("the interpreter did not load within {} s", patience.as_secs()),
    };
    process.kill_family().await;
    Err(format!("no interpreter could be preloaded: {reason}"))
}

fn start(
    pool: &Inner,
    slot: &Slot,
    script: &Script,
) -> Result<(UnixStream, TaskProcess), Box<dyn std::error::Error + Send + Sync>> {
    let folder = pool.folder.templates()?;
    let program = folder.join("template.py");
    write_program(&program, PROGRAM)?;
    let (control, theirs) = StdStream::pair()?;
    control.set_nonblocking(true)?;
    let marker = format!("{:032x}", rand::random::<u128>());
    let mut env = slot.env.clone();
    env.insert(MARKER.to_owned(), marker.clone());
    let temp = pool.folder.template_temp(slot.number)?;
    env.insert("TMPDIR".to_owned(), temp.display().to_string());
    env.insert(ROOM.0.to_owned(), "x".repeat(ROOM.1));
    let mut args = script.options.clone();
    let own = [program.display().to_string(), MARKER.to_owned(), ROOM.0.to_owned()];
    args.extend(own);
    let told = tell(&temp, slot)?;
    args.extend([slot.purpose.script.display().to_string(), told, " ".repeat(ROOM_OF_ARGUMENTS)]);
    let log = folder.join(format!("{}.log", slot.number));
    let _first = fs::remove_file(&log);
    pool.folder.record_template(slot.number, &FamilyMark::announce(marker.clone()))?;
    let process = TaskProcess::start(Launch {
        program: script.interpreter.clone(),
        args,
        env,
        folder: &folder,
        stdin: Some(OwnedFd::from(theirs)),
        stdout: &log,
        stderr: &log,
        marker,
    })?;
    pool.folder.record_template(slot.number, process.mark())?;
    Ok((UnixStream::from_std(control)?, process))
}

/// Where it reads which libraries to load; empty if none.
fn tell(temp: &Path, slot: &Slot) -> std::io::Result<String> {
    let Some(told) = &slot.told else { return Ok(String::new()) };
    let path = temp.join("libraries.json");
    fs::write(&path, told.to_json()?)?;
    Ok(path.display().to_string())
}

/// Writes a program of the executor. Renamed into place: another interpreter may be reading it.
///
/// # Errors
/// It cannot be written.
pub(crate) fn write_program(path: &Path, text: &str) -> std::io::Result<()> {
    if fs::read_to_string(path).is_ok_and(|there| there == text) {
        return Ok(());
    }
    let fresh = path.with_extension(format!("{:016x}", rand::random::<u64>()));
    fs::write(&fresh, text)?;
    fs::rename(&fresh, path)
}
