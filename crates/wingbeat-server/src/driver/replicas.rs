//! What a server makes of the others that share its store: it takes over what they commit, ends what they left when
//! they died, and fires timers if that is its duty.
//!
//! Everything here is a matter of time, never of right and wrong: commits are decided under the store's lock, from
//! rows. News that are lost are read by the next look, and a duty that two servers believe to have is done twice.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use futures::FutureExt as _;
use tokio::time::Instant;
use wingbeat_engine::defects::{Defect, active};
use wingbeat_engine::{Command, Effect, Office};
use wingbeat_model::{Action, Attempt, Changes, RunId, Seq, ServerId, SessionId, Span, State, Timestamp};
use wingbeat_store::{Echo, Neighbour, ReadError};

use super::{BootError, Chain, Driver, ExecutorTerms, Waiting};
use crate::sessions::LEASE;

/// While there are live runs, everybody looks this often whether news were lost and servers died.
const LOOK: Duration = Duration::from_secs(2);
/// A timer that is this much overdue is fired by whoever sees it: whose duty it is may hang.
const LATE: Span = Span::from_secs(30);

/// A session's stream, its number, and what the executor can take.
type Newcomer = (SessionId, u64, ExecutorTerms);

/// What is known of the other servers.
#[derive(Debug, Default)]
pub(super) struct Others {
    /// Up to where their commits were taken over.
    followed: Seq,
    /// There is something to read.
    pub(super) news: bool,
    /// Executors whose streams came here. They get nothing before it was read what a former server gave them.
    newcomers: Vec<Newcomer>,
    /// When to look again; never while nothing is going on.
    pub(super) next_look: Option<Instant>,
    /// The duty that this server has, by its epoch.
    duty: Option<i64>,
    neighbours: Vec<Neighbour>,
    /// Sessions of servers that are not there, and since when that is known.
    orphans: BTreeMap<(SessionId, ServerId), Timestamp>,
    live: HashSet<RunId>,
}

impl Others {
    /// Everything up to `head` is about to be read.
    pub(super) fn start_from(&mut self, head: Seq) {
        self.followed = head;
        self.live.clear();
    }

    /// Is the action's run going on?
    pub(super) fn observe(&mut self, action: &Action) {
        if !action.key.name.is_root() {
            return;
        }
        if action.phase().is_terminal() {
            self.live.remove(&action.key.run);
        } else {
            self.live.insert(action.key.run);
        }
    }

    fn knows(&self, server: ServerId) -> bool {
        self.neighbours.iter().any(|neighbour| neighbour.server == server)
    }
}

impl Driver {
    /// As whom this server decides.
    pub(super) fn office(&self) -> Office {
        // Without the duty only what is long overdue is fired, and that counts whoever has the duty.
        let epoch = self.others.duty.filter(|_| self.is_on_duty()).unwrap_or(i64::MAX);
        Office { server: self.parts.store.server(), epoch }
    }

    fn is_on_duty(&self) -> bool {
        !self.parts.store.is_shared() || self.others.duty.is_some()
    }

    /// How much later than due this server fires timers.
    pub(super) fn lateness(&self) -> Span {
        if self.is_on_duty() { Span::from_secs(0) } else { LATE }
    }

    /// An executor's stream was opened here.
    pub(super) fn welcome(&mut self, newcomer: Newcomer) {
        if self.parts.store.is_shared() {
            self.others.newcomers.push(newcomer);
            self.others.news = true;
        } else {
            self.give_place(newcomer);
        }
    }

    fn give_place(&self, (session, number, terms): Newcomer) {
        let now = self.parts.clock.now();
        self.lock_scheduler().connect(session, number, terms, now);
    }

    /// Sessions that began here, or came here, with this server's own commit: what was believed of them is too old.
    /// One that drains may have its stream, and is offered nothing anyway.
    pub(super) fn await_streams(&self, written: &Changes) {
        let open = written.sessions.iter().filter(|session| !session.draining);
        open.for_each(|session| self.lock_scheduler().forget_executor(&session.id));
    }

    /// An executor's stream was closed.
    pub(super) fn bid_farewell(&mut self, session: &SessionId, number: u64) {
        self.others.newcomers.retain(|(newcomer, stream, _)| newcomer != session || *stream > number);
        self.lock_scheduler().disconnect(session, number);
    }

    /// The rows are not what they were taken for: another server has changed them.
    pub(super) fn has_missed_something(&mut self) {
        self.others.news |= self.parts.store.is_shared();
    }

    /// Before anything is loaded.
    pub(super) async fn meet_others(&mut self) -> Result<(), BootError> {
        let store = self.parts.store.clone();
        store.take_duty().await?;
        self.others.duty = store.duty();
        self.others.next_look = store.is_shared().then(Instant::now);
        Ok(())
    }

    /// Takes over what other servers did, if there is news, and looks after them now and then.
    pub(super) async fn look_around(&mut self) {
        let store = self.parts.store.clone();
        if !store.is_shared() {
            return;
        }
        let due = self.others.next_look.is_some_and(|at| at <= Instant::now());
        let heard = store.heard().now_or_never().is_some();
        if !(due || heard || self.others.news) {
            self.others.next_look = self.next_look();
            return;
        }
        self.others.news = false;
        let looked = async {
            self.follow_others().await?;
            // An executor that comes back may have been sent away by a server that does not know of this one.
            if due || store.take_arrivals() || !self.others.newcomers.is_empty() {
                self.look_after_others().await?;
            }
            Ok::<_, ReadError>(())
        };
        if let Err(error) = looked.await {
            tracing::warn!(error = %Chain(&error), "cannot see what other servers do; trying again");
            self.others.next_look = Some(Instant::now() + LOOK);
            return;
        }
        self.others.next_look = None;
        self.others.next_look = self.next_look();
    }

    fn next_look(&self) -> Option<Instant> {
        // What a root left when it ended is still somebody's work.
        let load = self.lock_scheduler().load();
        let left = load.attempts + load.ready + load.backing_off > 0;
        let busy = left || !self.others.live.is_empty() || !self.others.orphans.is_empty();
        busy.then(|| self.others.next_look.unwrap_or_else(|| Instant::now() + LOOK))
    }

    async fn follow_others(&mut self) -> Result<(), ReadError> {
        if let Some(echo) = self.parts.store.echo(self.others.followed).await? {
            return self.take_over(echo).await;
        }
        tracing::info!("other servers are too far ahead; reading everything anew");
        self.rebuild().await;
        let sessions = self.parts.store.open_sessions().await?;
        let changes = Changes { sessions, ..Changes::default() };
        self.observe(&changes);
        self.leave_moved_sessions(&changes);
        self.others.newcomers.split_off(0).into_iter().for_each(|newcomer| self.give_place(newcomer));
        Ok(())
    }

    async fn take_over(&mut self, echo: Echo) -> Result<(), ReadError> {
        let Echo { mut changes, upto, more } = echo;
        if active(Defect::NewsThrownAway) {
            changes = Changes::default();
        }
        self.parts.feed.publish_others(upto, &changes);
        self.observe(&changes);
        self.leave_moved_sessions(&changes);
        self.order_anew(&changes).await?;
        self.others.followed = upto;
        self.others.news |= more;
        if !more {
            self.others.newcomers.split_off(0).into_iter().for_each(|newcomer| self.give_place(newcomer));
        }
        Ok(())
    }

    /// An executor that has gone to another server has no stream here, whatever this end believes.
    fn leave_moved_sessions(&mut self, changes: &Changes) {
        let me = self.parts.store.server();
        for session in changes.sessions.iter().filter(|session| session.server != me) {
            self.others.newcomers.retain(|(newcomer, ..)| *newcomer != session.id);
            self.lose_sight_of(&session.id);
        }
    }

    /// The rows say that a session is not here. Its executor is to begin anew, and is offered nothing more.
    pub(super) fn lose_sight_of(&self, session: &SessionId) {
        self.lock_scheduler().forget_executor(session);
        self.parts.sessions.end(session);
    }

    /// What others decided about attempts whose executors are connected here is told to these from here.
    async fn order_anew(&mut self, changes: &Changes) -> Result<(), ReadError> {
        let here = |attempt: &&Attempt| attempt.held && self.parts.sessions.is_open(&attempt.session);
        let mut orders = Vec::new();
        for attempt in changes.attempts.iter().filter(here) {
            let found = changes.actions.iter().find(|action| action.key == attempt.key.action).cloned();
            let action = match found {
                Some(action) => Some(action),
                None => self.parts.store.find_action(&attempt.key.action).await?,
            };
            let Some(action) = action else { continue };
            let started = !matches!(action.state, State::Claimed { .. });
            let order = wingbeat_engine::resume(&action, attempt);
            orders.extend(order.filter(|order| !(started && matches!(order, Effect::Assign { .. }))));
        }
        self.follow(orders, &[], &[]);
        Ok(())
    }

    /// Who is there, who is not any more, and whose work is left?
    async fn look_after_others(&mut self) -> Result<(), ReadError> {
        let store = self.parts.store.clone();
        store.take_duty().await?;
        let duty = store.duty();
        if duty != self.others.duty {
            self.others.duty = duty;
            if let Some(epoch) = duty {
                tracing::info!(epoch, "this server sees to timers now");
                // Timers that others had fired, and work that they left.
                self.rebuild().await;
            }
        }
        let neighbours = store.neighbours().await?;
        if neighbours != self.others.neighbours {
            let gone = self
                .others
                .neighbours
                .iter()
                .any(|known| neighbours.iter().all(|neighbour| neighbour.server != known.server));
            self.others.neighbours = neighbours;
            let endpoints = self.others.neighbours.iter().map(|neighbour| neighbour.endpoint.clone());
            self.parts.sessions.know_servers(endpoints.filter(|endpoint| !endpoint.is_empty()).collect());
            if gone && duty.is_some() {
                self.take_what_is_left().await?;
            }
        }
        if duty.is_some() { self.end_orphans().await } else { Ok(()) }
    }

    /// Doing it twice is harmless.
    async fn take_what_is_left(&mut self) -> Result<(), ReadError> {
        let left = self.parts.store.follow_ups().await?;
        let left = left.into_iter().map(|work| Waiting { command: Command::FollowUp(work), answer: None });
        left.for_each(|work| self.queue.push(work));
        Ok(())
    }

    /// Sessions of servers that are not there have one lease to come back on another one.
    async fn end_orphans(&mut self) -> Result<(), ReadError> {
        if active(Defect::OrphansForgotten) {
            return Ok(());
        }
        let (now, me) = (self.parts.clock.now(), self.parts.store.server());
        let open = self.parts.store.open_sessions().await?;
        let orphans: HashSet<(SessionId, ServerId)> = open
            .into_iter()
            .filter(|session| session.server != me && !self.others.knows(session.server))
            .map(|session| (session.id, session.server))
            .collect();
        self.others.orphans.retain(|orphan, _| orphans.contains(orphan));
        for (session, server) in orphans {
            let since = *self.others.orphans.entry((session.clone(), server)).or_insert(now);
            if now.since(since).to_std() >= LEASE {
                tracing::warn!(worker_id = %session.0, "executor session lost with its server");
                let command = Command::EndSession { session, server };
                self.queue.push(Waiting { command, answer: None });
            }
        }
        Ok(())
    }
}
