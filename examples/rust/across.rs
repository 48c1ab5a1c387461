//! Rust and Python in one workflow: this side, and `across.py`. Each has a parent whose children are of the other
//! language; a dataclass there is a struct here.
//!
//! With a platform at hand: `python across.py deploy`, `cargo run --example across -- deploy`, then
//! `cargo run --example across -- run --remote report --values '[1, 2, 30, 4]'` for the parent in Rust, and
//! `python across.py compare` for the one in Python.

use wingbeat::{Environment, Result, task};

static ENV: Environment = Environment::new("across_rust").description("The Rust side of across.py");

/// What Python computes of some numbers; its dataclass has the same name and fields.
#[derive(wingbeat::Value, Debug, Clone, PartialEq)]
struct Stats {
    n: i64,
    mean: f64,
    #[value(default)]
    note: Option<String>,
}

/// Each value as the mean of those around it: work for a compiled language.
#[task(env = ENV)]
fn smooth(values: Vec<f64>, #[default(3)] window: u32) -> Result<Vec<f64>> {
    if window == 0 {
        return Err(wingbeat::Error::non_recoverable("a window of 0 holds no values").with_code("BadWindow"));
    }
    let reach = window as usize / 2;
    let around = |at: usize| &values[at.saturating_sub(reach)..values.len().min(at + reach + 1)];
    let mean = |part: &[f64]| {
        let (sum, n) = part.iter().fold((0.0, 0.0), |(sum, n), value| (sum + value, n + 1.0));
        sum / n
    };
    Ok((0..values.len()).map(|at| mean(around(at))).collect())
}

/// A parent in Rust: a child in Rust, and two in Python, which it knows by their names.
#[task(env = ENV)]
async fn report(values: Vec<f64>) -> Result<(Stats, Stats)> {
    let smoothed = smooth(values.clone(), 3).await?;
    let described = |values: Vec<f64>, note: &str| {
        let call = wingbeat::deployed("across_python.describe").input("values", &values);
        call.input("note", &Some(note.to_owned())).call::<Stats>()
    };
    Ok((described(values, "as given").await?, described(smoothed, "smoothed").await?))
}

fn main() {
    wingbeat::main();
}
