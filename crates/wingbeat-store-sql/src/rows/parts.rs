//! What several rows share: times, failures, aborts and other pieces, bound and read column by column.

use std::sync::Arc;

use wingbeat_model::{Abort, CacheKey, Digest, Failure, Span, Timestamp};

use super::cell::{Binder, Columns};
use super::codes::Code;
use crate::fault::Fault;

impl Binder<'_> {
    /// A time.
    pub(crate) fn put_time(&mut self, at: Timestamp) -> Result<(), Fault> {
        self.put(at.as_micros())
    }

    /// A time that may be missing.
    pub(crate) fn put_maybe_time(&mut self, at: Option<Timestamp>) -> Result<(), Fault> {
        self.put(at.map(Timestamp::as_micros))
    }

    /// A span that may be missing.
    pub(crate) fn put_maybe_span(&mut self, span: Option<Span>) -> Result<(), Fault> {
        self.put(span.map(Span::as_micros))
    }

    /// An enum.
    pub(crate) fn put_code(&mut self, value: impl Code) -> Result<(), Fault> {
        self.put(value.code())
    }

    /// So many columns without a value.
    pub(crate) fn put_nulls(&mut self, count: usize) -> Result<(), Fault> {
        (0..count).try_for_each(|_| self.put_null())
    }

    /// A cache key's three columns.
    pub(crate) fn put_cache_key(&mut self, key: &CacheKey) -> Result<(), Fault> {
        self.put(&*key.org)?;
        self.put(&*key.scope)?;
        self.put(&*key.key)
    }

    /// A failure's six columns.
    pub(crate) fn put_failure(&mut self, failure: Option<&Failure>) -> Result<(), Fault> {
        let Some(failure) = failure else { return self.put_nulls(6) };
        self.put_code(failure.class)?;
        self.put(&failure.code)?;
        self.put(&failure.message)?;
        self.put(failure.recoverable)?;
        self.put(&failure.worker)?;
        self.put(failure.wire_kind)
    }

    /// An abort's three columns.
    pub(crate) fn put_abort(&mut self, abort: Option<&Abort>) -> Result<(), Fault> {
        let Some(abort) = abort else { return self.put_nulls(3) };
        self.put(&abort.reason)?;
        self.put(&abort.by)?;
        self.put_time(abort.at)
    }
}

impl Columns<'_> {
    /// A time.
    pub(crate) fn take_time(&mut self) -> Result<Timestamp, Fault> {
        self.take().map(Timestamp::from_micros)
    }

    /// A time that may be missing.
    pub(crate) fn take_maybe_time(&mut self) -> Result<Option<Timestamp>, Fault> {
        Ok(self.take::<Option<i64>>()?.map(Timestamp::from_micros))
    }

    /// A span that may be missing.
    pub(crate) fn take_maybe_span(&mut self) -> Result<Option<Span>, Fault> {
        Ok(self.take::<Option<i64>>()?.map(Span::from_micros))
    }

    /// An enum.
    pub(crate) fn take_code<C: Code>(&mut self) -> Result<C, Fault> {
        C::from_code(self.take()?)
    }

    /// An enum that may be missing.
    pub(crate) fn take_maybe_code<C: Code>(&mut self) -> Result<Option<C>, Fault> {
        self.take::<Option<i32>>()?.map(C::from_code).transpose()
    }

    /// Shared text.
    pub(crate) fn take_arc(&mut self) -> Result<Arc<str>, Fault> {
        self.take::<Arc<str>>()
    }

    /// A digest.
    pub(crate) fn take_digest(&mut self) -> Result<Digest, Fault> {
        self.take().map(Digest)
    }

    /// A cache key's three columns.
    pub(crate) fn take_cache_key(&mut self) -> Result<CacheKey, Fault> {
        Ok(CacheKey { org: self.take_arc()?, scope: self.take_arc()?, key: self.take_arc()? })
    }

    /// A cache key's three columns, which may be missing.
    pub(crate) fn take_maybe_cache_key(&mut self) -> Result<Option<CacheKey>, Fault> {
        let (org, scope, key) = (self.take()?, self.take()?, self.take()?);
        Ok(match (org, scope, key) {
            (Some(org), Some(scope), Some(key)) => Some(CacheKey { org, scope, key }),
            (None, _, _) | (_, None, _) | (_, _, None) => None,
        })
    }

    /// A failure's six columns.
    pub(crate) fn take_failure(&mut self) -> Result<Option<Failure>, Fault> {
        let class = self.take_maybe_code()?;
        let (code, message) = (self.take::<Option<String>>()?, self.take::<Option<String>>()?);
        let recoverable = self.take::<Option<bool>>()?;
        let (worker, wire_kind) = (self.take::<Option<String>>()?, self.take::<Option<i32>>()?);
        Ok(class.map(|class| Failure {
            class,
            code: code.unwrap_or_default(),
            message: message.unwrap_or_default(),
            recoverable: recoverable.unwrap_or_default(),
            worker: worker.unwrap_or_default(),
            wire_kind: wire_kind.unwrap_or_default(),
        }))
    }

    /// An abort's three columns.
    pub(crate) fn take_abort(&mut self) -> Result<Option<Abort>, Fault> {
        let (reason, by) = (self.take::<Option<String>>()?, self.take::<Option<String>>()?);
        let at = self.take_maybe_time()?;
        Ok(reason.zip(at).map(|(reason, at)| Abort { reason, by: by.unwrap_or_default(), at }))
    }
}

/// What a row of this kind must have and lacks.
pub(crate) fn missing(what: &'static str) -> impl FnOnce() -> Fault {
    move || Fault::corrupt(format!("{what} is missing"))
}
