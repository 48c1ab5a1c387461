//! What happened in a run by time, put into buckets. Pure arithmetic.

use std::collections::BTreeMap;

use connectrpc::ConnectError;
use wingbeat_idl::time;
use wingbeat_model::tally::{Event, Marks, slot_width};
use wingbeat_model::{Span, Tallied, Timestamp};
use wingbeat_proto::wingbeat::platform::v1::{GetTimelineRequest, GetTimelineResponse, TimelineBucket};

use super::{bad, counts};

/// Buckets of an answer whose number the client leaves to us.
const USUAL: u32 = 100;
/// More than a screen has pixels.
const MOST: u32 = 2_000;

/// What is known of a run.
pub(super) enum Seen {
    /// The times of every action.
    Exactly(Vec<Marks>),
    /// Sums by slot.
    InSlots(Vec<(Tallied, i64)>),
}

/// The part of time that is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part {
    from: i64,
    width: i64,
    buckets: usize,
}

impl Part {
    /// From a request about a run that was created and ended, or is now, at these times.
    pub(super) fn of(
        request: &GetTimelineRequest,
        created: Timestamp,
        end: Timestamp,
    ) -> Result<Self, ConnectError> {
        let given = |at: Option<Timestamp>, usual: i64| at.map_or(usual, Timestamp::as_micros);
        let from = given(request.from.as_option().map(time::from_timestamp), created.as_micros());
        // What happened at the very end belongs to it.
        let usual = end.as_micros().max(from).saturating_add(1);
        let to = given(request.to.as_option().map(time::from_timestamp), usual);
        if to <= from {
            return Err(bad("to", "it must be later than from"));
        }
        if request.buckets > MOST {
            return Err(bad("buckets", &format!("{} is more than {MOST}", request.buckets)));
        }
        let wanted = i64::from(if request.buckets == 0 { USUAL } else { request.buckets });
        let length = to.saturating_sub(from);
        let width = length.saturating_add(wanted - 1) / wanted;
        let buckets = length.saturating_add(width - 1) / width;
        Ok(Self { from, width, buckets: usize::try_from(buckets).unwrap_or(0) })
    }

    /// What it looked like.
    pub(super) fn picture(self, created: Timestamp, seen: &Seen) -> GetTimelineResponse {
        let mut before = Flow::default();
        let mut flows = vec![Flow::default(); self.buckets];
        let mut add = |at: i64, event: Event, count: i64| {
            if at < self.from {
                before.add(event, count);
            } else if let Some(flow) = self.bucket(at).and_then(|ix| flows.get_mut(ix)) {
                flow.add(event, count);
            }
        };
        let resolution = match seen {
            Seen::Exactly(all) => {
                for (at, event) in all.iter().flat_map(|marks| marks.events()) {
                    add(at.as_micros(), event, 1);
                }
                None
            }
            Seen::InSlots(sums) => {
                for (what, count) in sums {
                    if let Tallied::Moment { slot, event } = what {
                        add(created.as_micros().saturating_add(slot * 1_000_000), *event, *count);
                    }
                }
                Some(self.resolution(created))
            }
        };
        let (mut waiting, mut running) = before.net();
        let bucket = |flow: Flow| {
            let (more_waiting, more_running) = flow.net();
            waiting += more_waiting;
            running += more_running;
            flow.bucket(waiting.max(0), running.max(0))
        };
        GetTimelineResponse {
            from: time::timestamp(Timestamp::from_micros(self.from)).into(),
            width: time::duration(Span::from_micros(self.width)).into(),
            buckets: flows.into_iter().map(bucket).collect(),
            resolution: resolution.map(time::duration).into(),
            ..Default::default()
        }
    }

    fn bucket(self, at: i64) -> Option<usize> {
        usize::try_from((at - self.from) / self.width).ok()
    }

    /// That of the coarsest slots in it.
    fn resolution(self, created: Timestamp) -> Span {
        let length = i64::try_from(self.buckets).unwrap_or(0).saturating_mul(self.width);
        let last = self.from.saturating_add(length - 1).saturating_sub(created.as_micros());
        Span::from_secs(slot_width((last / 1_000_000).max(0)))
    }
}

/// What happened in one bucket.
#[derive(Debug, Clone, Default)]
struct Flow {
    created: i64,
    started: i64,
    ended: BTreeMap<wingbeat_model::Phase, i64>,
    ended_unstarted: i64,
}

impl Flow {
    fn add(&mut self, event: Event, count: i64) {
        match event {
            Event::Created => self.created += count,
            Event::Started => self.started += count,
            Event::Ended(phase) => *self.ended.entry(phase).or_default() += count,
            Event::EndedUnstarted(phase) => {
                *self.ended.entry(phase).or_default() += count;
                self.ended_unstarted += count;
            }
        }
    }

    /// By how much more wait and run after it.
    fn net(&self) -> (i64, i64) {
        let ended: i64 = self.ended.values().sum();
        (self.created - self.started - self.ended_unstarted, self.started - (ended - self.ended_unstarted))
    }

    fn bucket(self, waiting: i64, running: i64) -> TimelineBucket {
        TimelineBucket {
            created: self.created,
            started: self.started,
            ended: counts::by_phase(self.ended.into_iter()),
            waiting,
            running,
            ..Default::default()
        }
    }
}
