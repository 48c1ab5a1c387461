//! Pictures of one run: sums, and windows that are compared with the whole run, filtered and sorted here.

use wingbeat_model::tally::{self, Event, Marks};
use wingbeat_model::{
    Action, ActionName, Changes, CounterKey, Phase, Run, RunId, Tallied, TallyKey, Timestamp,
};

use super::listing::put_varied;
use super::rows::{action, at, names, put_runs};
use super::{Store, put};
use crate::listing::contains_ignoring_case;
use crate::{Direction, Position, ReadError, WindowQuery, WindowSort, WindowStart};

fn window(run: i64) -> WindowQuery {
    WindowQuery {
        run: RunId(run),
        parent: None,
        phases: Vec::new(),
        group: None,
        text: String::new(),
        started_from: None,
        started_before: None,
        sort: WindowSort::Created,
        direction: Direction::Ascending,
        limit: 3,
        start: WindowStart::Skip(0),
        population: 0,
        look: 1_000,
    }
}

/// What is asked about a run, each with every order and as a small and as a large run.
fn questions() -> Vec<WindowQuery> {
    let below = |name: &str| Some(ActionName::stored(name));
    let plain = window(1);
    vec![
        plain.clone(),
        WindowQuery { parent: below("a0"), ..plain.clone() },
        WindowQuery { parent: below("c1"), ..plain.clone() },
        WindowQuery { parent: below("nobody"), ..plain.clone() },
        WindowQuery { phases: vec![Phase::Failed], ..plain.clone() },
        WindowQuery {
            phases: vec![Phase::Recovered, Phase::Queued, Phase::Failed, Phase::Queued],
            ..plain.clone()
        },
        WindowQuery { phases: vec![Phase::Running, Phase::Failed], parent: below("a0"), ..plain.clone() },
        WindowQuery { phases: vec![Phase::TimedOut], ..plain.clone() },
        WindowQuery { group: Some(String::new()), ..plain.clone() },
        WindowQuery { group: Some("alpha".to_owned()), parent: below("a0"), ..plain.clone() },
        WindowQuery { text: "größe".to_owned(), ..plain.clone() },
        WindowQuery { text: "C1".to_owned(), parent: below("a0"), ..plain.clone() },
        WindowQuery { text: "%".to_owned(), phases: vec![Phase::Paused, Phase::Queued], ..plain.clone() },
        WindowQuery { started_from: Some(at(151)), started_before: Some(at(152)), ..plain.clone() },
        WindowQuery { started_before: Some(at(151)), parent: below("a0"), ..plain },
    ]
}

fn every_way(question: &WindowQuery) -> Vec<WindowQuery> {
    let mut ways = Vec::new();
    for sort in [WindowSort::Created, WindowSort::Started] {
        for direction in [Direction::Ascending, Direction::Descending] {
            // A large run, of which little is looked at each time.
            for (population, look) in [(0, 1_000), (1_000, 4)] {
                ways.push(WindowQuery { sort, direction, population, look, ..question.clone() });
            }
        }
    }
    ways
}

fn fits(query: &WindowQuery, action: &Action) -> bool {
    let texts = [action.key.name.as_str(), &action.task.name, &action.group];
    let started = action.started_at;
    action.parent.is_some()
        && query.parent.as_ref().is_none_or(|parent| action.parent.as_ref() == Some(parent))
        && (query.phases.is_empty() || query.phases.contains(&action.phase()))
        && query.group.as_ref().is_none_or(|group| *group == action.group)
        && texts.iter().any(|text| contains_ignoring_case(text, &query.text))
        && query.started_from.is_none_or(|from| started.is_some_and(|at| at >= from))
        && query.started_before.is_none_or(|to| started.is_some_and(|at| at < to))
        && (query.sort == WindowSort::Created || started.is_some())
}

fn expected<'a>(query: &WindowQuery, rows: &'a [(Run, Action)]) -> Vec<&'a str> {
    let of_run = rows.iter().map(|(_, action)| action).filter(|action| action.key.run == query.run);
    let mut found: Vec<&Action> = of_run.filter(|action| fits(query, action)).collect();
    let position = |action: &Action| -> (Option<Timestamp>, String) {
        let at = match query.sort {
            WindowSort::Created => Some(action.created_at),
            WindowSort::Started => action.started_at,
        };
        (at, action.key.name.as_str().to_owned())
    };
    found.sort_by_key(|action| position(action));
    if query.direction == Direction::Descending {
        found.reverse();
    }
    found.into_iter().map(|action| action.key.name.as_str()).collect()
}

async fn walk(store: &Store, query: &WindowQuery) -> Vec<Action> {
    let mut query = query.clone();
    let mut found = Vec::new();
    // Each answer moves on, so a run of twenty needs far fewer.
    for _ in 0..100 {
        let window = store.window(&query).await.expect("reads");
        assert!(window.rows.len() <= query.limit);
        found.extend(window.rows);
        let Some(next) = window.next else { return found };
        query.start = WindowStart::After(next);
    }
    panic!("{query:?} does not come to its end");
}

/// Windows join to all that fits, in every order, and begin anywhere.
pub async fn windows_of_a_run(store: Store) {
    let rows = put_varied(&store).await;
    let mut n_found = 0;
    for query in questions().iter().flat_map(every_way) {
        let whole = expected(&query, &rows);
        let walked = walk(&store, &query).await;
        assert_eq!(names(&walked), whole, "{query:?}");
        n_found += whole.len();
        for skip in [0, 1, 5, 100] {
            let query = WindowQuery { start: WindowStart::Skip(skip), population: 0, ..query.clone() };
            let window = store.window(&query).await.expect("reads");
            let here: Vec<&str> = whole.iter().skip(skip).take(query.limit).copied().collect();
            assert_eq!(names(&window.rows), here, "{query:?}");
            assert_eq!(window.next.is_some(), whole.len() > skip + here.len(), "{query:?}");
        }
    }
    assert!(n_found > 200, "the questions find something: {n_found}");
}

/// By phase along its index: as far into it as one likes.
pub async fn windows_by_phase_begin_anywhere(store: Store) {
    let rows = put_varied(&store).await;
    for phases in [vec![Phase::Failed], vec![Phase::Queued, Phase::Failed, Phase::Paused]] {
        for direction in [Direction::Ascending, Direction::Descending] {
            let query =
                WindowQuery { phases: phases.clone(), direction, population: 1_000, look: 4, ..window(1) };
            let whole = expected(&query, &rows);
            for skip in 0..=whole.len() {
                let start = WindowStart::Skip(skip);
                let found = store.window(&WindowQuery { start, ..query.clone() }).await.expect("reads");
                let here: Vec<&str> = whole.iter().skip(skip).take(query.limit).copied().collect();
                assert_eq!(names(&found.rows), here, "{query:?} from {skip}");
            }
        }
    }
}

/// Each row of a list is as far from its beginning as there are rows before it; what the list does not hold has a place
/// between its rows all the same.
pub async fn rows_before_a_position(store: Store) {
    let rows = put_varied(&store).await;
    let mut n_counted = 0;
    for query in questions().iter().flat_map(every_way) {
        let whole = expected(&query, &rows);
        // Where a window begins is another matter.
        let query = WindowQuery { start: WindowStart::Skip(2), ..query };
        for (place, name) in whole.iter().enumerate() {
            let is_it = |action: &&Action| action.key.run == query.run && action.key.name.as_str() == *name;
            let action = rows.iter().map(|(_, action)| action).find(is_it).expect("it was put there");
            let position = query.position(action).expect("the list holds it");
            assert_eq!(store.rows_before(&query, &position).await.expect("reads"), place, "{query:?} {name}");
            n_counted += 1;
        }
        for (at, wanted) in [(Timestamp::from_micros(0), 0), (at(1_000_000), whole.len())] {
            let position = Position { at, name: ActionName::stored("m") };
            let wanted = if query.direction == Direction::Ascending { wanted } else { whole.len() - wanted };
            assert_eq!(store.rows_before(&query, &position).await.expect("reads"), wanted, "{query:?}");
        }
    }
    assert!(n_counted > 200, "the questions find something: {n_counted}");
}

/// A token is of one question.
pub async fn tokens_of_other_windows_are_refused(store: Store) {
    put_varied(&store).await;
    let first = store.window(&window(1)).await.expect("reads");
    let start = WindowStart::After(first.next.expect("there is more"));
    let others = [
        WindowQuery { run: RunId(2), ..window(1) },
        WindowQuery { parent: Some(ActionName::root()), ..window(1) },
        WindowQuery { phases: vec![Phase::Queued], ..window(1) },
        WindowQuery { text: "c".to_owned(), ..window(1) },
        WindowQuery { sort: WindowSort::Started, ..window(1) },
        WindowQuery { direction: Direction::Descending, ..window(1) },
    ];
    for other in others {
        let refused = store.window(&WindowQuery { start: start.clone(), ..other }).await;
        assert!(matches!(refused, Err(ReadError::BadCursor)), "{refused:?}");
    }
    store
        .window(&WindowQuery { start, limit: 9, ..window(1) })
        .await
        .expect("another size is no other question");
}

/// Sums of one run, apart from others and of either kind; what is zero again is not told.
pub async fn sums_over_a_run(store: Store) {
    put_runs(&store, [1, 2]).await;
    let standing = |group: &str, task: &str, phase| Tallied::Standing {
        group: group.to_owned(),
        task: task.to_owned(),
        phase,
    };
    let moment = |slot, event| Tallied::Moment { slot, event };
    let of = |run, what| TallyKey { run: RunId(run), what };
    put(&store, move |_| {
        let mut tallies = std::collections::BTreeMap::new();
        tallies.insert(of(1, standing("g", "env.f", Phase::Queued)), 3);
        tallies.insert(of(1, standing("", "it's \"odd\" größe", Phase::Running)), 1);
        tallies.insert(of(2, standing("g", "env.f", Phase::Queued)), 7);
        for (ix, event) in Event::all().enumerate() {
            tallies.insert(of(1, moment(i64::try_from(ix).expect("small") * 5_000_000_000, event)), 2);
        }
        Changes { tallies, ..Changes::default() }
    })
    .await;
    put(&store, move |_| {
        let changes = [
            (of(1, standing("g", "env.f", Phase::Queued)), -3),
            (of(1, standing("g", "env.f", Phase::Failed)), 3),
            (of(1, moment(0, Event::Created)), 40),
        ];
        Changes { tallies: changes.into(), ..Changes::default() }
    })
    .await;
    let mut standings = store.standings(RunId(1)).await.expect("reads");
    standings.sort();
    let wanted =
        [(standing("", "it's \"odd\" größe", Phase::Running), 1), (standing("g", "env.f", Phase::Failed), 3)];
    assert_eq!(standings, wanted);
    let mut moments = store.moments(RunId(1)).await.expect("reads");
    moments.sort();
    assert_eq!(moments.len(), Event::all().count());
    assert_eq!(moments[0], (moment(0, Event::Created), 42));
    assert!(moments[1..].iter().all(|(_, count)| *count == 2), "{moments:?}");
    assert_eq!(store.moments(RunId(2)).await.expect("reads"), []);
    assert_eq!(store.standings(RunId(3)).await.expect("reads"), []);
}

/// Counts of the children of those that are asked about, and of nobody else's.
pub async fn counts_below_some_parents(store: Store) {
    put_runs(&store, [1, 2]).await;
    let counter = |run, parent: Option<&str>, phase| CounterKey {
        run: RunId(run),
        parent: parent.map(ActionName::stored),
        group: "g".to_owned(),
        phase,
    };
    put(&store, move |_| {
        let counters = [
            (counter(1, None, Phase::Running), 1),
            (counter(1, Some("a0"), Phase::Queued), 5),
            (counter(1, Some("a0"), Phase::Failed), 0),
            (counter(1, Some("b"), Phase::Failed), 2),
            (counter(1, Some("c"), Phase::Failed), 4),
            (counter(2, Some("a0"), Phase::Queued), 9),
        ];
        Changes { counters: counters.into(), ..Changes::default() }
    })
    .await;
    let below = |names: &[&str]| names.iter().map(|name| ActionName::stored(name)).collect::<Vec<_>>();
    let found = store.counts_below(RunId(1), &below(&["c", "a0", "nobody"])).await.expect("reads");
    let found: Vec<_> =
        found.iter().map(|row| (row.parent.as_ref().map(ActionName::as_str), row.phase, row.count)).collect();
    assert_eq!(found, [(Some("a0"), Phase::Queued, 5), (Some("c"), Phase::Failed, 4)]);
    assert_eq!(store.counts_below(RunId(1), &[]).await.expect("reads"), []);
}

/// Times of all actions but the root.
pub async fn times_of_a_run(store: Store) {
    let rows = put_varied(&store).await;
    let of_run = |action: &&Action| action.key.run == RunId(1) && action.parent.is_some();
    let key = |marks: &Marks| (marks.created, marks.started, marks.ended, marks.phase);
    let mut wanted: Vec<Marks> =
        rows.iter().map(|(_, action)| action).filter(of_run).map(Marks::of).collect();
    wanted.sort_by_key(key);
    let mut found = store.marks(RunId(1), 1_000).await.expect("reads");
    found.sort_by_key(key);
    assert_eq!(found, wanted);
    assert_eq!(store.marks(RunId(1), 4).await.expect("reads").len(), 4);
    let mut lonely = action(21, "a0", wingbeat_model::Seq(0));
    lonely.parent = None;
    assert_eq!(tally::tallied(&lonely, at(0)), [], "a root adds nothing");
}
