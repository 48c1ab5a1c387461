use bytes::Bytes;
use futures::TryStreamExt as _;
use proptest::prelude::{ProptestConfig, any, prop, proptest};
use wingbeat_proto::wingbeat::executor::v1::LogRecord;
use wingbeat_proto::wingbeat::logs::v1::LogChunk;

use super::{DurableUpTo, LogError, LogReader, MAX_CHUNK_LINES, durable_up_to, read_from, write_chunk};
use crate::path::BlobPath;
use crate::store::{BlobStore, Durability};

struct Fixture {
    _folder: tempfile::TempDir,
    store: BlobStore,
    prefix: BlobPath,
}

fn fixture() -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let store = BlobStore::open_local(folder.path()).unwrap();
    Fixture { _folder: folder, store, prefix: BlobPath::parse("logs/_/p/d/r/a0/1").unwrap() }
}

impl Fixture {
    /// Writes the lines `first..until` as one chunk; each line's text is its number.
    async fn write(&self, first: u64, until: u64, end: bool, micros: i64) {
        let chunk = chunk(first, until, end);
        write_chunk(&self.store, &self.prefix, &chunk, micros).await.unwrap();
    }

    async fn numbers(&self, from: u64) -> Vec<u64> {
        let lines: Vec<_> =
            read_from(self.store.clone(), self.prefix.clone(), from).try_collect().await.unwrap();
        for line in &lines {
            assert_eq!(line.record.text, line.number.to_string());
        }
        lines.iter().map(|line| line.number).collect()
    }

    fn reader(&self, from: u64) -> LogReader {
        LogReader::new(self.store.clone(), self.prefix.clone(), from)
    }
}

fn chunk(first: u64, until: u64, end: bool) -> LogChunk {
    let lines =
        (first..until).map(|number| LogRecord { text: number.to_string(), ..LogRecord::default() }).collect();
    LogChunk { first_line: first, lines, end, ..LogChunk::default() }
}

#[tokio::test]
async fn lines_are_read_in_order_from_any_line() {
    let logs = fixture();
    for (ix, first) in [(0, 0), (1, 40), (2, 80)] {
        logs.write(first, first + 40, first == 80, 1_000 + ix).await;
    }
    for from in [0, 1, 39, 40, 41, 119, 120, 121] {
        assert_eq!(logs.numbers(from).await, (from..120.max(from)).collect::<Vec<_>>(), "from {from}");
    }
}

#[tokio::test]
async fn no_chunks_are_no_lines_yet() {
    let logs = fixture();
    assert_eq!(logs.numbers(0).await, Vec::<u64>::new());
    let page = logs.reader(0).next_page(10).await.unwrap();
    assert!(page.lines.is_empty() && !page.end);
    let durable = durable_up_to(&logs.store, &logs.prefix).await.unwrap();
    assert_eq!(durable, DurableUpTo { next_line: 0, end: false });
}

#[tokio::test]
async fn lines_that_were_written_twice_are_read_once() {
    let logs = fixture();
    // A dead executor wrote 0..50 and 50..100; its successor went on at 30 in other cuts.
    logs.write(0, 50, false, 1).await;
    logs.write(50, 100, false, 2).await;
    logs.write(30, 45, false, 3).await;
    logs.write(45, 110, false, 4).await;
    logs.write(50, 60, false, 5).await;
    for from in [0, 29, 30, 47, 60, 99, 100, 109] {
        assert_eq!(logs.numbers(from).await, (from..110).collect::<Vec<_>>(), "from {from}");
    }
    let durable = durable_up_to(&logs.store, &logs.prefix).await.unwrap();
    assert_eq!(durable, DurableUpTo { next_line: 110, end: false });
}

#[tokio::test]
async fn a_longer_early_chunk_covers_lines_after_a_shorter_late_one() {
    let logs = fixture();
    logs.write(0, 100, false, 1).await;
    logs.write(50, 60, false, 2).await;
    assert_eq!(logs.numbers(70).await, (70..100).collect::<Vec<_>>());
    assert_eq!(durable_up_to(&logs.store, &logs.prefix).await.unwrap().next_line, 100);
}

#[tokio::test]
async fn a_tail_goes_on_where_it_was() {
    let logs = fixture();
    logs.write(0, 5, false, 1).await;
    let mut reader = logs.reader(0);
    let numbers = |page: &super::LogPage| page.lines.iter().map(|line| line.number).collect::<Vec<_>>();
    let page = reader.next_page(3).await.unwrap();
    assert_eq!((numbers(&page), page.end), (vec![0, 1, 2], false));
    assert_eq!(reader.next_line(), 3);
    assert_eq!(numbers(&reader.next_page(3).await.unwrap()), [3, 4]);
    assert_eq!(numbers(&reader.next_page(3).await.unwrap()), Vec::<u64>::new());
    // After a crash, the successor writes from an earlier line.
    logs.write(2, 7, false, 2).await;
    logs.write(7, 8, true, 3).await;
    let page = reader.next_page(2).await.unwrap();
    assert_eq!((numbers(&page), page.end), (vec![5, 6], false));
    let page = reader.next_page(2).await.unwrap();
    assert_eq!((numbers(&page), page.end), (vec![7], true));
    let page = reader.next_page(2).await.unwrap();
    assert!(page.lines.is_empty() && page.end);
}

#[tokio::test]
async fn an_end_without_lines_ends_the_log() {
    let logs = fixture();
    logs.write(0, 2, false, 1).await;
    logs.write(2, 2, true, 2).await;
    let page = logs.reader(0).next_page(10).await.unwrap();
    assert!(page.lines.len() == 2 && page.end);
    let durable = durable_up_to(&logs.store, &logs.prefix).await.unwrap();
    assert_eq!(durable, DurableUpTo { next_line: 2, end: true });
}

#[tokio::test]
async fn lost_lines_are_a_gap_in_the_numbers() {
    let logs = fixture();
    logs.write(0, 2, false, 1).await;
    logs.write(5, 7, false, 2).await;
    assert_eq!(logs.numbers(0).await, [0, 1, 5, 6]);
    assert_eq!(logs.numbers(3).await, [5, 6]);
}

#[tokio::test]
async fn two_chunks_of_one_moment_both_stay() {
    let logs = fixture();
    logs.write(0, 2, false, 1).await;
    logs.write(0, 4, false, 1).await;
    assert_eq!(logs.numbers(0).await, [0, 1, 2, 3]);
    let page = logs.store.list(&logs.prefix, None, 10).await.unwrap();
    let names: Vec<_> = page.entries.iter().map(|entry| entry.path.file_name()).collect();
    assert_eq!(names, ["000000000000-1.pb", "000000000000-2.pb"]);
}

#[tokio::test]
async fn what_cannot_be_read_is_named() {
    let logs = fixture();
    let place = |name: &str| logs.prefix.join(name).unwrap();
    let put = |name: &str, content: Bytes| {
        let (store, path) = (logs.store.clone(), place(name));
        async move { store.put(&path, content, Durability::Cached).await.unwrap() }
    };
    put("notes.txt", Bytes::from("not ours")).await;
    assert_eq!(logs.numbers(0).await, Vec::<u64>::new());
    put("000000000000-1.pb", Bytes::from("\u{ff}not a chunk")).await;
    let error = logs.reader(0).next_page(1).await.unwrap_err();
    assert!(matches!(&error, LogError::Damaged { path } if *path == place("000000000000-1.pb")), "{error:?}");
    // Field 1, version 9.
    put("000000000000-1.pb", Bytes::from_static(&[0x08, 9])).await;
    let error = logs.reader(0).next_page(1).await.unwrap_err();
    assert!(matches!(error, LogError::Version { version: 9, .. }), "{error:?}");
    // A chunk of line 0 under the name of line 3.
    put("000000000000-1.pb", Bytes::from_static(&[0x08, 1])).await;
    put("000000000003-1.pb", Bytes::from_static(&[0x08, 1])).await;
    let error = logs.reader(0).next_page(1).await.unwrap_err();
    assert!(matches!(&error, LogError::Damaged { path } if *path == place("000000000003-1.pb")), "{error:?}");
}

#[tokio::test]
async fn chunks_that_readers_could_not_find_are_not_written() {
    let logs = fixture();
    let long = chunk(0, MAX_CHUNK_LINES as u64 + 1, false);
    let error = write_chunk(&logs.store, &logs.prefix, &long, 1).await.unwrap_err();
    assert!(matches!(error, LogError::TooManyLines { lines } if lines == MAX_CHUNK_LINES + 1));
    for (first, micros) in [(1_000_000_000_000, 1), (0, -1)] {
        let error = write_chunk(&logs.store, &logs.prefix, &chunk(first, first, false), micros).await;
        assert!(matches!(error, Err(LogError::Unnameable { .. })), "{error:?}");
    }
    assert!(logs.store.list(&logs.prefix, None, 5).await.unwrap().entries.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn any_cuts_that_cover_all_lines_give_each_line_once(
        cuts in prop::collection::vec(1_u64..12, 1..8),
        rewritten in prop::collection::vec((any::<prop::sample::Index>(), 1_u64..20), 0..5),
        from in 0_u64..60,
        page_lines in 1_usize..9,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let logs = fixture();
            let total: u64 = cuts.iter().sum();
            let mut first = 0;
            for (micros, lines) in (1..).zip(&cuts) {
                logs.write(first, first + lines, false, micros).await;
                first += lines;
            }
            for (micros, (start, lines)) in (100..).zip(&rewritten) {
                let start = start.index(usize::try_from(total).unwrap()) as u64;
                logs.write(start, total.min(start + lines), false, micros).await;
            }
            let mut reader = logs.reader(from);
            let mut numbers = Vec::new();
            loop {
                let page = reader.next_page(page_lines).await.unwrap();
                if page.lines.is_empty() {
                    break;
                }
                numbers.extend(page.lines.iter().map(|line| line.number));
            }
            assert_eq!(numbers, (from..total.max(from)).collect::<Vec<_>>());
        });
    }
}
