use wingbeat_model::tally::{Event, Marks, slot};
use wingbeat_model::{Phase, Tallied, Timestamp};
use wingbeat_proto::wingbeat::platform::v1::{GetTimelineRequest, GetTimelineResponse, PhaseCount};

use super::counts::{self, Counted};
use super::timeline::{Part, Seen};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

fn request(from: i64, to: i64, buckets: u32) -> GetTimelineRequest {
    let wire = |seconds| wingbeat_idl::time::timestamp(at(seconds)).into();
    GetTimelineRequest { from: wire(from), to: wire(to), buckets, ..Default::default() }
}

fn picture(request: &GetTimelineRequest, seen: &Seen) -> GetTimelineResponse {
    Part::of(request, at(100), at(200)).expect("a good request").picture(at(100), seen)
}

fn phases(counts: &[PhaseCount]) -> Vec<(i32, i64)> {
    counts.iter().map(|count| (count.phase, count.count)).collect()
}

/// Three actions: one runs through, one still runs, one is aborted before it starts.
fn marks() -> Vec<Marks> {
    let mark = |created, started: Option<i64>, ended: Option<i64>, phase| Marks {
        created: at(created),
        started: started.map(at),
        ended: ended.map(at),
        phase,
    };
    vec![
        mark(101, Some(110), Some(125), Phase::Succeeded),
        mark(101, Some(130), None, Phase::Running),
        mark(115, None, Some(131), Phase::Aborted),
    ]
}

fn slots() -> Vec<(Tallied, i64)> {
    let moments = |marks: Marks| {
        let moment = |(when, event)| (Tallied::Moment { slot: slot(at(100), when), event }, 1);
        marks.events().map(moment).collect::<Vec<_>>()
    };
    marks().into_iter().flat_map(moments).collect()
}

#[test]
fn a_timeline_tells_what_happened_and_what_was_going_on() {
    for seen in [Seen::Exactly(marks()), Seen::InSlots(slots())] {
        let answer = picture(&request(100, 140, 4), &seen);
        assert_eq!(answer.width.seconds, 10);
        let rows: Vec<_> = answer
            .buckets
            .iter()
            .map(|b| (b.created, b.started, phases(&b.ended), b.waiting, b.running))
            .collect();
        let wanted = [
            (2, 0, vec![], 2, 0),
            (1, 1, vec![], 2, 1),
            (0, 0, vec![(5, 1)], 2, 0),
            (0, 1, vec![(7, 1)], 0, 1),
        ];
        assert_eq!(rows, wanted);
    }
}

#[test]
fn a_part_begins_with_what_was_going_on_before_it() {
    let answer = picture(&request(112, 122, 1), &Seen::Exactly(marks()));
    let bucket = &answer.buckets[0];
    assert_eq!((bucket.created, bucket.started, bucket.waiting, bucket.running), (1, 0, 2, 1));
    assert!(answer.resolution.as_option().is_none(), "times of small runs are exact");
}

#[test]
fn the_end_of_a_run_is_part_of_its_timeline() {
    let last =
        vec![Marks { created: at(101), started: Some(at(101)), ended: Some(at(200)), phase: Phase::Failed }];
    let answer = picture(&GetTimelineRequest::default(), &Seen::Exactly(last));
    assert_eq!(answer.buckets.len(), 100);
    assert_eq!(phases(&answer.buckets[99].ended), [(6, 1)]);
    let short = Part::of(&GetTimelineRequest::default(), at(100), at(100)).expect("no time has gone by");
    assert_eq!(short.picture(at(100), &Seen::Exactly(Vec::new())).buckets.len(), 1);
}

#[test]
fn resolution_is_that_of_the_coarsest_part() {
    let moments = |slot| Seen::InSlots(vec![(Tallied::Moment { slot, event: Event::Created }, 3)]);
    let first_hour = picture(&request(100, 3_700, 60), &moments(59));
    assert_eq!((first_hour.resolution.seconds, first_hour.buckets[0].created), (1, 3));
    let later = picture(&request(100, 3_701, 60), &moments(3_590));
    assert_eq!(later.resolution.seconds, 10);
}

#[test]
fn parts_that_make_no_sense_are_refused() {
    let refused = |request: &GetTimelineRequest| {
        let error = Part::of(request, at(100), at(200)).expect_err("nonsense");
        error.to_string()
    };
    assert!(refused(&request(110, 110, 5)).contains("to: it must be later than from"));
    assert!(refused(&request(100, 110, 2_001)).contains("buckets: 2001 is more than 2000"));
    let far = GetTimelineRequest { buckets: 2_000, ..request(-9_000_000_000, 9_000_000_000, 0) };
    assert!(
        Part::of(&far, at(100), at(200))
            .expect("long, but sensible")
            .picture(at(100), &Seen::Exactly(marks()))
            .buckets
            .len()
            <= 2_000
    );
}

#[test]
fn the_largest_groups_come_first_and_all_are_counted() {
    let row = |group: &str, task: &str, phase, count| Counted {
        group: group.to_owned(),
        task: Some(task.to_owned()),
        phase,
        count,
    };
    let counted = [
        row("a", "f", Phase::Succeeded, 2),
        row("b", "f", Phase::Failed, 3),
        row("b", "g", Phase::Succeeded, 4),
        row("", "g", Phase::Succeeded, 2),
    ];
    let answer = counts::answer(&counted, 2);
    assert_eq!((answer.all.total, phases(&answer.all.phases)), (11, vec![(5, 8), (6, 3)]));
    let named = |entries: &[wingbeat_proto::wingbeat::platform::v1::CountedActions]| {
        entries.iter().map(|entry| (entry.name.clone(), entry.total)).collect::<Vec<_>>()
    };
    assert_eq!(named(&answer.groups), [("b".to_owned(), 7), (String::new(), 2)]);
    assert_eq!(answer.n_groups, 3);
    assert_eq!(named(&answer.tasks), [("g".to_owned(), 6), ("f".to_owned(), 5)]);
}
