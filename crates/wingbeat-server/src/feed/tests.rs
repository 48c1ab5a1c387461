//! What is remembered of commits, and when that is not all there is.

use wingbeat_model::{Action, Changes, Seq};

use super::{Feed, News};
use crate::driver::scheduler::tests::action;

fn commit(feed: &Feed, seq: i64, names: &[&str]) {
    let changed = |name: &&str| Action { changed: Seq(seq), ..action(1, name, 1) };
    feed.publish(Seq(seq), Changes { actions: names.iter().map(changed).collect(), ..Changes::default() });
}

/// Names with the positions of the commits that changed them, and up to where.
type Told = (Vec<(String, i64)>, i64);

fn news(feed: &Feed, after: i64) -> Option<Told> {
    let News { rows, upto } = feed.news(Seq(after), |_| true)?;
    Some((rows.into_iter().map(|row| (row.key.name.to_string(), row.changed.0)).collect(), upto.0))
}

fn told(rows: &[(&str, i64)], upto: i64) -> Told {
    (rows.iter().map(|(name, seq)| ((*name).to_owned(), *seq)).collect(), upto)
}

#[test]
fn what_was_committed_lately_is_told_once_as_it_is_now() {
    let feed = Feed::default();
    commit(&feed, 4, &["a"]);
    commit(&feed, 5, &["b", "a"]);
    commit(&feed, 6, &["c"]);
    assert_eq!(news(&feed, 2), None, "what was committed before the first one is in the store");
    assert_eq!(news(&feed, 3), Some(told(&[("a", 5), ("b", 5), ("c", 6)], 6)));
    assert_eq!(news(&feed, 5), Some(told(&[("c", 6)], 6)));
    assert_eq!(news(&feed, 6), Some(told(&[], 6)));
    assert_eq!(news(&feed, 9), Some(told(&[], 9)), "a store was read that is ahead of what was told");
    assert_eq!(feed.position(), Seq(6));
    let only = feed.news(Seq(3), |row| row.key.name.as_str() == "c").unwrap();
    assert_eq!(only.rows.len(), 1);
}

#[test]
fn a_gap_sends_everybody_before_it_to_the_store() {
    let feed = Feed::default();
    commit(&feed, 1, &["a"]);
    commit(&feed, 3, &["c"]);
    assert_eq!(news(&feed, 0), None);
    assert_eq!(news(&feed, 1), None, "2 is another server's");
    assert_eq!(news(&feed, 2), Some(told(&[("c", 3)], 3)));

    feed.publish_others(Seq(5), &Changes::default());
    assert_eq!(news(&feed, 3), None);
    assert_eq!(news(&feed, 5), Some(told(&[], 5)));
    commit(&feed, 5, &["late"]);
    assert_eq!(news(&feed, 4), None, "the word of it came after that of others");
    feed.publish_others(Seq(2), &Changes::default());
    commit(&feed, 6, &["d"]);
    assert_eq!(news(&feed, 5), Some(told(&[("d", 6)], 6)));

    feed.publish(Seq(7), Changes::default());
    assert_eq!(
        news(&feed, 6),
        Some(told(&[], 6)),
        "a transaction that changed nothing is told another's position"
    );

    feed.wake_all(Seq(8));
    assert_eq!(news(&feed, 6), None, "nobody knows what 7 and 8 changed");
}

#[test]
fn what_watchers_were_not_told_of_is_counted() {
    let feed = Feed::default();
    feed.start_from(Seq(40));
    assert_eq!((feed.lag(Seq(40)), feed.lag(Seq(42))), (0, 2));
    commit(&feed, 41, &["a"]);
    assert_eq!(feed.lag(Seq(41)), 0);
    commit(&feed, 43, &["c"]);
    assert_eq!(feed.lag(Seq(43)), 2, "42 is another server's");
    feed.publish_others(Seq(43), &Changes::default());
    assert_eq!((feed.lag(Seq(43)), feed.lag(Seq(44))), (0, 1));
}

#[test]
fn memory_is_bounded_and_a_large_commit_is_there_while_it_is_the_newest() {
    let feed = Feed::default();
    let many: Vec<String> = (0..5_000).map(|number| format!("c{number}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    commit(&feed, 1, &many);
    commit(&feed, 2, &many);
    assert_eq!(news(&feed, 0), None);
    assert_eq!(news(&feed, 1).map(|(rows, _)| rows.len()), Some(5_000));
    let more: Vec<&str> = many.iter().chain(&many).copied().collect();
    commit(&feed, 3, &more);
    assert_eq!(news(&feed, 1), None);
    assert_eq!(news(&feed, 2).map(|(_, upto)| upto), Some(3));
}
