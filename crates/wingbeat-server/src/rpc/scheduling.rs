//! SchedulingService: queues, and projects' shares of the executors.

use std::collections::HashMap;
use std::sync::Arc;

use connectrpc::{ConnectError, RequestContext, Response, ServiceRequest, ServiceResult};
use wingbeat_engine::Command;
use wingbeat_model::{Queue, QueueChange, QueueName, Seq, Share, ShareKey, Verb};
use wingbeat_proto::wingbeat::platform::v1::{
    self as wire, DeleteQueueRequest, DeleteQueueResponse, ListQueuesRequest, ListQueuesResponse,
    ListSharesRequest, ListSharesResponse, PutQueueRequest, PutQueueResponse, PutShareRequest,
    PutShareResponse, SchedulingService,
};

use super::caller::principal;
use super::read_failed;
use crate::driver::Scheduler;
use crate::platform::{DEFAULT_ORG, Platform, submit_error};

/// The largest weight: beyond it a project of weight 1 would practically stand still.
const MOST_WEIGHT: u32 = 1_000;

/// See the module's text.
pub(crate) struct Scheduling {
    pub(crate) platform: Arc<Platform>,
}

impl SchedulingService for Scheduling {
    async fn list_queues(
        &self,
        ctx: RequestContext,
        _request: ServiceRequest<'_, ListQueuesRequest>,
    ) -> ServiceResult<ListQueuesResponse> {
        self.platform.authorize(&principal(&ctx), Verb::Read, None)?;
        let waiting = self.waiting();
        let queues = self.queues().await?.iter().map(|queue| view(queue, &waiting)).collect();
        Response::ok(ListQueuesResponse { queues, ..Default::default() })
    }

    async fn put_queue(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, PutQueueRequest>,
    ) -> ServiceResult<PutQueueResponse> {
        self.platform.authorize(&principal(&ctx), Verb::Administer, None)?;
        let request = request.to_owned_message();
        let name = queue_name(&request.name)?;
        let change = QueueChange {
            priority: request.priority,
            max_running: request.max_running.map(|cap| Some(cap).filter(|cap| *cap > 0)),
            paused: request.paused,
        };
        let put = Command::PutQueue { name: name.clone(), change };
        self.platform.driver.submit(put).await.map_err(submit_error)?;
        let waiting = self.waiting();
        let queue =
            self.queues().await?.iter().find(|queue| queue.name == name).map(|queue| view(queue, &waiting));
        Response::ok(PutQueueResponse { queue: queue.into(), ..Default::default() })
    }

    async fn delete_queue(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, DeleteQueueRequest>,
    ) -> ServiceResult<DeleteQueueResponse> {
        self.platform.authorize(&principal(&ctx), Verb::Administer, None)?;
        let delete = Command::DeleteQueue(QueueName::of(&request.to_owned_message().name));
        self.platform.driver.submit(delete).await.map_err(submit_error)?;
        Response::ok(DeleteQueueResponse::default())
    }

    async fn list_shares(
        &self,
        ctx: RequestContext,
        _request: ServiceRequest<'_, ListSharesRequest>,
    ) -> ServiceResult<ListSharesResponse> {
        self.platform.authorize(&principal(&ctx), Verb::Read, None)?;
        let shares = self.platform.store.shares().await.map_err(read_failed)?;
        let shares = shares.iter().map(|share| wire::Share {
            org: share.project.org.to_string(),
            project: share.project.project.to_string(),
            weight: share.weight,
            ..Default::default()
        });
        Response::ok(ListSharesResponse { shares: shares.collect(), ..Default::default() })
    }

    async fn put_share(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, PutShareRequest>,
    ) -> ServiceResult<PutShareResponse> {
        self.platform.authorize(&principal(&ctx), Verb::Administer, None)?;
        let share = request.to_owned_message().share.into_option().unwrap_or_default();
        if !(1..=MOST_WEIGHT).contains(&share.weight) {
            let text = format!("share.weight {} must be from 1 to {MOST_WEIGHT}", share.weight);
            return Err(ConnectError::invalid_argument(text));
        }
        let found =
            self.platform.store.find_project(DEFAULT_ORG, &share.project).await.map_err(read_failed)?;
        let Some(project) = found else {
            return Err(ConnectError::not_found(format!("project `{}` does not exist", share.project)));
        };
        let project = ShareKey { org: project.org, project: project.id };
        let put = Command::PutShare(Share { project, weight: share.weight, changed: Seq(0) });
        self.platform.driver.submit(put).await.map_err(submit_error)?;
        Response::ok(PutShareResponse::default())
    }
}

impl Scheduling {
    /// Queues that exist, by name.
    async fn queues(&self) -> Result<Vec<Queue>, ConnectError> {
        let mut queues = self.platform.store.queues().await.map_err(read_failed)?;
        queues.retain(|queue| !queue.deleted);
        let default = QueueName::of("");
        if !queues.iter().any(|queue| queue.name == default) {
            queues.push(Queue::new(default));
            queues.sort_by(|a, b| a.name.cmp(&b.name));
        }
        Ok(queues)
    }

    fn waiting(&self) -> HashMap<QueueName, u64> {
        self.platform.driver.scheduler(Scheduler::queued_by_queue)
    }
}

fn queue_name(text: &str) -> Result<QueueName, ConnectError> {
    if QueueName::is_valid(text) {
        return Ok(QueueName::of(text));
    }
    let text = format!(
        "name `{text}`: a queue's name has 1 to {} of the characters a-z, 0-9, `-`, `_` and `.`, a letter or digit first",
        QueueName::MAX_LEN
    );
    Err(ConnectError::invalid_argument(text))
}

fn view(queue: &Queue, waiting: &HashMap<QueueName, u64>) -> wire::Queue {
    wire::Queue {
        name: queue.name.to_string(),
        priority: queue.terms.priority,
        max_running: queue.terms.max_running.unwrap_or(0),
        paused: queue.terms.paused,
        running: queue.running,
        queued: waiting.get(&queue.name).copied().unwrap_or(0),
        ..Default::default()
    }
}
