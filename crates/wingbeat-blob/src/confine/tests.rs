use std::fs;
use std::path::Path;

use super::{ConfineError, ConfineReason};
use crate::path::{BlobPath, PathError};
use crate::store::BlobStore;

fn path(text: &str) -> BlobPath {
    BlobPath::parse(text).unwrap()
}

fn open(folder: &Path) -> BlobStore {
    BlobStore::open_local(&folder.join("blobs")).unwrap()
}

async fn reason(store: &BlobStore, uri: &str) -> ConfineReason {
    match store.check_within(uri, &[path("runs/p/r1"), path("uploads")]).await {
        Err(ConfineError::Refused { reason, .. }) => reason,
        other => panic!("{uri}: {other:?}"),
    }
}

#[tokio::test]
async fn the_forms_that_clients_send_are_understood() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let base = store.uri(&path("runs/p/r1"));
    for (uri, want) in [
        (base.clone(), "runs/p/r1"),
        (format!("{base}/"), "runs/p/r1"),
        (format!("{base}/a0/1/outputs.pb"), "runs/p/r1/a0/1/outputs.pb"),
        (format!("file://{base}/a0//1/"), "runs/p/r1/a0/1"),
        (format!("//{base}/a%2e b"), "runs/p/r1/a%2e b"),
        (store.uri(&path("uploads/x")), "uploads/x"),
    ] {
        let got = store.check_within(&uri, &[path("runs/p/r1"), path("uploads")]).await;
        assert_eq!(got.unwrap().as_str(), want, "{uri}");
    }
}

#[tokio::test]
async fn everything_else_is_refused_with_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let base = store.uri(&path("runs/p/r1"));
    for scheme in ["s3", "gs", "abfs", "http", "data+x"] {
        let want = ConfineReason::Scheme { scheme: scheme.to_owned() };
        assert_eq!(reason(&store, &format!("{scheme}://bucket/a")).await, want);
    }
    for relative in ["", "a/b", "file://host/a", "file:a", "~/x"] {
        assert_eq!(reason(&store, relative).await, ConfineReason::Relative, "{relative}");
    }
    for outside in [
        "/".to_owned(),
        "/etc/passwd".to_owned(),
        "file:///etc/passwd".to_owned(),
        store.uri(&path("runs/p/r2/a0")),
        format!("{base}x/a0"),
        store.uri(&path("runs/p")),
    ] {
        assert_eq!(reason(&store, &outside).await, ConfineReason::Outside, "{outside}");
    }
    for dotted in [format!("{base}/../r2/a"), format!("/x/../{base}"), format!("{base}/./a")] {
        let got = reason(&store, &dotted).await;
        assert!(matches!(got, ConfineReason::Path(PathError::Relative { .. })), "{dotted}: {got:?}");
    }
    for bad in [format!("{base}/a\0b"), format!("{base}/a#1"), format!("{base}/{}", "x".repeat(300))] {
        let got = reason(&store, &bad).await;
        assert!(matches!(got, ConfineReason::Path(_)), "{bad:?}: {got:?}");
    }
}

#[tokio::test]
async fn the_error_names_the_uri_and_the_allowed_prefixes() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let allowed = [path("runs/p/r1"), path("uploads")];
    let error = store.check_within("/etc/passwd", &allowed).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "URI `/etc/passwd` is not allowed: it points somewhere else; it must lie below `{}` or `{}`",
            store.dir_uri(&allowed[0]),
            store.dir_uri(&allowed[1])
        )
    );
    let error = store.check_within("/etc/passwd", &[]).await.unwrap_err();
    assert!(error.to_string().ends_with("nothing (no prefix is configured)"), "{error}");
}

#[cfg(unix)]
#[tokio::test]
async fn symlinks_cannot_lead_out_of_the_allowed_prefix() {
    use std::os::unix::fs::symlink;
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let base = store.uri(&path("runs/p/r1"));
    for made in [base.clone(), store.uri(&path("runs/p/r2/a0"))] {
        fs::create_dir_all(made).unwrap();
    }
    symlink("/etc", format!("{base}/etc")).unwrap();
    symlink("../r2", format!("{base}/sibling")).unwrap();
    symlink("/nowhere/at/all", format!("{base}/broken")).unwrap();
    symlink("loop", format!("{base}/loop")).unwrap();
    for name in ["etc/passwd", "etc/new", "sibling/a0", "broken", "broken/x"] {
        let got = reason(&store, &format!("{base}/{name}")).await;
        assert_eq!(got, ConfineReason::Symlink, "{name}");
    }
    let looped = store.check_within(&format!("{base}/loop"), &[path("runs/p/r1")]).await;
    assert!(looped.is_err(), "{looped:?}");
    fs::create_dir(format!("{base}/a0")).unwrap();
    symlink("a0", format!("{base}/inner")).unwrap();
    assert!(store.check_within(&format!("{base}/inner/x"), &[path("runs/p/r1")]).await.is_ok());
}

#[cfg(unix)]
#[tokio::test]
async fn the_folder_itself_may_be_reached_through_a_symlink() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("real")).unwrap();
    std::os::unix::fs::symlink(folder.path().join("real"), folder.path().join("link")).unwrap();
    let store = open(&folder.path().join("link"));
    assert!(store.uri(&path("a")).contains("/real/blobs/a"));
    for root in ["real", "link"] {
        let uri = format!("{}/{root}/blobs/uploads/x", folder.path().display());
        let got = store.check_within(&uri, &[path("uploads")]).await;
        assert_eq!(got.unwrap().as_str(), "uploads/x", "{uri}");
    }
}
