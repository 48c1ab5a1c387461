//! The thin layer of tokio around the state machine: calls, timers, the watch, and who waits for what.
//!
//! One task owns the state machine; everything else is a job that ends with an event. It decides nothing about
//! children: what is done, and how often, comes out of [`Core`].

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use connectrpc::ConnectError;
use connectrpc::client::CallOptions;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tracing::{debug, warn};
use wingbeat_client::{Client, Connection};
use wingbeat_proto::flyteidl2::actions::{ActionsServiceClient, WatchForUpdatesResponse};

use super::wire::{self, Launch};
use crate::controller::ActionIdentity;
use crate::controller::core::event::{Answer, Ask, Completion, Effect, Event, Name, Ticket, WatchEnd};
use crate::controller::core::{Core, Limits};
use crate::error::TaskError;
use crate::storage::Storage;

/// Calls that wait for the driver to look at them.
const COMMANDS_IN_QUEUE: usize = 256;
/// News that wait for the driver; the platform is not read further meanwhile.
const NEWS_IN_QUEUE: usize = 256;
/// For one call. The listener of our executor holds calls half as long while the server is away.
const CALL_PATIENCE: Duration = Duration::from_mins(1);
/// Longest time that the end of a task waits until its children were told.
const FINISH_PATIENCE: Duration = Duration::from_secs(20);
/// Tries to abort a child; the platform ends the children of an ended task anyway.
const ABORT_TRIES: u32 = 5;

/// Whom the driver serves, and by what means.
pub(super) struct Means {
    pub(super) identity: ActionIdentity,
    pub(super) client: Client,
    pub(super) actions: ActionsServiceClient<Connection>,
    pub(super) storage: Storage,
    pub(super) limits: Limits,
    pub(super) calls_per_second: u32,
}

/// What callers tell the driver.
enum Command {
    Ask(Box<Request>),
    Finish { done: oneshot::Sender<()> },
}

/// What a caller wants.
struct Request {
    ticket: Ticket,
    name: Name,
    ask: Ask,
    launch: Option<Launch>,
    reply: oneshot::Sender<Completion>,
}

/// Callers that went away. Unbounded only by name: each is one that was waited for.
#[derive(Default)]
struct Dropped {
    tickets: Mutex<Vec<Ticket>>,
    bell: Notify,
}

/// A running driver. Dropping it ends everything at once, without a word to the platform.
pub(super) struct Driver {
    commands: mpsc::Sender<Command>,
    dropped: Arc<Dropped>,
    next_ticket: AtomicU64,
    _task: JoinSet<()>,
}

impl Driver {
    /// Starts a driver in the current tokio runtime. It connects when it is first asked for something.
    pub(super) fn start(means: Means) -> Self {
        let (commands, receiver) = mpsc::channel(COMMANDS_IN_QUEUE);
        let dropped = Arc::new(Dropped::default());
        let mut task = JoinSet::new();
        task.spawn(Loop::new(means, receiver, Arc::clone(&dropped)).run());
        Self { commands, dropped, next_ticket: AtomicU64::new(0), _task: task }
    }

    /// Asks for something and waits for the answer. A future that is dropped does not wait any more.
    pub(super) async fn ask(&self, name: &str, ask: Ask, launch: Option<Launch>) -> Completion {
        let ticket = Ticket(self.next_ticket.fetch_add(1, Ordering::Relaxed));
        let (reply, answer) = oneshot::channel();
        let mut waiting = Waiting { ticket, dropped: &self.dropped, is_over: false };
        let request = Request { ticket, name: Arc::from(name), ask, launch, reply };
        let completion = match self.commands.send(Command::Ask(Box::new(request))).await {
            Ok(()) => answer.await.unwrap_or_else(|_| ended()),
            Err(_) => ended(),
        };
        waiting.is_over = true;
        completion
    }

    /// Ends everything in order. Later calls are refused.
    pub(super) async fn finish(&self) {
        let (done, is_done) = oneshot::channel();
        if self.commands.send(Command::Finish { done }).await.is_ok() {
            // An error means that the driver is gone, which is what was wanted.
            let _gone = is_done.await;
        }
    }
}

fn ended() -> Completion {
    Completion::Failed(TaskError::system(
        "TaskFinished",
        "the task has ended; it can ask for nothing any more",
    ))
}

/// Tells the driver when its caller goes away without the answer.
struct Waiting<'a> {
    ticket: Ticket,
    dropped: &'a Dropped,
    is_over: bool,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            self.dropped.tickets.lock().expect("nobody panics while holding it").push(self.ticket);
            self.dropped.bell.notify_one();
        }
    }
}

/// The task that owns the state machine.
struct Loop {
    means: Arc<Means>,
    core: Core,
    commands: mpsc::Receiver<Command>,
    dropped: Arc<Dropped>,
    replies: HashMap<Ticket, oneshot::Sender<Completion>>,
    launches: HashMap<Name, Arc<Launch>>,
    /// Each ends with an event, or with none.
    jobs: JoinSet<Option<Event>>,
    /// Calls of the platform that have not been answered.
    calls_under_way: Arc<AtomicU64>,
    watch: Option<AbortHandle>,
    news: (mpsc::Sender<Event>, mpsc::Receiver<Event>),
    pace: Arc<Pace>,
}

impl Loop {
    fn new(means: Means, commands: mpsc::Receiver<Command>, dropped: Arc<Dropped>) -> Self {
        Self {
            core: Core::new(means.limits),
            pace: Arc::new(Pace::new(means.calls_per_second)),
            means: Arc::new(means),
            commands,
            dropped,
            replies: HashMap::new(),
            launches: HashMap::new(),
            jobs: JoinSet::new(),
            calls_under_way: Arc::default(),
            watch: None,
            news: mpsc::channel(NEWS_IN_QUEUE),
        }
    }

    async fn run(mut self) {
        loop {
            let dropped = Arc::clone(&self.dropped);
            tokio::select! {
                command = self.commands.recv() => match command {
                    Some(Command::Ask(request)) => self.asked(*request),
                    Some(Command::Finish { done }) => {
                        self.finish().await;
                        let _nobody_waits = done.send(());
                        return;
                    }
                    None => return,
                },
                Some(event) = self.news.1.recv() => self.handle(event),
                Some(job) = self.jobs.join_next() => self.job_ended(job),
                () = dropped.bell.notified() => self.forget_dropped(),
            }
        }
    }

    fn asked(&mut self, request: Request) {
        let Request { ticket, name, ask, launch, reply } = request;
        // Whoever went away before this was looked at is not told of a second time.
        if reply.is_closed() {
            return;
        }
        if let Some(launch) = launch {
            self.launches.insert(name.clone(), Arc::new(launch));
        }
        self.replies.insert(ticket, reply);
        self.handle(Event::Asked { ticket, name, ask });
    }

    fn forget_dropped(&mut self) {
        let tickets =
            std::mem::take(&mut *self.dropped.tickets.lock().expect("nobody panics while holding it"));
        for ticket in tickets {
            self.replies.remove(&ticket);
            self.handle(Event::Dropped(ticket));
        }
    }

    fn job_ended(&mut self, job: Result<Option<Event>, tokio::task::JoinError>) {
        match job {
            Ok(Some(event)) => self.handle(event),
            Ok(None) => {}
            Err(error) if error.is_cancelled() => {}
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }

    fn handle(&mut self, event: Event) {
        for effect in self.core.handle(event) {
            self.obey(effect);
        }
    }

    fn obey(&mut self, effect: Effect) {
        match effect {
            Effect::OpenWatch => {
                let watch = watch(Arc::clone(&self.means), self.news.0.clone());
                self.watch = Some(self.jobs.spawn(watch));
            }
            Effect::CloseWatch => {
                if let Some(watch) = self.watch.take() {
                    watch.abort();
                }
            }
            Effect::Prepare(name) => {
                let launch = self.launches.get(&name).cloned();
                self.jobs.spawn(prepare(Arc::clone(&self.means), name, launch));
            }
            Effect::Enqueue(name) => {
                let launch = self.launches.get(&name).cloned();
                let call = enqueue(Arc::clone(&self.means), Arc::clone(&self.pace), name, launch);
                self.call(call);
            }
            Effect::Abort(name) => {
                self.call(abort(Arc::clone(&self.means), Arc::clone(&self.pace), name));
            }
            Effect::Forget(name) => {
                self.launches.remove(&name);
            }
            Effect::SetTimer { timer, after } => {
                self.jobs.spawn(async move {
                    sleep(after).await;
                    Some(Event::TimerFired(timer))
                });
            }
            Effect::Complete { ticket, completion } => {
                if let Some(reply) = self.replies.remove(&ticket) {
                    let _nobody_waits = reply.send(completion);
                }
            }
        }
    }

    fn call(&mut self, call: impl Future<Output = Option<Event>> + Send + 'static) {
        let under_way = Arc::clone(&self.calls_under_way);
        under_way.fetch_add(1, Ordering::Relaxed);
        self.jobs.spawn(async move {
            let event = call.await;
            under_way.fetch_sub(1, Ordering::Relaxed);
            event
        });
    }

    /// Closes the watch and sees to it that the platform hears of every abort, if it answers.
    async fn finish(&mut self) {
        self.forget_dropped();
        self.handle(Event::Finished);
        let told = async {
            while self.calls_under_way.load(Ordering::Relaxed) > 0 {
                while self.calls_under_way.load(Ordering::Relaxed) > 0 {
                    let Some(job) = self.jobs.join_next().await else { return };
                    self.job_ended(job);
                }
                // What the last call left behind may lead to an abort, which is a call again.
                while let Some(job) = self.jobs.try_join_next() {
                    self.job_ended(job);
                }
            }
        };
        if timeout(FINISH_PATIENCE, told).await.is_err() {
            warn!("the platform did not take every abort of a child in time");
        }
    }
}

async fn prepare(means: Arc<Means>, name: Name, launch: Option<Arc<Launch>>) -> Option<Event> {
    let mut result = Ok(());
    for (uri, content) in launch.iter().flat_map(|launch| &launch.files) {
        if let Err(error) = means.storage.write(uri, content.clone()).await {
            result = Err(TaskError::from(error));
            break;
        }
    }
    Some(Event::Prepared { name, result })
}

async fn enqueue(
    means: Arc<Means>,
    pace: Arc<Pace>,
    name: Name,
    launch: Option<Arc<Launch>>,
) -> Option<Event> {
    // What is sent is kept until it is accepted; without it there is nothing to say.
    let request = launch?.request();
    pace.wait().await;
    let options = CallOptions::default().with_timeout(CALL_PATIENCE);
    let answer = match means.actions.enqueue_with_options(request, options).await {
        Ok(_) => Answer::Accepted,
        Err(error) => {
            debug!(action = &*name, error = %error, "an enqueue was not accepted");
            wire::answer(&error)
        }
    };
    Some(Event::Answered { name, answer })
}

async fn abort(means: Arc<Means>, pace: Arc<Pace>, name: Name) -> Option<Event> {
    for tries in 1..=ABORT_TRIES {
        pace.wait().await;
        let request = wire::abort(&means.identity, &name);
        let options = CallOptions::default().with_timeout(CALL_PATIENCE);
        let Err(error) = means.actions.abort_with_options(request, options).await else { break };
        // Ended, unknown, or not ours any more: there is nothing left to abort.
        if error.code != connectrpc::ErrorCode::Unavailable || tries == ABORT_TRIES {
            debug!(action = &*name, error = %error, "an abort was not accepted");
            break;
        }
        sleep(Duration::from_millis(100) * tries).await;
    }
    None
}

/// Holds the watch until it ends, and hands on what it tells.
async fn watch(means: Arc<Means>, news: mpsc::Sender<Event>) -> Option<Event> {
    let end = match watch_once(&means, &news).await? {
        None => WatchEnd::Clean,
        // Refused for a token that has been replaced by now: it is opened again, as after a break.
        Some(error) if means.client.has_other_token(&error).await => WatchEnd::Lost(wire::told(&error)),
        Some(error) => wire::watch_end(&error),
    };
    // By the same way as the news, so that it cannot overtake them.
    let _driver_is_gone = news.send(Event::WatchEnded(end)).await;
    None
}

/// Why it ended, or nothing where the driver is gone. An error is how it ended badly.
async fn watch_once(means: &Means, news: &mpsc::Sender<Event>) -> Option<Option<ConnectError>> {
    let mut stream = match means.actions.watch_for_updates(wire::watch(&means.identity)).await {
        Ok(stream) => stream,
        Err(error) => return Some(Some(error)),
    };
    news.send(Event::WatchOpened).await.ok()?;
    loop {
        match stream.message::<WatchForUpdatesResponse>().await {
            Ok(Some(message)) => {
                let Some(event) = wire::news(message.to_owned_message()) else { continue };
                news.send(event).await.ok()?;
            }
            Ok(None) => return Some(None),
            Err(error) => return Some(Some(error)),
        }
    }
}

/// Spreads calls over time: so many per second, and as many at once after a pause.
struct Pace {
    interval: Duration,
    next: Mutex<Instant>,
}

impl Pace {
    fn new(calls_per_second: u32) -> Self {
        Self { interval: Duration::from_secs(1) / calls_per_second.max(1), next: Mutex::new(Instant::now()) }
    }

    async fn wait(&self) {
        let at = {
            let mut next = self.next.lock().expect("nobody panics while holding it");
            // A second's worth may go out at once.
            let earliest = Instant::now().checked_sub(Duration::from_secs(1)).unwrap_or_else(Instant::now);
            *next = (*next).max(earliest) + self.interval;
            *next
        };
        if at > Instant::now() {
            sleep_until(at).await;
        }
    }
}
