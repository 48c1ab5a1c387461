//! The smallest programs with tasks: one that greets, one that calls another for many inputs, and one that fails.

use wingbeat::{Environment, Outputs, Result, task};

static ENV: Environment = Environment::new("hello").description("The first steps");

/// A point in the plane: Python knows it as a dataclass of the same fields.
#[derive(wingbeat::Value, Debug, Clone, PartialEq)]
struct Point {
    x: f64,
    y: f64,
    #[value(default)]
    label: Option<String>,
}

/// Greets somebody.
#[task(env = ENV)]
fn greet(#[default("world")] name: String) -> String {
    println!("greeting {name}");
    format!("Hello, {name}!")
}

/// What a division gives; Python knows it as a `NamedTuple` of these fields.
#[derive(Outputs, Debug, PartialEq)]
struct Division {
    quotient: i64,
    #[value(name = "rest")]
    remainder: i64,
}

/// Divides, and gives its outputs names.
#[task(env = ENV)]
async fn divide_by(a: i64, b: i64) -> Result<Division> {
    let (quotient, remainder) = divide(a, b).await?;
    Ok(Division { quotient, remainder })
}

/// How far a point is from the origin.
#[task(env = ENV, cache = "auto")]
async fn length(point: Point) -> f64 {
    point.x.hypot(point.y)
}

/// The squares of the first whole numbers.
#[task(env = ENV)]
async fn square(x: i64) -> i64 {
    x * x
}

/// Calls a task for many inputs.
#[task(env = ENV)]
async fn squares(n: i64) -> Result<Vec<i64>> {
    wingbeat::map(square, 0..n).concurrency(8).await
}

/// Divides; a divisor of 0 is an error that no further attempt can help.
#[task(env = ENV, retries = 2)]
async fn divide(a: i64, b: i64) -> Result<(i64, i64)> {
    if b == 0 {
        return Err(wingbeat::Error::non_recoverable("the divisor is 0").with_code("DivisionByZero"));
    }
    Ok((a / b, a % b))
}

/// Fails with an error of the standard library.
#[task(env = ENV)]
async fn parse(text: String) -> Result<i64> {
    Ok(text.parse()?)
}

/// Calls a deployed task of any language, by its name, with an input called `x`.
#[task(env = ENV)]
async fn ask(name: String, x: i64) -> Result<i64> {
    wingbeat::deployed(name).input("x", &x).call().await
}

/// Panics.
#[task(env = ENV)]
fn panics() {
    let empty: Vec<i64> = Vec::new();
    let ix = empty.len() + 3;
    println!("{}", empty[ix]);
}

fn main() {
    wingbeat::main();
}
