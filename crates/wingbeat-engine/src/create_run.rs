//! Starts a run: its row and its root action, together or not at all.

use crate::working::Working;
use crate::{NewRun, Reject, Reply, enqueue};

pub(crate) fn create_run(work: &mut Working, new: NewRun) -> Result<Reply, Reject> {
    if let Some((key, digest)) = &new.replay
        && let Some((known, run)) = work.replay(key)
        && known == *digest
    {
        return Ok(Reply::RunCreated(run));
    }
    if work.has_run_named(&new.run.key) || work.run(new.run.id).is_some() {
        return Err(Reject::RunExists(new.run.key.name().to_owned()));
    }
    enqueue::check_queue(work, &new.run, &new.root)?;
    let mut run = new.run;
    let id = run.id;
    (run.running, run.waiting_parents, run.abort, run.changed) = (0, 0, None, work.seq);
    work.put_spec(run.spec, new.run_spec);
    work.insert_run(run);
    enqueue::add(work, new.root, 0);
    if let Some((key, digest)) = new.replay {
        work.put_replay(key, digest, id);
    }
    Ok(Reply::RunCreated(id))
}
