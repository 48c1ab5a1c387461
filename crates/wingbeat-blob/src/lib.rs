//! Object storage: where everything lies, how it is read and written, and who may reach it by URL.
//!
//! - [`address`] says which store; [`bucket`] opens one in S3.
//! - [`path`] and [`layout`] decide names; nobody else builds a path by hand.
//! - [`store`] reads and writes; every access is confined to the store's root.
//! - [`confine`] judges URIs that clients send.
//! - [`upload`] and [`download`] stream; [`range`] reads `Range` headers.
//! - [`urls`] signs and checks URLs, which lead through the server whatever the store is.
//! - [`logs`] keeps log lines as immutable chunks; [`bundle`] takes code bundles out.
//!
//! This crate serves no HTTP, holds no clock (`now` is an argument) and knows nothing of runs but
//! their names. It never hands out `file://`: the stock SDK takes such a raw-data path for a folder
//! called `file:`.

pub mod address;
pub mod bucket;
pub mod bundle;
pub mod confine;
pub mod download;
mod error;
pub mod layout;
pub mod logs;
mod md5_record;
pub mod path;
mod percent;
pub mod range;
mod root;
pub mod store;
pub mod upload;
pub mod urls;

pub use crate::address::{AddressError, S3Address, StoreAddress};
pub use crate::bucket::BucketError;
pub use crate::confine::{ConfineError, ConfineReason};
pub use crate::download::{Download, ReadError};
pub use crate::error::BlobError;
pub use crate::layout::{AttemptPaths, RunPaths, ScopeKey, UploadFolder, offloaded_inputs, upload_path};
pub use crate::path::{BlobPath, PathError};
pub use crate::range::{RangeRequest, Unsatisfiable};
pub use crate::store::{BlobEntry, BlobMeta, BlobPage, BlobStore, Durability, OpenError, PutNew};
pub use crate::upload::{Expected, Upload, UploadError, Uploaded};
pub use crate::urls::{Disposition, Grant, UrlError, UrlMethod, UrlSigner};
