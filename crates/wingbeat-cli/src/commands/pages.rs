//! Walks the pages of a list up to the user's limit.

use connectrpc::ConnectError;
use wingbeat_proto::flyteidl2::common::ListRequest;

use super::session::Session;
use crate::failure::Failure;

/// What a page of a list has.
pub(super) trait Page: Sized {
    /// Token of the next page; empty at the end.
    fn token(&self) -> &str;
    /// Rows on it.
    fn len(&self) -> usize;
    /// Puts a later page behind this one, and takes over its token.
    fn append(&mut self, later: Self);
}

/// Asks for pages until `limit` rows are there or the list ends; the answer is one page.
pub(super) async fn collect<P, F, Fut>(
    session: &Session,
    what: &str,
    limit: u32,
    ask: F,
) -> Result<P, Failure>
where
    P: Page,
    F: Fn(ListRequest) -> Fut,
    Fut: Future<Output = Result<P, ConnectError>>,
{
    let request = |limit, token: &str| ListRequest { limit, token: token.to_owned(), ..Default::default() };
    let mut all = session.read(what, || ask(request(limit, ""))).await?;
    loop {
        let have = u32::try_from(all.len()).unwrap_or(u32::MAX);
        if have >= limit || all.token().is_empty() {
            return Ok(all);
        }
        let token = all.token().to_owned();
        let next = session.read(what, || ask(request(limit - have, &token))).await?;
        all.append(next);
    }
}
