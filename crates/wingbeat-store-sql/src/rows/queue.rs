//! Queues and shares.

use wingbeat_model::{Queue, QueueName, QueueTerms, Share, ShareKey};

use super::cell::{Binder, Columns};
use crate::fault::Fault;

/// Binds all columns of a queue.
pub(crate) fn bind(row: &mut Binder<'_>, queue: &Queue) -> Result<(), Fault> {
    row.put(queue.name.as_str())?;
    row.put(queue.terms.priority)?;
    row.put(queue.terms.max_running)?;
    row.put(queue.terms.paused)?;
    row.put(queue.deleted)?;
    row.put(queue.running)?;
    row.put(queue.waiting_parents)?;
    row.put(queue.changed.0)
}

/// Reads a queue.
pub(crate) fn read(row: &mut Columns<'_>) -> Result<Queue, Fault> {
    Ok(Queue {
        name: QueueName::of(&row.take::<String>()?),
        terms: QueueTerms { priority: row.take()?, max_running: row.take()?, paused: row.take()? },
        deleted: row.take()?,
        running: row.take()?,
        waiting_parents: row.take()?,
        changed: wingbeat_model::Seq(row.take()?),
    })
}

/// Binds all columns of a share.
pub(crate) fn bind_share(row: &mut Binder<'_>, share: &Share) -> Result<(), Fault> {
    row.put(&*share.project.org)?;
    row.put(&*share.project.project)?;
    row.put(share.weight)?;
    row.put(share.changed.0)
}

/// Reads a share.
pub(crate) fn read_share(row: &mut Columns<'_>) -> Result<Share, Fault> {
    Ok(Share {
        project: ShareKey { org: row.take_arc()?, project: row.take_arc()? },
        weight: row.take()?,
        changed: wingbeat_model::Seq(row.take()?),
    })
}
