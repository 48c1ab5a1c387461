mod sqlite {
    use std::future::{Ready, ready};
    use std::sync::Arc;

    use tempfile::TempDir;
    use wingbeat_store::conformance::Store;
    use wingbeat_store_sql::SqliteStore;

    fn make() -> Ready<Option<(Store, TempDir)>> {
        let folder = tempfile::tempdir().expect("a folder");
        let store = SqliteStore::open(&folder.path().join("meta.db")).expect("opens");
        ready(Some((Arc::new(store), folder)))
    }

    wingbeat_store::conformance_suite!(make);
}

mod postgres {
    use std::sync::Arc;

    use wingbeat_store::conformance::Store;

    async fn make() -> Option<(Store, ())> {
        let (store, _) = crate::postgres::open_new().await?;
        Some((Arc::new(store), ()))
    }

    wingbeat_store::conformance_suite!(make);
}
