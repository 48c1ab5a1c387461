use std::fs;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures::TryStreamExt as _;

use super::{BlobStore, Durability, PutNew};
use crate::download::ReadError;
use crate::error::BlobError;
use crate::path::BlobPath;
use crate::range::{RangeRequest, Unsatisfiable};

fn store() -> (tempfile::TempDir, BlobStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = BlobStore::open_local(&folder.path().join("blobs")).unwrap();
    (folder, store)
}

fn path(text: &str) -> BlobPath {
    BlobPath::parse(text).unwrap()
}

#[tokio::test]
async fn what_was_put_is_read_back() {
    let (_folder, store) = store();
    let name = path("runs/_/p/d/r/ünï code 100%/outputs.pb");
    for (content, durability) in [("one", Durability::Synced), ("second", Durability::Cached)] {
        store.put(&name, Bytes::from(content), durability).await.unwrap();
        assert_eq!(store.get(&name).await.unwrap(), content);
        assert_eq!(store.head(&name).await.unwrap().size, content.len() as u64);
    }
    let on_disk = store.uri(&name);
    assert!(on_disk.starts_with('/') && on_disk.ends_with("/ünï code 100%/outputs.pb"), "{on_disk}");
    assert_eq!(fs::read(&on_disk).unwrap(), b"second");
    assert_eq!(store.dir_uri(&path("runs")), format!("{}/", store.uri(&path("runs"))));
}

#[tokio::test]
async fn the_root_of_the_disk_is_a_folder_like_any_other() {
    let folder = tempfile::tempdir().unwrap();
    let store = BlobStore::open_local(std::path::Path::new("/")).unwrap();
    let uri = folder.path().canonicalize().unwrap().join("a/b").display().to_string();
    let name = path(&uri[1..]);
    assert_eq!(store.uri(&name), uri);
    store.put(&name, Bytes::from("x"), Durability::Cached).await.unwrap();
    assert_eq!(fs::read(&uri).unwrap(), b"x");
    assert_eq!(store.get(&name).await.unwrap(), "x");
}

#[cfg(unix)]
#[test]
fn the_folder_is_made_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let (folder, _store) = store();
    let mode = fs::metadata(folder.path().join("blobs")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[test]
fn a_file_in_the_folders_place_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "x").unwrap();
    let error = BlobStore::open_local(&file).unwrap_err();
    assert!(error.to_string().contains("could not"), "{error}");
}

#[tokio::test]
async fn absence_is_an_answer_of_its_own() {
    let (_folder, store) = store();
    store.put(&path("a/file"), Bytes::from("x"), Durability::Cached).await.unwrap();
    for missing in ["b", "a", "a/file/below", "a/other"] {
        let missing = path(missing);
        assert!(store.get(&missing).await.unwrap_err().is_not_found(), "{missing}");
        assert!(store.head(&missing).await.unwrap_err().is_not_found(), "{missing}");
    }
    assert!(store.delete(&path("b")).await.unwrap_err().is_not_found());
}

#[tokio::test]
async fn put_new_leaves_alone_what_is_there() {
    let (_folder, store) = store();
    let name = path("a/b");
    let first = store.put_new(&name, Bytes::from("one"), Durability::Synced).await.unwrap();
    let second = store.put_new(&name, Bytes::from("two"), Durability::Cached).await.unwrap();
    assert_eq!((first, second), (PutNew::Written, PutNew::AlreadyThere));
    assert_eq!(store.get(&name).await.unwrap(), "one");
}

#[tokio::test]
async fn large_objects_can_be_refused_unread() {
    let (_folder, store) = store();
    let name = path("a");
    store.put(&name, Bytes::from("12345"), Durability::Cached).await.unwrap();
    assert_eq!(store.get_at_most(&name, 5).await.unwrap(), "12345");
    let error = store.get_at_most(&name, 4).await.unwrap_err();
    assert!(matches!(error, BlobError::TooLarge { size: 5, max_bytes: 4, .. }), "{error:?}");
}

#[tokio::test]
async fn ranges_are_read_and_clamped() {
    let (_folder, store) = store();
    let name = path("a");
    let content: Vec<u8> = (0..700_000_u32).map(|n| (n % 251) as u8).collect();
    store.put(&name, content.clone().into(), Durability::Cached).await.unwrap();
    assert_eq!(store.get_range(&name, 10..20).await.unwrap(), &content[10..20]);
    assert_eq!(store.get_range(&name, 699_990..800_000).await.unwrap(), &content[699_990..]);
    for (header, want) in [("bytes=300000-", 300_000..700_000), ("bytes=-1", 699_999..700_000)] {
        let download = store.read(&name, RangeRequest::parse(header)).await.unwrap();
        assert_eq!((download.size, download.range.clone()), (700_000, want.clone()));
        let parts: Vec<Bytes> = download.body.try_collect().await.unwrap();
        let bounds = usize::try_from(want.start).unwrap()..usize::try_from(want.end).unwrap();
        assert_eq!(parts.concat(), &content[bounds], "{header}");
    }
    for outside in [700_000..700_001, 5..5] {
        let error = store.get_range(&name, outside).await.unwrap_err();
        assert!(matches!(error, ReadError::Unsatisfiable(Unsatisfiable { size: 700_000 })), "{error:?}");
    }
    let whole = store.read(&name, None).await.unwrap();
    let parts: Vec<Bytes> = whole.body.try_collect().await.unwrap();
    assert_eq!(parts.concat(), content);
}

#[tokio::test]
async fn an_empty_object_is_read_whole() {
    let (_folder, store) = store();
    store.put(&path("a"), Bytes::new(), Durability::Synced).await.unwrap();
    assert_eq!(store.get(&path("a")).await.unwrap(), "");
    let download = store.read(&path("a"), None).await.unwrap();
    assert_eq!(download.body.try_collect::<Vec<_>>().await.unwrap(), Vec::<Bytes>::new());
}

#[tokio::test]
async fn a_file_that_shrinks_while_it_is_read_is_an_error() {
    let (_folder, store) = store();
    let name = path("a");
    store.put(&name, vec![1; 600_000].into(), Durability::Cached).await.unwrap();
    let mut body = store.read(&name, None).await.unwrap().body;
    assert!(body.try_next().await.unwrap().is_some());
    fs::File::options().write(true).open(store.uri(&name)).unwrap().set_len(10).unwrap();
    assert!(matches!(body.try_next().await, Err(BlobError::Io { .. })));
}

#[tokio::test]
async fn lists_are_sorted_and_paged() {
    let (_folder, store) = store();
    for name in ["l/b", "l/a/2", "l/a/1", "l/a.b", "other", "lx/c", "l/d"] {
        store.put(&path(name), Bytes::from("x"), Durability::Cached).await.unwrap();
    }
    let (mut after, mut names, mut pages) = (None, Vec::new(), 0);
    loop {
        let page = store.list(&path("l"), after.as_ref(), 2).await.unwrap();
        assert!(page.entries.len() <= 2);
        names.extend(page.entries.iter().map(|entry| entry.path.to_string()));
        pages += 1;
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(names, ["l/a.b", "l/a/1", "l/a/2", "l/b", "l/d"]);
    assert_eq!(pages, 3);
    assert!(store.list(&path("nothing"), None, 5).await.unwrap().entries.is_empty());
}

#[tokio::test]
async fn files_that_are_being_written_are_not_listed() {
    let (_folder, store) = store();
    store.put(&path("l/a"), Bytes::from("x"), Durability::Cached).await.unwrap();
    fs::write(format!("{}#1", store.uri(&path("l/b"))), "half").unwrap();
    let page = store.list(&path("l"), None, 10).await.unwrap();
    assert_eq!(page.entries.len(), 1);
}

#[tokio::test]
async fn deleting_removes_an_object_and_a_folder() {
    let (_folder, store) = store();
    for name in ["d/a/1", "d/a/2", "d/b"] {
        store.put(&path(name), Bytes::from("x"), Durability::Cached).await.unwrap();
    }
    store.delete(&path("d/b")).await.unwrap();
    assert!(store.get(&path("d/b")).await.unwrap_err().is_not_found());
    // A task may write names that we would not give.
    fs::write(format!("{}/line\nbreak", store.uri(&path("d/a"))), "x").unwrap();
    store.delete_below(&path("d/a")).await.unwrap();
    store.delete_below(&path("d/a")).await.unwrap();
    assert!(!fs::exists(store.uri(&path("d/a"))).unwrap());
}

#[tokio::test]
async fn an_md5_is_computed_where_none_is_recorded() {
    let (_folder, store) = store();
    store.put(&path("a"), Bytes::from("hello"), Durability::Cached).await.unwrap();
    assert_eq!(store.head(&path("a")).await.unwrap().md5, None);
    let md5 = store.md5(&path("a")).await.unwrap();
    assert_eq!(crate::layout::hex(&md5), "5d41402abc4b2a76b9719d911017c592");
}

#[cfg(unix)]
#[tokio::test]
async fn a_symlink_that_leaves_the_store_is_not_followed() {
    use std::os::unix::fs::symlink;
    let (folder, store) = store();
    let outside = folder.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("secret"), "s").unwrap();
    fs::create_dir_all(store.uri(&path("runs/r"))).unwrap();
    symlink(&outside, store.uri(&path("runs/r/out"))).unwrap();
    symlink(outside.join("secret"), store.uri(&path("runs/r/file"))).unwrap();
    symlink(outside.join("missing"), store.uri(&path("runs/r/broken"))).unwrap();

    let refused = |error: &BlobError| matches!(error, BlobError::OutsideRoot { .. });
    for name in ["runs/r/out/secret", "runs/r/file", "runs/r/broken", "runs/r/out/new/deep"] {
        let name = path(name);
        assert!(refused(&store.get(&name).await.unwrap_err()), "{name}");
        assert!(refused(&store.head(&name).await.unwrap_err()), "{name}");
        let written = store.put(&name, Bytes::from("x"), Durability::Cached).await;
        assert!(refused(&written.unwrap_err()), "{name}");
        assert!(refused(&store.delete(&name).await.unwrap_err()), "{name}");
    }
    assert!(refused(&store.list(&path("runs/r/out"), None, 5).await.unwrap_err()));
    assert!(refused(&store.delete_below(&path("runs/r/out")).await.unwrap_err()));
    assert_eq!(fs::read(outside.join("secret")).unwrap(), b"s");
    assert!(!outside.join("new").exists() && !outside.join("missing").exists());
    // Removing the run removes the links, not what they point to.
    store.delete_below(&path("runs/r")).await.unwrap();
    assert!(outside.join("secret").exists());
}

#[cfg(unix)]
#[tokio::test]
async fn a_symlink_within_the_store_is_followed() {
    let (_folder, store) = store();
    store.put(&path("real/a"), Bytes::from("x"), Durability::Cached).await.unwrap();
    std::os::unix::fs::symlink(store.uri(&path("real")), store.uri(&path("link"))).unwrap();
    assert_eq!(store.get(&path("link/a")).await.unwrap(), "x");
}

#[tokio::test]
async fn what_a_killed_writer_left_is_swept_up_after_a_while() {
    let (_folder, store) = store();
    store.put(&path("u/a/kept"), Bytes::from("x"), Durability::Cached).await.unwrap();
    let old = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000);
    for (name, modified) in [("u/a/half", old), ("u/running", old + Duration::from_secs(100))] {
        let file = fs::File::create(format!("{}#1", store.uri(&path(name)))).unwrap();
        file.set_modified(modified).unwrap();
    }
    let before = old + Duration::from_secs(1);
    assert_eq!(store.remove_unfinished(&path("u"), before).await.unwrap(), 1);
    assert!(!fs::exists(format!("{}#1", store.uri(&path("u/a/half")))).unwrap());
    assert!(fs::exists(format!("{}#1", store.uri(&path("u/running")))).unwrap());
    assert_eq!(store.get(&path("u/a/kept")).await.unwrap(), "x");
    assert_eq!(store.remove_unfinished(&path("nothing"), before).await.unwrap(), 0);
}
