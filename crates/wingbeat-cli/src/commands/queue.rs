//! `wingbeat queue` and `wingbeat share`: who runs next.

use wingbeat_proto::wingbeat::platform::v1::{
    DeleteQueueRequest, ListQueuesRequest, ListSharesRequest, PutQueueRequest, PutShareRequest, Queue, Share,
};

use super::session::Session;
use crate::arguments::{QueueCommand, SetQueue, SetShare, ShareCommand};
use crate::failure::Failure;
use crate::output::{self, Format};
use crate::table::Table;

pub(super) async fn run(session: &Session, command: &QueueCommand) -> Result<(), Failure> {
    match command {
        QueueCommand::List(wanted) => list(session, &wanted.names).await,
        QueueCommand::Set(set) => put(session, set).await,
        QueueCommand::Delete(delete) => remove(session, &delete.name).await,
    }
}

pub(super) async fn run_share(session: &Session, command: &ShareCommand) -> Result<(), Failure> {
    match command {
        ShareCommand::List(_) => list_shares(session).await,
        ShareCommand::Set(set) => put_share(session, set).await,
    }
}

async fn list(session: &Session, names: &[String]) -> Result<(), Failure> {
    let scheduling = session.client.scheduling();
    let request = || scheduling.list_queues(ListQueuesRequest::default());
    let mut answer = session.read("could not list queues", request).await?.into_owned();
    if let Some(unknown) = names.iter().find(|name| answer.queues.iter().all(|queue| queue.name != **name)) {
        return Err(Failure::new(format!("there is no queue {unknown}"))
            .advise("`wingbeat queue list` lists those that are there"));
    }
    answer.queues.retain(|queue| names.is_empty() || names.contains(&queue.name));
    match session.format {
        Format::Json => output::json(&answer),
        Format::Table => output::line(&table(&answer.queues).to_string()),
    }
}

async fn put(session: &Session, set: &SetQueue) -> Result<(), Failure> {
    let request = PutQueueRequest {
        name: set.name.clone(),
        priority: set.priority,
        max_running: set.max_running,
        paused: set.pause.then_some(true).or(set.resume.then_some(false)),
        ..Default::default()
    };
    let answer = session.client.scheduling().put_queue(request).await;
    let what = format!("could not set queue {}", set.name);
    let answer = answer.map_err(|error| session.failed(&what, &error))?.into_owned();
    match session.format {
        Format::Json => output::json(&answer),
        Format::Table => output::line(&table(answer.queue.into_option().as_slice()).to_string()),
    }
}

async fn remove(session: &Session, name: &str) -> Result<(), Failure> {
    let request = DeleteQueueRequest { name: name.to_owned(), ..Default::default() };
    let answer = session.client.scheduling().delete_queue(request).await;
    let answer = answer.map_err(|error| session.failed(&format!("could not delete queue {name}"), &error))?;
    match session.format {
        Format::Json => output::json(&answer.into_owned()),
        Format::Table => output::line(&format!("deleted queue {name}; what runs in it goes on")),
    }
}

async fn list_shares(session: &Session) -> Result<(), Failure> {
    let scheduling = session.client.scheduling();
    let request = ListSharesRequest { org: session.settings.org.clone(), ..Default::default() };
    let answer = session.read("could not list shares", || scheduling.list_shares(request.clone())).await?;
    let answer = answer.into_owned();
    if session.format == Format::Json {
        return output::json(&answer);
    }
    let mut table = Table::new(["PROJECT", "WEIGHT"]);
    for share in &answer.shares {
        table.row([share.project.clone(), share.weight.to_string()]);
    }
    output::line(&format!("{table}\nall other projects weigh 1"))
}

async fn put_share(session: &Session, set: &SetShare) -> Result<(), Failure> {
    let org = session.settings.org.clone();
    let share = Share { org, project: set.name.clone(), weight: set.weight, ..Default::default() };
    let request = PutShareRequest { share: share.into(), ..Default::default() };
    let answer = session.client.scheduling().put_share(request).await;
    let what = format!("could not set the share of project {}", set.name);
    let answer = answer.map_err(|error| session.failed(&what, &error))?;
    match session.format {
        Format::Json => output::json(&answer.into_owned()),
        Format::Table => output::line(&format!("project {} weighs {} now", set.name, set.weight)),
    }
}

fn table(queues: &[Queue]) -> Table {
    let mut table = Table::new(["QUEUE", "STATE", "PRIORITY", "RUNNING", "CAP", "QUEUED"]);
    for queue in queues {
        let cap = if queue.max_running == 0 { "none".to_owned() } else { queue.max_running.to_string() };
        table.row([
            queue.name.clone(),
            if queue.paused { "paused" } else { "open" }.to_owned(),
            queue.priority.to_string(),
            queue.running.to_string(),
            cap,
            queue.queued.to_string(),
        ]);
    }
    table
}
