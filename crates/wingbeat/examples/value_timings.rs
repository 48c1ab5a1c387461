//! How long values of Rust types take to become literals and to come back: one line of JSON per case, in nanoseconds.
//! `bench/type_engine.py` runs the same with the stock client beside it.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::Instant;

use wingbeat::Value;

/// How often each case runs; the median counts.
const ROUNDS: usize = 7;

#[derive(Value)]
struct Row {
    f0: i64,
    f1: i64,
    f2: i64,
    f3: i64,
    f4: i64,
    f5: String,
    f6: String,
    f7: String,
    f8: bool,
    f9: f64,
}

#[derive(Value)]
struct Leaf {
    x: i64,
}

#[derive(Value)]
struct Nested {
    leaves: Vec<Leaf>,
}

fn main() {
    tell("int", &7_i64);
    tell("list[int] 1e5", &(0..100_000).collect::<Vec<i64>>());
    let floats: BTreeMap<String, f64> =
        (0..10_000_i32).map(|ix| (format!("key{ix}"), f64::from(ix))).collect();
    tell("dict[str, float] 1e4", &floats);
    tell("struct with 10 fields x 1e4", &(0..10_000).map(row).collect::<Vec<Row>>());
    tell("nested, 1000 leaves", &Nested { leaves: (0..1_000).map(|x| Leaf { x }).collect() });
}

fn tell<T: Value>(name: &str, value: &T) {
    let literal = value.to_literal().expect("it has a form on the wire");
    let written = median(|| drop(black_box(black_box(value).to_literal())));
    let read = median(|| drop(black_box(T::from_literal(black_box(&literal)))));
    println!("{{\"case\": \"{name}\", \"to_literal_ns\": {written}, \"from_literal_ns\": {read}}}");
}

fn median(mut run: impl FnMut()) -> u128 {
    let mut times: Vec<u128> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            run();
            start.elapsed().as_nanos()
        })
        .collect();
    times.sort_unstable();
    times[ROUNDS / 2]
}

/// Five numbers, three texts, a flag and a float.
fn row(ix: i64) -> Row {
    let [f5, f6, f7] = [0, 1, 2].map(|part| format!("text {ix} {part}"));
    Row { f0: ix, f1: ix + 1, f2: ix + 2, f3: ix + 3, f4: ix + 4, f5, f6, f7, f8: ix % 2 == 0, f9: 0.5 }
}
