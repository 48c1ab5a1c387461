use std::fs;

use bytes::Bytes;
use md5::{Digest as _, Md5};

use super::{Expected, PART_BYTES, Upload, UploadError};
use crate::error::BlobError;
use crate::path::BlobPath;
use crate::store::{BlobStore, Durability};

const ANYTHING: Expected = Expected { md5: None, length: None, max_bytes: u64::MAX };

fn store() -> (tempfile::TempDir, BlobStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = BlobStore::open_local(folder.path()).unwrap();
    (folder, store)
}

fn target() -> BlobPath {
    BlobPath::parse("uploads/x/file.bin").unwrap()
}

/// Every file in the target's folder, temporary ones too.
fn files(store: &BlobStore) -> Vec<String> {
    let folder = store.uri(&BlobPath::parse("uploads/x").unwrap());
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

async fn upload(store: &BlobStore, expected: Expected, chunks: &[&'static str]) -> Result<(), UploadError> {
    let mut upload = store.upload(&target(), expected).await?;
    for chunk in chunks {
        upload.write(Bytes::from_static(chunk.as_bytes())).await?;
    }
    upload.finish().await.map(drop)
}

#[tokio::test]
async fn an_upload_is_published_whole_with_its_md5() {
    let (_folder, store) = store();
    let md5: [u8; 16] = Md5::digest(b"hello world").into();
    let expected = Expected { md5: Some(md5), length: Some(11), max_bytes: 11 };
    upload(&store, expected, &["hello", " ", "world"]).await.unwrap();
    assert_eq!(store.get(&target()).await.unwrap(), "hello world");
    assert_eq!(store.head(&target()).await.unwrap().md5, Some(md5));
    assert_eq!(files(&store), ["file.bin"]);
}

#[tokio::test]
async fn a_large_upload_goes_out_in_parts() {
    let (_folder, store) = store();
    let chunk = Bytes::from(vec![3; PART_BYTES / 2 + 1]);
    let mut upload = store.upload(&target(), ANYTHING).await.unwrap();
    for _ in 0..5 {
        upload.write(chunk.clone()).await.unwrap();
        assert_eq!(files(&store), ["file.bin#1"]);
    }
    let done = upload.finish().await.unwrap();
    assert_eq!(done.size, 5 * chunk.len() as u64);
    let content = store.get(&target()).await.unwrap();
    assert_eq!(<[u8; 16]>::from(Md5::digest(&content)), done.md5);
}

#[tokio::test]
async fn an_empty_upload_makes_an_empty_object() {
    let (_folder, store) = store();
    upload(&store, Expected { length: Some(0), ..ANYTHING }, &[]).await.unwrap();
    assert_eq!(store.get(&target()).await.unwrap(), "");
}

#[tokio::test]
async fn content_that_was_not_announced_is_not_published() {
    let (_folder, store) = store();
    let wrong_md5 = Expected { md5: Some([0; 16]), ..ANYTHING };
    let got = upload(&store, wrong_md5, &["hello"]).await;
    assert!(matches!(got, Err(UploadError::Md5Mismatch { .. })), "{got:?}");
    let short = upload(&store, Expected { length: Some(9), ..ANYTHING }, &["hello"]).await;
    assert!(matches!(short, Err(UploadError::LengthMismatch { expected: 9, got: 5 })), "{short:?}");
    assert_eq!(files(&store), Vec::<String>::new());
}

#[tokio::test]
async fn too_much_is_noticed_before_the_end() {
    let (_folder, store) = store();
    let mut upload = store.upload(&target(), Expected { length: Some(3), ..ANYTHING }).await.unwrap();
    let got = upload.write(Bytes::from("hello")).await;
    assert!(matches!(got, Err(UploadError::LengthMismatch { expected: 3, got: 5 })), "{got:?}");
    upload.abort().await;
    let mut upload = store.upload(&target(), Expected { max_bytes: 3, ..ANYTHING }).await.unwrap();
    let got = upload.write(Bytes::from("hello")).await;
    assert!(matches!(got, Err(UploadError::TooLarge { max_bytes: 3 })), "{got:?}");
    upload.abort().await;
    let announced = store.upload(&target(), Expected { md5: None, length: Some(4), max_bytes: 3 }).await;
    assert!(matches!(announced, Err(UploadError::TooLarge { max_bytes: 3 })));
    assert_eq!(files(&store), Vec::<String>::new());
}

#[tokio::test]
async fn the_old_object_stays_until_the_new_one_is_whole() {
    let (_folder, store) = store();
    store.put(&target(), Bytes::from("old"), Durability::Cached).await.unwrap();
    let mut upload = store.upload(&target(), ANYTHING).await.unwrap();
    upload.write(Bytes::from("new")).await.unwrap();
    assert_eq!(store.get(&target()).await.unwrap(), "old");
    upload.finish().await.unwrap();
    assert_eq!(store.get(&target()).await.unwrap(), "new");
}

#[tokio::test]
async fn two_uploads_of_one_object_do_not_mix() {
    let (_folder, store) = store();
    let mut one = store.upload(&target(), ANYTHING).await.unwrap();
    let mut two = store.upload(&target(), ANYTHING).await.unwrap();
    one.write(Bytes::from("one")).await.unwrap();
    two.write(Bytes::from("two")).await.unwrap();
    one.finish().await.unwrap();
    two.finish().await.unwrap();
    assert_eq!(store.get(&target()).await.unwrap(), "two");
    assert_eq!(files(&store), ["file.bin"]);
}

#[test]
fn a_dropped_upload_leaves_nothing() {
    let (_folder, store) = store();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let half: Upload = runtime.block_on(async {
        let mut upload = store.upload(&target(), ANYTHING).await.unwrap();
        upload.write(Bytes::from(vec![1; PART_BYTES + 1])).await.unwrap();
        upload
    });
    assert_eq!(files(&store), ["file.bin#1"]);
    // Outside the runtime, so that the removal is done when the drop is.
    drop(half);
    assert_eq!(files(&store), Vec::<String>::new());
    let got = runtime.block_on(store.get(&target()));
    assert!(got.unwrap_err().is_not_found());
}

#[tokio::test]
async fn a_record_of_an_md5_does_not_outlive_its_object() {
    let (_folder, store) = store();
    upload(&store, ANYTHING, &["hello"]).await.unwrap();
    let recorded = store.md5(&target()).await.unwrap();
    // The way a task would: behind our back.
    fs::write(store.uri(&target()), "something longer").unwrap();
    assert_eq!(store.head(&target()).await.unwrap().md5, None);
    assert_ne!(store.md5(&target()).await.unwrap(), recorded);
    store.delete(&target()).await.unwrap();
    upload(&store, ANYTHING, &["hello"]).await.unwrap();
    assert_eq!(store.head(&target()).await.unwrap().md5, Some(recorded));
}

#[cfg(unix)]
#[tokio::test]
async fn an_upload_does_not_follow_a_symlink_out_of_the_store() {
    let (_folder, store) = store();
    let outside = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(outside.path(), store.uri(&BlobPath::parse("uploads").unwrap())).unwrap();
    let got = store.upload(&target(), ANYTHING).await;
    assert!(matches!(got, Err(UploadError::Store(BlobError::OutsideRoot { .. }))), "{got:?}");
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
}
