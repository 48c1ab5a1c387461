//! Files behind the links in an action's data: which there are, and where they lie.
//!
//! A link is text that a task wrote, so it opens nothing by itself: only what stands in the action's own inputs or
//! outputs is served, and only from folders of the action's project and domain.

use std::collections::BTreeSet;

use connectrpc::ConnectError;
use wingbeat_blob::{BlobError, BlobPath, ScopeKey};
use wingbeat_model::{Action, Run};
use wingbeat_proto::flyteidl2::core::{Literal, literal, scalar};
use wingbeat_proto::flyteidl2::task::{Inputs, Outputs};

use super::action_data;
use super::inputs::blob_error;
use crate::platform::Platform;

/// A file below a link.
pub struct LinkedFile {
    /// From the link on; empty for the link's own file.
    pub path: String,
    /// In bytes.
    pub size: u64,
}

/// Where the file or folder of a link lies.
///
/// # Errors
/// `not_found` when the action has no such link, `failed_precondition` when it leads out of the store.
pub async fn locate(
    platform: &Platform,
    run: &Run,
    action: &Action,
    uri: &str,
) -> Result<BlobPath, ConnectError> {
    let data = action_data::read(platform, run, action).await?;
    if !links(&data.inputs, &data.outputs).contains(uri) {
        let text = format!("action `{}` has no link `{uri}` in its inputs or outputs", action.key.name);
        return Err(ConnectError::not_found(text));
    }
    let scope = &run.key.scope;
    let scope = ScopeKey { org: &scope.org, project: &scope.project, domain: &scope.domain };
    let allowed = scope.user_data().map_err(|error| ConnectError::internal(error.to_string()))?;
    let found = platform.blob.check_within(uri, &allowed).await;
    found.map_err(|error| ConnectError::failed_precondition(format!("this server cannot read it: {error}")))
}

/// The file at `path` below a link.
///
/// # Errors
/// `invalid_argument` for a path that no file has.
pub fn below(link: &BlobPath, path: &str) -> Result<BlobPath, ConnectError> {
    if path.is_empty() {
        return Ok(link.clone());
    }
    let tail = BlobPath::parse(path);
    let whole = tail.and_then(|tail| link.join_path(&tail));
    whole.map_err(|error| ConnectError::invalid_argument(format!("path: {error}")))
}

/// Files of a link after `after` by name, and where the next page begins.
///
/// # Errors
/// `not_found` when nothing is there.
pub async fn list(
    platform: &Platform,
    link: &BlobPath,
    after: &str,
    limit: usize,
) -> Result<(Vec<LinkedFile>, Option<String>), ConnectError> {
    match platform.blob.head(link).await {
        Ok(meta) => return Ok((vec![LinkedFile { path: String::new(), size: meta.size }], None)),
        Err(BlobError::NotFound { .. }) => {}
        Err(error) => return Err(blob_error(&error)),
    }
    let start = if after.is_empty() { None } else { Some(below(link, after)?) };
    let page = platform.blob.list(link, start.as_ref(), limit).await.map_err(|error| blob_error(&error))?;
    if page.entries.is_empty() && after.is_empty() {
        let text = format!("nothing is at `{}` (any more)", platform.blob.uri(link));
        return Err(ConnectError::not_found(text));
    }
    let tail = |path: &BlobPath| {
        let whole = path.as_str();
        whole.strip_prefix(link.as_str()).unwrap_or(whole).trim_start_matches('/').to_owned()
    };
    let files = page.entries.iter().map(|entry| LinkedFile { path: tail(&entry.path), size: entry.size });
    Ok((files.collect(), page.next.as_ref().map(tail)))
}

/// All links in an action's data.
fn links(inputs: &Inputs, outputs: &Outputs) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for value in inputs.literals.iter().chain(&outputs.literals) {
        collect(&value.value, &mut found);
    }
    found
}

fn collect(value: &Literal, found: &mut BTreeSet<String>) {
    match &value.value {
        Some(literal::Value::Collection(list)) => {
            list.literals.iter().for_each(|item| collect(item, found));
        }
        Some(literal::Value::Map(map)) => map.literals.values().for_each(|item| collect(item, found)),
        Some(literal::Value::Scalar(scalar)) => match &scalar.value {
            Some(scalar::Value::Blob(blob)) => drop(found.insert(blob.uri.clone())),
            Some(scalar::Value::StructuredDataset(data)) => drop(found.insert(data.uri.clone())),
            Some(scalar::Value::Schema(data)) => drop(found.insert(data.uri.clone())),
            Some(scalar::Value::Union(union)) => collect(&union.value, found),
            _ => {}
        },
        Some(literal::Value::OffloadedMetadata(_)) | None => {}
    }
}

#[cfg(test)]
mod tests {
    use wingbeat_proto::flyteidl2::core::{
        Blob, Literal, LiteralCollection, Scalar, StructuredDataset, Union, literal, scalar,
    };
    use wingbeat_proto::flyteidl2::task::{Inputs, NamedLiteral, Outputs};

    use super::{below, links};

    fn of(value: scalar::Value) -> Literal {
        let scalar = Scalar { value: Some(value), ..Default::default() };
        Literal { value: Some(literal::Value::Scalar(Box::new(scalar))), ..Default::default() }
    }

    fn blob(uri: &str) -> Literal {
        of(scalar::Value::Blob(Box::new(Blob { uri: uri.to_owned(), ..Default::default() })))
    }

    fn named(value: Literal) -> NamedLiteral {
        NamedLiteral { name: "x".to_owned(), value: value.into(), ..Default::default() }
    }

    #[test]
    fn links_are_found_wherever_they_stand() {
        let list = LiteralCollection { literals: vec![blob("/b")], ..Default::default() };
        let list = Literal { value: Some(literal::Value::Collection(Box::new(list))), ..Default::default() };
        let union = Union { value: blob("/c").into(), ..Default::default() };
        let frame = StructuredDataset { uri: "/d".to_owned(), ..Default::default() };
        let inputs = Inputs { literals: vec![named(blob("/a")), named(list)], ..Default::default() };
        let outputs = Outputs {
            literals: vec![
                named(of(scalar::Value::Union(Box::new(union)))),
                named(of(scalar::Value::StructuredDataset(Box::new(frame)))),
            ],
            ..Default::default()
        };
        assert_eq!(Vec::from_iter(links(&inputs, &outputs)), ["/a", "/b", "/c", "/d"]);
    }

    #[test]
    fn no_path_leads_out_of_a_link() {
        let link = wingbeat_blob::BlobPath::parse("raw/_/p/d/r/a0/1/folder").expect("a plain path");
        assert_eq!(below(&link, "").expect("the link").as_str(), link.as_str());
        assert_eq!(below(&link, "x/y.bin").expect("a file").as_str(), "raw/_/p/d/r/a0/1/folder/x/y.bin");
        for bad in ["..", "../secret", "x/../../y", "/etc/passwd", "x//y", "."] {
            assert!(below(&link, bad).is_err(), "{bad}");
        }
    }
}
