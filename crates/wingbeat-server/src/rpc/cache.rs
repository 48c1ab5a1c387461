//! cacheservice.v2: cached results and who computes one, for clients that manage them on their own.

use std::sync::Arc;

use buffa::Message as _;
use connectrpc::{ConnectError, RequestContext, Response, ServiceRequest, ServiceResult};
use wingbeat_engine::{Command, Reply};
use wingbeat_idl::{ids, time};
use wingbeat_model::{CacheEntry, CacheKey, CacheOwner, Span, Verb};
use wingbeat_proto::flyteidl2::cacheservice::v2::{
    CacheService, DeleteCacheRequest, GetCacheRequest, GetOrExtendReservationRequest, Identifier,
    PutCacheRequest, ReleaseReservationRequest,
};
use wingbeat_proto::flyteidl2::cacheservice::{
    CachedOutput, DeleteCacheResponse, GetCacheResponse, GetOrExtendReservationResponse, Metadata,
    PutCacheResponse, ReleaseReservationResponse, Reservation, cached_output,
};

use super::caller::{bad_id, principal};
use super::read_failed;
use crate::platform::{Platform, submit_error};
use crate::use_cases::cached::stored_key;
use crate::use_cases::inputs::result_path;

/// A holder may miss this many heartbeats.
const MISSED_BEATS: i64 = 3;
/// Longest time between heartbeats.
const MAX_BEAT: Span = Span::from_secs(10);

/// See the module's text.
pub(crate) struct Cache {
    pub(crate) platform: Arc<Platform>,
}

impl CacheService for Cache {
    async fn get(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, GetCacheRequest>,
    ) -> ServiceResult<GetCacheResponse> {
        let request = request.to_owned_message();
        let key = key(&request.identifier, &request.base_request.key)?;
        self.platform.authorize(&principal(&ctx), Verb::Read, None)?;
        let found = self.platform.store.find_cache(&key).await.map_err(read_failed)?;
        let entry =
            found.ok_or_else(|| ConnectError::not_found(format!("nothing is cached under `{}`", key.key)))?;
        Response::ok(GetCacheResponse { output: output(entry).into(), ..Default::default() })
    }

    async fn put(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, PutCacheRequest>,
    ) -> ServiceResult<PutCacheResponse> {
        self.platform.authorize(&principal(&ctx), Verb::Enqueue, None)?;
        let request = request.to_owned_message();
        let base = &request.base_request;
        let key = key(&request.identifier, &base.key)?;
        let Some(cached_output::Output::OutputUri(output_uri)) = &base.output.output else {
            return Err(ConnectError::invalid_argument(
                "base_request.output.output_uri must be set; literals are not kept",
            ));
        };
        let inside = result_path(&self.platform.blob, output_uri).await;
        inside.map_err(|error| {
            ConnectError::invalid_argument(format!("base_request.output.output_uri: {error}"))
        })?;
        let now = self.platform.clock.now();
        let max_age = time::limit(base.overwrite.max_age.as_option());
        let old = self.platform.store.find_cache(&key).await.map_err(read_failed)?;
        let stale = old.is_some_and(|old| max_age.is_some_and(|age| old.updated_at + age <= now));
        let entry = CacheEntry {
            key,
            output_uri: output_uri.clone(),
            created_at: now,
            updated_at: now,
            source: String::new(),
            metadata: base.output.metadata.encode_to_vec(),
        };
        let command = Command::CachePut { entry, overwrite: base.overwrite.overwrite || stale };
        self.platform.driver.submit(command).await.map_err(submit_error)?;
        Response::ok(PutCacheResponse::default())
    }

    async fn delete(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, DeleteCacheRequest>,
    ) -> ServiceResult<DeleteCacheResponse> {
        self.platform.authorize(&principal(&ctx), Verb::Enqueue, None)?;
        let request = request.to_owned_message();
        let key = key(&request.identifier, &request.base_request.key)?;
        self.platform.driver.submit(Command::CacheDelete { key, only: None }).await.map_err(submit_error)?;
        Response::ok(DeleteCacheResponse::default())
    }

    async fn get_or_extend_reservation(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, GetOrExtendReservationRequest>,
    ) -> ServiceResult<GetOrExtendReservationResponse> {
        self.platform.authorize(&principal(&ctx), Verb::Enqueue, None)?;
        let request = request.to_owned_message();
        let base = &request.base_request;
        let key = key(&request.identifier, &base.key)?;
        if base.owner_id.is_empty() {
            return Err(ConnectError::invalid_argument("base_request.owner_id must be set"));
        }
        let beat = time::limit(base.heartbeat_interval.as_option()).unwrap_or(MAX_BEAT).min(MAX_BEAT);
        let hold = Span::from_micros(beat.as_micros() * MISSED_BEATS);
        let command = Command::Reserve { key, owner: base.owner_id.clone(), hold };
        let reply = self.platform.driver.submit(command).await.map_err(submit_error)?;
        let Reply::Reserved { owner, expires_at } = reply else {
            return Err(ConnectError::internal("unexpected answer of the engine"));
        };
        let owner_id = match owner {
            CacheOwner::External(owner) => owner,
            CacheOwner::Action(action) => format!("action:{}:{}", action.run.0, action.name),
        };
        let reservation = Reservation {
            key: base.key.clone(),
            owner_id,
            heartbeat_interval: time::duration(beat).into(),
            expires_at: expires_at.map(time::timestamp).into(),
            ..Default::default()
        };
        Response::ok(GetOrExtendReservationResponse { reservation: reservation.into(), ..Default::default() })
    }

    async fn release_reservation(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, ReleaseReservationRequest>,
    ) -> ServiceResult<ReleaseReservationResponse> {
        self.platform.authorize(&principal(&ctx), Verb::Enqueue, None)?;
        let request = request.to_owned_message();
        let base = &request.base_request;
        let key = key(&request.identifier, &base.key)?;
        let owner = CacheOwner::External(base.owner_id.clone());
        let command = Command::ReleaseReservation { key, owner };
        self.platform.driver.submit(command).await.map_err(submit_error)?;
        Response::ok(ReleaseReservationResponse::default())
    }
}

fn key(identifier: &Identifier, key: &str) -> Result<CacheKey, ConnectError> {
    if key.is_empty() {
        return Err(ConnectError::invalid_argument("base_request.key must be set"));
    }
    let scope = ids::scope("identifier", &identifier.project, &identifier.domain).map_err(bad_id)?;
    Ok(CacheKey {
        org: scope.org,
        scope: format!("{}/{}", scope.project, scope.domain).into(),
        key: stored_key(key),
    })
}

fn output(entry: CacheEntry) -> CachedOutput {
    let mut metadata = Metadata::decode_from_slice(&entry.metadata).unwrap_or_default();
    metadata.created_at = time::timestamp(entry.created_at).into();
    metadata.last_updated_at = time::timestamp(entry.updated_at).into();
    CachedOutput {
        output: Some(cached_output::Output::OutputUri(entry.output_uri)),
        metadata: metadata.into(),
        ..Default::default()
    }
}
