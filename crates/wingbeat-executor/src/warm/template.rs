//! One preloaded interpreter, seen from the executor: it is asked for forked processes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tokio::sync::{Mutex as AsyncMutex, RwLock};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::fork::{Answer, Fork, NoFork};
use super::libraries::some_of;
use super::sensitive;
use crate::process::Forker;

/// An interpreter that has forked so often is replaced: nothing should depend on how old one is.
const MAX_FORKS: u32 = 5_000;

/// An interpreter that has loaded.
#[derive(Debug)]
pub(crate) struct Template {
    env: BTreeMap<String, String>,
    read: BTreeSet<String>,
    libraries: Vec<String>,
    missed: Vec<String>,
    /// Its processes have it as well: it is the one that learns how they end.
    forker: Arc<Forker>,
    /// The process that was forked ahead. Held over a fork, so that forks are asked for one by one.
    standby: AsyncMutex<Option<Fork>>,
    /// Held by each forked process until it has taken an attempt or is gone.
    unmarked: Arc<RwLock<()>>,
    n_forks: AtomicU32,
    last_use: Mutex<Instant>,
    retired: CancellationToken,
    /// Why it could not fork, once it could not.
    refused: OnceLock<String>,
}

impl Template {
    /// One that says `ready`.
    pub(super) fn new(forker: Forker, env: BTreeMap<String, String>, ready: Answer) -> Self {
        Self {
            env,
            read: ready.read.into_iter().collect(),
            libraries: ready.libraries,
            missed: ready.missed,
            forker: Arc::new(forker),
            standby: AsyncMutex::default(),
            unmarked: Arc::default(),
            n_forks: AtomicU32::new(0),
            last_use: Mutex::new(Instant::now()),
            retired: CancellationToken::new(),
            refused: OnceLock::new(),
        }
    }

    /// The variables that its Python code read while it loaded.
    pub(super) fn read(&self) -> &BTreeSet<String> {
        &self.read
    }

    /// How its processes are started, for people.
    pub(crate) fn isolation(&self) -> String {
        if self.libraries.is_empty() {
            return "warm".to_owned();
        }
        format!("warm with {}", some_of(&self.libraries))
    }

    /// For what an attempt with `env`, and with these files in its working folder, cannot be forked from it: a variable, or
    /// a file that libraries would have found.
    pub(super) fn differing(
        &self,
        env: &BTreeMap<String, String>,
        files: &BTreeSet<String>,
    ) -> Option<String> {
        let found = || self.missed.iter().find(|name| files.contains(*name)).cloned();
        sensitive::differing(&self.env, env, &self.read).or_else(found)
    }

    /// A process for an attempt: the one that waits, else a new one.
    ///
    /// # Errors
    /// The reason.
    pub(super) async fn take(&self) -> Result<Fork, String> {
        *self.last_use.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        let mut standby = self.standby.lock().await;
        if self.retired.is_cancelled() {
            return Err("the preloaded interpreter is ending".to_owned());
        }
        match standby.take() {
            Some(fork) => Ok(fork),
            None => self.fork().await.map_err(NoFork::reason),
        }
    }

    /// Forks a process ahead, if none waits.
    pub(super) async fn prepare(&self) {
        let mut standby = self.standby.lock().await;
        if standby.is_none() && !self.retired.is_cancelled() {
            // Whoever asks next hears the reason, if there still is one.
            *standby = self.fork().await.ok();
        }
    }

    /// Ends the process that waits, and lets those that were handed out take their attempts; none follows them
    /// while what is returned is held.
    pub(super) async fn settle_forks(&self) -> impl Drop {
        if let Some(fork) = self.standby.lock().await.take() {
            fork.discard().await;
        }
        Arc::clone(&self.unmarked).write_owned().await
    }

    /// It takes no more attempts and ends.
    pub(super) fn retire(&self, reason: &str) {
        if !self.retired.is_cancelled() {
            tracing::info!(reason, "a preloaded interpreter ends");
            self.retired.cancel();
        }
    }

    /// Its processes do not take attempts: it would be the same with the next.
    pub(crate) fn give_up(&self, reason: &str) {
        // One that is ending anyway is not to blame.
        if !self.retired.is_cancelled() {
            let _first = self.refused.set(reason.to_owned());
            self.retire(reason);
        }
    }

    pub(super) fn refused(&self) -> Option<&str> {
        self.refused.get().map(String::as_str)
    }

    /// Resolves when it is to end.
    pub(super) async fn retired(&self) {
        self.retired.cancelled().await;
    }

    pub(super) fn last_use(&self) -> Instant {
        *self.last_use.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn fork(&self) -> Result<Fork, NoFork> {
        let forked = self.ask_for_fork().await;
        if let Err(NoFork::Ever(reason)) = &forked {
            self.give_up(reason);
        } else if self.n_forks.fetch_add(1, Ordering::Relaxed) + 1 >= MAX_FORKS {
            self.retire("it has forked often enough");
        }
        forked
    }

    async fn ask_for_fork(&self) -> Result<Fork, NoFork> {
        let unmarked = Arc::clone(&self.unmarked).try_read_owned();
        let unmarked =
            unmarked.map_err(|_| NoFork::Ever("the preloaded interpreter is ending".to_owned()))?;
        Fork::new(Arc::clone(&self.forker), unmarked).await
    }
}
