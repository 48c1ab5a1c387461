//! Rows in, rows out: makes a Parquet table of sales, and adds up what is large enough in it, region by region.
//!
//! `cargo run --example parquet --features dataframe -- run summary --rows 100000`, or `run --no-cache totals --sales
//! sales.csv` with a table of your own that has the columns `region`, `amount` and `returned`: a file has no hash, so only
//! its name tells the cache whether it is the same.

use std::collections::BTreeMap;
use std::sync::Arc;

use wingbeat::arrow::array::builder::{BooleanBuilder, Float64Builder, StringBuilder};
use wingbeat::arrow::array::cast::AsArray as _;
use wingbeat::arrow::array::types::{Float64Type, Int64Type};
use wingbeat::arrow::array::{Array as _, ArrayRef, BooleanArray, Float64Array, RecordBatch, StringArray};
use wingbeat::arrow::select::filter::filter_record_batch;
use wingbeat::{DataFrame, Environment, Result, task};

static ENV: Environment = Environment::new("parquet").description("Tables by Arrow and Parquet");
const REGIONS: [&str; 4] = ["north", "east", "south", "west"];

/// So many sales; the same ones every time.
#[task(env = ENV)]
async fn generate(rows: u32) -> Result<DataFrame> {
    let (mut regions, mut amounts) = (StringBuilder::new(), Float64Builder::new());
    let mut returned = BooleanBuilder::new();
    for row in 0..rows {
        regions.append_value(REGIONS[row as usize % REGIONS.len()]);
        amounts.append_value(f64::from(row % 100));
        returned.append_value(row % 10 == 9);
    }
    let columns: [(&str, ArrayRef); 3] = [
        ("region", Arc::new(regions.finish())),
        ("amount", Arc::new(amounts.finish())),
        ("returned", Arc::new(returned.finish())),
    ];
    DataFrame::create([RecordBatch::try_from_iter(columns)?]).zstd().hashed().await
}

/// A column of numbers. CSV says nothing of types: amounts without a fraction are read as whole numbers.
#[expect(clippy::cast_precision_loss, reason = "nobody sells for more than 2^53")]
fn numbers(column: &ArrayRef) -> Result<Float64Array> {
    if let Some(whole) = column.as_primitive_opt::<Int64Type>() {
        return Ok(whole.unary(|amount| amount as f64));
    }
    let numbers = column.as_primitive_opt::<Float64Type>().cloned();
    numbers.ok_or_else(|| wingbeat::Error::non_recoverable(format!("{} is no amount", column.data_type())))
}

/// What each region sold in sales of at least so much that were not given back.
#[task(env = ENV, cache = "auto")]
async fn totals(sales: DataFrame, #[default(50.0)] at_least: f64) -> Result<DataFrame> {
    let mut totals: BTreeMap<String, f64> = BTreeMap::new();
    // Columns that are not named here are not read.
    for batch in sales.read().columns(["region", "amount", "returned"]).await? {
        let (amounts, returned) = (numbers(batch.column(1))?, batch.column(2).as_boolean());
        let kept = |row| amounts.is_valid(row) && amounts.value(row) >= at_least && !returned.value(row);
        let kept: BooleanArray = (0..batch.num_rows()).map(|row| Some(kept(row))).collect();
        let large = filter_record_batch(&batch, &kept)?;
        for (region, amount) in large.column(0).as_string::<i32>().iter().zip(&numbers(large.column(1))?) {
            *totals.entry(region.unwrap_or("nowhere").to_owned()).or_default() += amount.unwrap_or_default();
        }
    }
    let columns: [(&str, ArrayRef); 2] = [
        ("region", Arc::new(totals.keys().map(Some).collect::<StringArray>())),
        ("total", Arc::new(totals.values().copied().collect::<Float64Array>())),
    ];
    DataFrame::create([RecordBatch::try_from_iter(columns)?]).await
}

/// The whole way: makes sales, adds them up, and tells the totals.
#[task(env = ENV)]
async fn summary(rows: u32) -> Result<BTreeMap<String, f64>> {
    let mut told = BTreeMap::new();
    for batch in totals(generate(rows).await?, 50.0).await?.read().await? {
        let sums = batch.column(1).as_primitive::<Float64Type>();
        for (region, total) in batch.column(0).as_string::<i32>().iter().zip(sums.values()) {
            told.insert(region.unwrap_or_default().to_owned(), *total);
        }
    }
    Ok(told)
}

fn main() {
    wingbeat::main();
}
