//! Projects, deployed tasks, specs and settings.

use futures::future::join_all;
use wingbeat_model::{Changes, Digest, Project, ProjectState, TaskKey, TaskVersion};

use super::listing::OPS;
use super::rows::{at, place};
use super::{Store, put};
use crate::listing::{ListField, ValueKind, passes, task_value};
use crate::{Direction, Filter, TaskField, TaskQuery, WriteError};

/// Projects are added once, replaced, and listed oldest first.
pub async fn projects(store: Store) {
    let project = |id: &str, created: i64| Project {
        org: "default".into(),
        id: id.into(),
        name: format!("Project {id}"),
        description: "what it is for".to_owned(),
        labels: vec![10, 0, 255],
        state: ProjectState::Active,
        created_at: at(created),
        updated_at: at(created),
    };
    let (young, old) = (project("a", 9), project("b", 1));
    assert!(matches!(store.update_project(&young).await, Err(WriteError::NotFound)));
    store.create_project(&young).await.expect("writes");
    store.create_project(&old).await.expect("writes");
    assert!(matches!(store.create_project(&young).await, Err(WriteError::Exists)));
    let changed = Project { state: ProjectState::SystemArchived, name: "New".to_owned(), ..young };
    store.update_project(&changed).await.expect("writes");
    assert_eq!(store.find_project("default", "a").await.expect("reads"), Some(changed.clone()));
    assert_eq!(store.find_project("other", "a").await.expect("reads"), None);
    assert_eq!(store.list_projects("default").await.expect("reads"), [old, changed]);
    assert_eq!(store.list_projects("other").await.expect("reads"), []);
}

fn task(domain: &str, name: &str, version: &str, deployed: i64) -> TaskVersion {
    TaskVersion {
        key: TaskKey { scope: place("p", domain), name: name.into(), version: version.into() },
        spec: Digest([3; 32]),
        environment: name.split('.').next().unwrap_or_default().to_owned(),
        environment_description: "all of them".to_owned(),
        short_name: name.rsplit('.').next().unwrap_or_default().to_owned(),
        description: "what it does".to_owned(),
        is_entrypoint: deployed % 2 == 0,
        deployed_by: if deployed > 3 { "ann".to_owned() } else { String::new() },
        deployed_at: at(deployed),
    }
}

fn query(domain: &str) -> TaskQuery {
    TaskQuery {
        scope: place("p", domain),
        versions_of: None,
        filters: Vec::new(),
        sort: Vec::new(),
        limit: 100,
        after: None,
    }
}

async fn put_tasks(store: &Store) -> Vec<TaskVersion> {
    let tasks = [
        task("development", "e.a", "v1", 1),
        task("development", "e.a", "v2", 4),
        task("development", "e.a", "v0", 4),
        task("development", "e.b", "v1", 4),
        task("development", "f.c", "v1", 2),
        task("production", "e.a", "v1", 9),
    ];
    for row in &tasks {
        store.put_task(row, b"spec").await.expect("writes");
    }
    tasks.to_vec()
}

async fn shown(store: &Store, query: &TaskQuery) -> Vec<String> {
    let rows = store.list_tasks(query).await.expect("reads").rows;
    rows.iter().map(|row| format!("{} {}", row.key.name, row.key.version)).collect()
}

/// Without a name, the newest version of each task comes, newest first.
pub async fn newest_versions_of_tasks(store: Store) {
    put_tasks(&store).await;
    assert_eq!(shown(&store, &query("development")).await, ["e.b v1", "e.a v2", "f.c v1"]);
    assert_eq!(shown(&store, &query("")).await, ["e.a v1", "e.b v1", "e.a v2", "f.c v1"]);
    assert_eq!(shown(&store, &query("staging")).await, [""; 0]);
    let mut paged = TaskQuery { limit: 1, ..query("") };
    let mut joined = Vec::new();
    loop {
        let page = store.list_tasks(&paged).await.expect("reads");
        joined.extend(page.rows);
        paged.after = page.next;
        if paged.after.is_none() {
            break;
        }
    }
    assert_eq!(joined, store.list_tasks(&query("")).await.expect("reads").rows);
}

/// With a name, its versions come; the same version again replaces the one before.
pub async fn versions_of_a_task(store: Store) {
    let tasks = put_tasks(&store).await;
    let versions = TaskQuery { versions_of: Some("e.a".into()), ..query("development") };
    assert_eq!(shown(&store, &versions).await, ["e.a v2", "e.a v0", "e.a v1"]);
    let again = TaskVersion { spec: Digest([4; 32]), deployed_at: at(5), ..tasks[0].clone() };
    store.put_task(&again, b"other").await.expect("writes");
    assert_eq!(shown(&store, &versions).await, ["e.a v1", "e.a v2", "e.a v0"]);
    assert_eq!(store.find_task(&again.key).await.expect("reads"), Some(again));
    let none = TaskKey { version: "v9".into(), ..tasks[0].key.clone() };
    assert_eq!(store.find_task(&none).await.expect("reads"), None);
}

/// Every operation on every field of a task, and every order.
pub async fn task_filters_and_orders(store: Store) {
    let tasks = put_tasks(&store).await;
    let fields = [
        TaskField::Name,
        TaskField::Version,
        TaskField::Environment,
        TaskField::ShortName,
        TaskField::DeployedBy,
        TaskField::CreatedAt,
        TaskField::IsEntrypoint,
    ];
    let versions = TaskQuery { versions_of: Some("e.a".into()), ..query("") };
    let of_name = || tasks.iter().filter(|row| &*row.key.name == "e.a");
    for field in fields {
        for op in OPS {
            let value = if field.kind() == ValueKind::Int { "1" } else { "v" };
            let filter = Filter { field, op, values: vec![value.to_owned()] };
            let fits = |row: &&TaskVersion| passes(&field, op, Some(&task_value(field, row)), &filter.values);
            let wanted = of_name().filter(fits).count();
            let query = TaskQuery { filters: vec![filter.clone()], ..versions.clone() };
            assert_eq!(shown(&store, &query).await.len(), wanted, "{filter:?}");
        }
        for direction in [Direction::Ascending, Direction::Descending] {
            let query = TaskQuery { sort: vec![(field, direction)], ..versions.clone() };
            let rows = store.list_tasks(&query).await.expect("reads").rows;
            let values = rows.iter().map(|row| task_value(field, row)).collect::<Vec<_>>();
            assert_eq!(values.len(), 4);
            assert!(match direction {
                Direction::Ascending => values.is_sorted(),
                Direction::Descending => values.is_sorted_by(|a, b| a >= b),
            });
        }
    }
}

/// A spec is stored once, however it comes, and the first bytes stay.
pub async fn specs_are_stored_once(store: Store) {
    let digest = |byte| Digest([byte; 32]);
    store.put_spec(&digest(1), b"one").await.expect("writes");
    store.put_spec(&digest(1), b"one").await.expect("writes");
    put(&store, move |_| {
        let specs = [(digest(1), b"other".to_vec()), (digest(2), b"two".to_vec())];
        Changes { specs: specs.into(), ..Changes::default() }
    })
    .await;
    assert_eq!(store.find_spec(&digest(1)).await.expect("reads").as_deref(), Some(&b"one"[..]));
    assert_eq!(store.find_spec(&digest(2)).await.expect("reads").as_deref(), Some(&b"two"[..]));
    assert_eq!(store.find_spec(&digest(3)).await.expect("reads"), None);
}

/// Of many that set a value at once one wins, and all learn which.
pub async fn a_setting_is_set_once(store: Store) {
    assert_eq!(store.find_setting("key").await.expect("reads"), None);
    let values = (0..20_u8).map(|byte| [byte; 4]).collect::<Vec<_>>();
    let set = join_all(values.iter().map(|value| store.init_setting("key", value))).await;
    let set = set.into_iter().map(|value| value.expect("writes")).collect::<Vec<_>>();
    assert!(set.iter().all(|value| *value == set[0]));
    assert_eq!(store.find_setting("key").await.expect("reads"), Some(set[0].clone()));
    assert_eq!(store.init_setting("other", b"x").await.expect("writes"), b"x");
}
