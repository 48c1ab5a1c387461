//! What operators say of queues, and whether a queue lets an action begin.

use wingbeat_model::{Queue, QueueChange, QueueName, QueueTerms};

use crate::defects::{Defect, active};
use crate::working::Working;
use crate::{Reject, Reply};

pub(crate) fn put(work: &mut Working, name: QueueName, change: QueueChange) -> Reply {
    let known = work.queue(&name).cloned().unwrap_or_else(|| Queue::new(name));
    let before = if known.deleted { QueueTerms::default() } else { known.terms };
    work.put_queue(Queue { terms: before.with(change), deleted: false, ..known });
    Reply::Done
}

/// The row stays: what runs still has to be counted, in case the queue is made again.
pub(crate) fn delete(work: &mut Working, name: &QueueName) -> Result<Reply, Reject> {
    if name.is_default() {
        return Err(Reject::DefaultQueueStays);
    }
    match work.queue(name).filter(|queue| !queue.deleted).cloned() {
        Some(queue) => work.put_queue(Queue { deleted: true, ..queue }),
        None => return Err(Reject::NoQueue(name.clone())),
    }
    Ok(Reply::Done)
}

/// Refuses actions for a queue that nobody made: a misspelt name would let them wait for ever.
pub(crate) fn check_exists(work: &Working, name: &QueueName) -> Result<(), Reject> {
    let exists = name.is_default() || work.queue(name).is_some_and(|queue| !queue.deleted);
    if exists { Ok(()) } else { Err(Reject::NoQueue(name.clone())) }
}

/// May one more action of it begin? When only waiting parents hold its cap, one more may, as in a run.
pub(crate) fn check_open(work: &Working, name: &QueueName) -> Result<(), Reject> {
    let Some(queue) = work.queue(name) else { return check_exists(work, name) };
    if queue.deleted {
        return Err(Reject::NoQueue(name.clone()));
    }
    if queue.terms.paused {
        return Err(Reject::QueuePaused(name.clone()));
    }
    match queue.terms.max_running.filter(|_| !active(Defect::CapExceededByStaleScheduler)) {
        Some(cap) if queue.running >= cap && queue.running != queue.waiting_parents => {
            Err(Reject::QueueCap { queue: name.clone(), cap })
        }
        Some(_) | None => Ok(()),
    }
}
