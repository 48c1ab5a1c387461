//! Warm starts: attempts are forked from interpreters that have imported the Flyte runtime already.
//!
//! The pool decides which preloaded interpreter fits an attempt, when one is started and when it goes. It
//! promises nothing: whoever gets a reason instead of a fork starts a fresh process, with the same result.
//! Nothing of a task ever runs in a preloaded interpreter itself. No interpreter is started before an
//! attempt wants one, and none outlives its idle time.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::BufReader;
use tokio::net::UnixStream;
use tokio::sync::{oneshot, watch};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use self::libraries::{Imports, Known, Told};
use self::sensitive::for_template;
use crate::folder::DataFolder;
use crate::tasks::Tasks;

mod fork;
mod keeper;
mod libraries;
mod script;
mod sensitive;
mod template;

pub(crate) use fork::{Fork, NotTaken};
pub(crate) use keeper::write_program;
pub(crate) use libraries::Code;
pub(crate) use script::Script;
pub(crate) use template::Template;

/// Preloaded interpreters at once, for any code; each takes about 70 MB.
const MAX_TEMPLATES: usize = 3;

/// And for code of which it is known what it imports; each takes what its libraries take on top.
const MAX_WITH_LIBRARIES: usize = 2;

/// One that has not been used for so long may have to go for another.
const REPLACEABLE_AFTER: Duration = Duration::from_secs(10);

/// The same for one with libraries: to load them takes longer, and attempts do not need it.
const REPLACEABLE_WITH_LIBRARIES_AFTER: Duration = Duration::from_mins(1);

/// How long an attempt waits for an interpreter to load before it is started afresh.
const LOAD_PATIENCE: Duration = Duration::from_secs(20);

/// First and longest time in which no interpreter is started after one has failed to start.
const BACKOFF: (Duration, Duration) = (Duration::from_secs(5), Duration::from_mins(5));

/// The preloaded interpreters of one executor. Copies are the same pool.
#[derive(Debug, Clone)]
pub(crate) struct WarmPool {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    folder: Arc<DataFolder>,
    tasks: Tasks,
    idle: Duration,
    closing: CancellationToken,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    slots: Vec<Slot>,
    next_number: u64,
    /// What any interpreter for any code read from its environment while it loaded.
    read: BTreeSet<String>,
    /// And any with libraries. Those without are not given it: libraries read secrets, too.
    read_by_libraries: BTreeSet<String>,
    /// How often in a row none could be started, until when none is tried, and why.
    broken: HashMap<Purpose, (u32, Instant, String)>,
    known: Known,
}

/// What an interpreter is for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Purpose {
    script: PathBuf,
    /// What the code of its attempts imports; none if it is for any code.
    imports: Option<Arc<Imports>>,
}

impl Purpose {
    fn is_like(&self, other: &Self) -> bool {
        self.imports.is_some() == other.imports.is_some()
    }
}

/// A place for one preloaded interpreter.
#[derive(Debug, Clone)]
struct Slot {
    number: u64,
    purpose: Purpose,
    /// By the attempt for whose code it was started.
    told: Option<Arc<Told>>,
    /// The environment that it is started with.
    env: BTreeMap<String, String>,
    phase: watch::Receiver<Phase>,
}

#[derive(Debug, Clone)]
enum Phase {
    Loading,
    Ready(Arc<Template>),
    /// With the reason, for those who wait for it.
    Gone(String),
}

impl WarmPool {
    /// A pool that keeps an unused interpreter for `idle`. Nothing is started yet.
    pub(crate) fn new(folder: Arc<DataFolder>, tasks: Tasks, idle: Duration) -> Self {
        let state = Mutex::new(State::default());
        Self { inner: Arc::new(Inner { folder, tasks, idle, closing: CancellationToken::new(), state }) }
    }

    /// The interpreter that has loaded what `code` imports, if there is one already. Else it is started where that is known
    /// and worth it; nobody waits for it.
    pub(crate) fn with_libraries(
        &self,
        code: &Code,
        env: &BTreeMap<String, String>,
    ) -> Option<Arc<Template>> {
        let told = self.inner.lock().known.told(code)?;
        let purpose = Purpose { script: code.script.clone(), imports: Some(Arc::clone(&told.imports)) };
        self.inner.slot(&purpose, env, Some(told)).ok()?.template()
    }

    /// The interpreter for attempts of any code with this environment, or why there is none. May wait until one has
    /// loaded; harmless to give up.
    ///
    /// # Errors
    /// The reason, for people.
    pub(crate) async fn interpreter(
        &self,
        script: &Path,
        env: &BTreeMap<String, String>,
    ) -> Result<Arc<Template>, String> {
        let purpose = Purpose { script: script.to_owned(), imports: None };
        // A second look is needed when what was waited for turns out to fit somebody else only.
        for _ in 0..2 {
            let mut slot = self.inner.slot(&purpose, env, None)?;
            let loaded = timeout(LOAD_PATIENCE, slot.loaded()).await;
            let template =
                loaded.map_err(|_| "the preloaded interpreter takes long to load".to_owned())??;
            if template.differing(env, &BTreeSet::new()).is_none() {
                return Ok(template);
            }
        }
        Err("the environment fits none of the preloaded interpreters".to_owned())
    }

    /// A process of `interpreter` that waits for its attempt, or why there is none. Harmless to give up.
    ///
    /// # Errors
    /// The reason, for people. Nothing was started for the attempt.
    pub(crate) async fn fork(&self, interpreter: Arc<Template>) -> Result<Fork, String> {
        let inner = Arc::clone(&self.inner);
        let (give, taken) = oneshot::channel();
        // By itself: who asks for a fork has to hear of it, or nobody learns of its end.
        self.inner.tasks.spawn("warm-fork", async move {
            let fork = tokio::select! {
                fork = interpreter.take() => fork,
                // The interpreter goes, with everything that it has forked for nobody.
                () = inner.closing.cancelled() => return,
            };
            if fork.is_ok() {
                inner.fork_ahead(interpreter);
            }
            if let Err(Ok(unwanted)) = give.send(fork) {
                unwanted.discard().await;
            }
        });
        taken.await.unwrap_or_else(|_| Err("the executor is ending".to_owned()))
    }

    /// Is an attempt of `code` to tell what it imports? If so, it is the one that was asked.
    pub(crate) fn ask(&self, code: &Code) -> bool {
        self.inner.lock().known.ask(code, Instant::now())
    }

    /// Hears what an attempt of `code` imports.
    pub(crate) fn hear(&self, code: Code, line: BufReader<UnixStream>) {
        let inner = Arc::clone(&self.inner);
        self.inner.tasks.spawn("warm-imports", async move {
            let told = tokio::select! {
                told = libraries::told(line) => told,
                () = inner.closing.cancelled() => None,
            };
            if let Some(told) = told {
                inner.lock().known.learn(code, told);
            }
        });
    }

    /// Ends all interpreters; attempts that were forked from them go on.
    pub(crate) fn close(&self) {
        self.inner.closing.cancel();
    }
}

impl Slot {
    /// Waits until the interpreter is there, or never will be.
    async fn loaded(&mut self) -> Result<Arc<Template>, String> {
        let settled = self.phase.wait_for(|phase| !matches!(phase, Phase::Loading)).await;
        match settled.as_deref() {
            Ok(Phase::Ready(template)) => Ok(Arc::clone(template)),
            Ok(Phase::Gone(reason)) => Err(reason.clone()),
            Ok(Phase::Loading) | Err(_) => Err("the preloaded interpreter ended".to_owned()),
        }
    }

    /// Why an attempt with this environment cannot be forked from it: the variable that differs.
    fn differing(
        &self,
        env: &BTreeMap<String, String>,
        planned: &BTreeMap<String, String>,
        files: &BTreeSet<String>,
    ) -> Option<String> {
        match &*self.phase.borrow() {
            Phase::Ready(template) => template.differing(env, files),
            Phase::Loading if self.env == *planned => None,
            Phase::Loading => Some("its environment".to_owned()),
            Phase::Gone(reason) => Some(reason.clone()),
        }
    }

    fn template(&self) -> Option<Arc<Template>> {
        match &*self.phase.borrow() {
            Phase::Ready(template) => Some(Arc::clone(template)),
            Phase::Loading | Phase::Gone(_) => None,
        }
    }

    fn is_gone(&self) -> bool {
        matches!(&*self.phase.borrow(), Phase::Gone(_))
    }
}

impl Inner {
    /// The interpreter that fits, a new one if none does.
    fn slot(
        self: &Arc<Self>,
        purpose: &Purpose,
        env: &BTreeMap<String, String>,
        told: Option<Arc<Told>>,
    ) -> Result<Slot, String> {
        let mut state = self.lock();
        if self.closing.is_cancelled() {
            return Err("the executor is ending".to_owned());
        }
        state.slots.retain(|slot| !slot.is_gone());
        let planned = for_template(env, state.read_for(purpose));
        let none = BTreeSet::new();
        let files = told.as_deref().map_or(&none, |told| &told.files);
        let mut misfit = None;
        for slot in state.slots.iter().filter(|slot| slot.purpose == *purpose) {
            match slot.differing(env, &planned, files) {
                None => return Ok(slot.clone()),
                Some(name) => misfit = Some(name),
            }
        }
        if let Some((_, until, reason)) = state.broken.get(purpose)
            && Instant::now() < *until
        {
            return Err(reason.clone());
        }
        if !state.has_room(purpose) && !state.make_room(purpose) {
            return Err(match misfit {
                Some(name) => format!("{name} differs from all preloaded interpreters"),
                None => "all preloaded interpreters are busy for other environments".to_owned(),
            });
        }
        let parsed = Script::read(&purpose.script)?;
        let number = state.next_number;
        state.next_number += 1;
        let (announce, phase) = watch::channel(Phase::Loading);
        let slot = Slot { number, purpose: purpose.clone(), told, env: planned, phase };
        state.slots.push(slot.clone());
        drop(state);
        let keeping = keeper::keep(Arc::clone(self), slot.clone(), parsed, announce);
        self.tasks.spawn("warm-interpreter", keeping);
        Ok(slot)
    }

    /// So that the next attempt finds a process that has been forked already.
    fn fork_ahead(self: Arc<Self>, template: Arc<Template>) {
        let tasks = self.tasks.clone();
        tasks.spawn("warm-fork-ahead", async move {
            tokio::select! {
                () = template.prepare() => {}
                () = self.closing.cancelled() => {}
            }
        });
    }

    /// An interpreter has loaded: what it read is told to those that come after it.
    fn loaded(&self, slot: &Slot, template: &Template) {
        let mut state = self.lock();
        let read = template.read().iter().cloned();
        if slot.purpose.imports.is_some() {
            state.read_by_libraries.extend(read);
        } else {
            state.read.extend(read);
            state.broken.remove(&slot.purpose);
        }
    }

    /// An interpreter could not be started; none is for a while.
    fn failed(&self, slot: &Slot, reason: &str) {
        let mut state = self.lock();
        let failures = state.broken.get(&slot.purpose).map_or(0, |(failures, _, _)| *failures);
        let pause = BACKOFF.0.saturating_mul(1 << failures.min(10)).min(BACKOFF.1);
        let entry = (failures.saturating_add(1), Instant::now() + pause, reason.to_owned());
        // Code comes and goes.
        state.broken.retain(|_, (_, until, _)| until.elapsed() < BACKOFF.1);
        state.broken.insert(slot.purpose.clone(), entry);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No method can panic with a half-changed state.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn read_for(&self, purpose: &Purpose) -> &BTreeSet<String> {
        if purpose.imports.is_some() { &self.read_by_libraries } else { &self.read }
    }

    /// Those for any code and those for some code do not take each other's places.
    fn has_room(&self, purpose: &Purpose) -> bool {
        let alike = self.slots.iter().filter(|slot| slot.purpose.is_like(purpose)).count();
        alike < if purpose.imports.is_some() { MAX_WITH_LIBRARIES } else { MAX_TEMPLATES }
    }

    /// Lets the interpreter go that has been unused for longest, if that is long enough.
    fn make_room(&mut self, purpose: &Purpose) -> bool {
        let alike = self.slots.iter().filter(|slot| slot.purpose.is_like(purpose));
        let unused = alike.filter_map(Slot::template);
        let Some(oldest) = unused.min_by_key(|template| template.last_use()) else { return false };
        let enough =
            if purpose.imports.is_some() { REPLACEABLE_WITH_LIBRARIES_AFTER } else { REPLACEABLE_AFTER };
        if oldest.last_use().elapsed() < enough {
            return false;
        }
        oldest.retire("another environment needed its place");
        self.slots.retain(|slot| slot.template().is_none_or(|template| !Arc::ptr_eq(&template, &oldest)));
        true
    }
}

#[cfg(test)]
mod tests;
