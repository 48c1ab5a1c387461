//! The life of one reused process: start, what it says and is told, end, and that nothing of it is left.

use std::collections::BTreeMap;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream as StdStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines, ReadHalf, WriteHalf};
use tokio::net::UnixStream;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until, timeout};

use super::line::Said;
use super::pool::{Fate, Inner, Phase};
use super::replica::Replica;
use super::share::ShareKey;
use crate::environment::MARKER;
use crate::folder::ProcessFolder;
use crate::outcome::Exit;
use crate::process::{FamilyMark, Launch, TaskProcess, resident_bytes};
use crate::warm::{NotTaken, Script, write_program};

/// What a reused process runs: one program in four files.
const PROGRAM: &str = concat!(
    include_str!("../task_process.py"),
    "\n\n",
    include_str!("surroundings.py"),
    "\n\n",
    include_str!("command.py"),
    "\n\n",
    include_str!("worker.py")
);

/// How long a process may take until it says that it is ready.
const READY_PATIENCE: Duration = Duration::from_secs(45);

/// How long its last words may take when it has ended already.
const LAST_WORDS_PATIENCE: Duration = Duration::from_millis(200);

/// How much a process may grow, over twice what it had after its first attempt. What that one loaded is kept on
/// purpose (a model, a table); what comes later is mostly forgotten.
const MAX_GROWTH: u64 = 512 << 20;

type Line = BufReader<UnixStream>;

struct Started {
    process: TaskProcess,
    said: Lines<BufReader<ReadHalf<Line>>>,
    told: WriteHalf<Line>,
}

/// Keeps one process from its start to its end.
pub(super) async fn keep(pool: Arc<Inner>, key: Arc<ShareKey>, number: u64, announce: watch::Sender<Phase>) {
    let starting = tokio::select! {
        starting = start(&pool, &key, number) => starting,
        () = pool.closing.cancelled() => Err("the executor is ending".to_owned()),
    };
    let reason = match starting {
        Ok(started) => {
            pool.started(&key);
            serve(&pool, &key, number, (started, &announce)).await
        }
        Err(reason) => {
            if !pool.closing.is_cancelled() {
                tracing::warn!(reason, "no process can be reused; tasks start in processes of their own");
                pool.failed(&key, &reason);
            }
            reason
        }
    };
    tracing::debug!(number, reason, "a reused process has ended");
    announce.send_replace(Phase::Gone(reason));
    pool.gone(&key, number);
    pool.folder.forget_reused(number);
}

/// Why it ended, when it has and nothing of it is left.
async fn serve(
    pool: &Inner,
    key: &ShareKey,
    number: u64,
    (started, announce): (Started, &watch::Sender<Phase>),
) -> String {
    let Started { mut process, mut said, mut told } = started;
    let (orders, mut to_tell) = mpsc::unbounded_channel::<Vec<u8>>();
    let replica = Arc::new(Replica::new(process.mark().clone(), process.pid(), orders));
    announce.send_replace(Phase::Ready(Arc::clone(&replica)));
    let mut memory = Memory::default();
    let (reason, exit) = loop {
        let changed = pool.changed.notified();
        let until = match pool.fate(key, number) {
            Fate::End(reason) => break (reason, None),
            Fate::Stay(until) => until,
        };
        tokio::select! {
            biased;
            line = said.next_line() => match line.ok().flatten() {
                Some(line) => hear(pool, (key, number), &replica, (&line, &mut memory)),
                None => break ("it hung up".to_owned(), timeout(LAST_WORDS_PATIENCE, process.wait()).await.ok()),
            },
            Some(order) = to_tell.recv() => tokio::select! {
                // One that does not listen any more is heard to end.
                _ending = told.write_all(&order) => {}
                () = replica.killed() => break ("an attempt in it did not stop".to_owned(), None),
            },
            exit = process.wait() => break (format!("it ended: {exit:?}"), Some(exit)),
            () = replica.killed() => break ("an attempt in it did not stop".to_owned(), None),
            () = until_then(until) => {}
            () = changed => {}
        }
    };
    // Nobody finds it any more.
    pool.gone(key, number);
    if exit.is_some() {
        last_words(&mut said, &replica).await;
    }
    process.kill_family().await;
    // One that had ended before it was killed has its own status, which may have come late.
    let exit = match exit {
        Some(exit) => exit,
        None => timeout(LAST_WORDS_PATIENCE, process.wait()).await.unwrap_or(Exit::Signal(9)),
    };
    replica.gone(exit);
    reason
}

fn hear(
    pool: &Inner,
    (key, number): (&ShareKey, u64),
    replica: &Replica,
    (line, memory): (&str, &mut Memory),
) {
    match serde_json::from_str::<Said>(line) {
        Ok(said) => {
            let ended = said.ended.is_some();
            if ended && let Some(reason) = memory.excess(replica.pid()) {
                pool.spend(key, number, &reason);
            }
            replica.hear(said);
        }
        Err(error) => tracing::warn!(%error, "a reused process said something unknown"),
    }
}

/// What it said before it ended.
async fn last_words(said: &mut Lines<BufReader<ReadHalf<Line>>>, replica: &Replica) {
    let rest = async {
        while let Ok(Some(line)) = said.next_line().await {
            if let Ok(said) = serde_json::from_str(&line) {
                replica.hear(said);
            }
        }
    };
    // A process that it left behind may hold the line open.
    let _open = timeout(LAST_WORDS_PATIENCE, rest).await;
}

async fn until_then(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// What the process filled after its first attempt.
#[derive(Debug, Default)]
struct Memory(Option<u64>);

impl Memory {
    /// Why the process holds too much by now.
    fn excess(&mut self, pid: u32) -> Option<String> {
        let now = resident_bytes(pid)?;
        let first = *self.0.get_or_insert(now);
        let most = first.saturating_mul(2).saturating_add(MAX_GROWTH);
        (now > most).then(|| format!("it holds {} MiB of memory, and began with {}", now >> 20, first >> 20))
    }
}

async fn start(pool: &Inner, key: &ShareKey, number: u64) -> Result<Started, String> {
    let text = |error: &dyn std::error::Error| error.to_string();
    let folder = pool.folder.reused().map_err(|error| text(&error))?;
    let program = pool.folder.templates().map_err(|error| text(&error))?.join("reused.py");
    write_program(&program, PROGRAM).map_err(|error| text(&error))?;
    let marker = format!("{:032x}", rand::random::<u128>());
    let mut env = key.env.clone();
    env.insert(MARKER.to_owned(), marker.clone());
    env.insert("TMPDIR".to_owned(), folder.temp.display().to_string());
    pool.folder.record_reused(number, &FamilyMark::announce(marker.clone())).map_err(|error| text(&error))?;
    let forked = fork(pool, (key, number), &program, (&folder, &env, &marker)).await;
    let (mut process, line) = match forked {
        Ok(forked) => forked,
        Err(reason) => {
            tracing::debug!(reason, "a reused process starts afresh");
            fresh(key, &program, (&folder, &env, &marker)).map_err(|error| text(&*error))?
        }
    };
    if let Err(error) = pool.folder.record_reused(number, process.mark()) {
        process.kill_family().await;
        return Err(error.to_string());
    }
    let (said, told) = tokio::io::split(line);
    let mut said = BufReader::new(said).lines();
    let ready = timeout(READY_PATIENCE, said.next_line()).await;
    let reason = match ready.map(|line| line.ok().flatten()) {
        Ok(Some(line)) => match serde_json::from_str::<Said>(&line) {
            Ok(Said { refused: None, .. }) => return Ok(Started { process, said, told }),
            Ok(Said { refused: Some(reason), .. }) => reason,
            Err(error) => format!("the process said something unknown: {error}"),
        },
        Ok(None) => "the process ended while it started".to_owned(),
        Err(_) => format!("the process was not ready within {} s", READY_PATIENCE.as_secs()),
    };
    process.kill_family().await;
    Err(reason)
}

type Surroundings<'a> = (&'a ProcessFolder, &'a BTreeMap<String, String>, &'a str);

fn arguments(key: &ShareKey) -> Vec<String> {
    let label = format!("reused process of {}", key.policy.name);
    vec![key.policy.concurrency.to_string(), key.program.display().to_string(), label]
}

/// Forks it from a preloaded interpreter.
async fn fork(
    pool: &Inner,
    (key, number): (&ShareKey, u64),
    program: &std::path::Path,
    (folder, env, marker): Surroundings<'_>,
) -> Result<(TaskProcess, Line), String> {
    let interpreter = pool.warm.interpreter(&key.program, env).await?;
    let mut fork = pool.warm.fork(interpreter).await?;
    // Before anything of a task runs in it.
    let mark = fork.process(marker).mark();
    if let Err(error) = pool.folder.record_reused(number, mark) {
        fork.discard().await;
        return Err(error.to_string());
    }
    let launch = launch(key.program.clone(), arguments(key), (folder, env, marker));
    fork.serve(&launch, program).await.map_err(|error| match error {
        NotTaken::Refused(reason) | NotTaken::Unknown(reason) => reason,
    })
}

fn fresh(
    key: &ShareKey,
    program: &std::path::Path,
    surroundings: Surroundings<'_>,
) -> Result<(TaskProcess, Line), Box<dyn std::error::Error + Send + Sync>> {
    let script = Script::read(&key.program)?;
    let (ours, theirs) = StdStream::pair()?;
    ours.set_nonblocking(true)?;
    let mut args = script.options;
    args.push(program.display().to_string());
    args.extend(arguments(key));
    let mut launch = launch(script.interpreter, args, surroundings);
    launch.stdin = Some(OwnedFd::from(theirs));
    let process = TaskProcess::start(launch)?;
    Ok((process, BufReader::new(UnixStream::from_std(ours)?)))
}

fn launch(program: PathBuf, args: Vec<String>, (folder, env, marker): Surroundings<'_>) -> Launch<'_> {
    Launch {
        program,
        args,
        env: env.clone(),
        folder: &folder.work,
        stdin: None,
        stdout: &folder.log,
        stderr: &folder.log,
        marker: marker.to_owned(),
    }
}
