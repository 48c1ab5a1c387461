//! The example `parquet`, run here: a table that it makes, and one of somebody else.

use std::collections::BTreeMap;
use std::process::Command;

use wingbeat::arrow::array::cast::AsArray as _;
use wingbeat::arrow::array::types::Float64Type;
use wingbeat::arrow::array::{ArrayRef, Float64Array, RecordBatch, StringArray};
use wingbeat::serde_json::{Value as Json, from_slice};
use wingbeat::{Column, ColumnType, Columns, DataFrame, Table, Value as _};

use crate::processes::example;

/// `parquet run … WORDS`, and what it answers.
fn run(folder: &tempfile::TempDir, words: &[&str]) -> Result<Json, String> {
    let mut command = Command::new(example("parquet"));
    let output = command.args(["run", "--data"]).arg(folder.path()).args(words).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() { Ok(from_slice(&output.stdout).unwrap()) } else { Err(said) }
}

#[test]
fn sales_are_made_filtered_and_added_up() {
    let folder = tempfile::tempdir().unwrap();
    let mut expected = BTreeMap::from([("north", 0.0), ("east", 0.0), ("south", 0.0), ("west", 0.0)]);
    for row in 0..20_000_u32 {
        let region = ["north", "east", "south", "west"][row as usize % 4];
        if row % 100 >= 50 && row % 10 != 9 {
            *expected.get_mut(region).unwrap() += f64::from(row % 100);
        }
    }
    for _ in 0..2 {
        let totals = run(&folder, &["summary", "--rows", "20000"]).unwrap();
        for (region, total) in &expected {
            assert_eq!(totals[*region].as_f64(), Some(*total), "{totals}");
        }
    }
    // Equal tables have equal hashes: the sums were kept of the first run.
    let kept = std::fs::read_dir(folder.path().join("cache")).unwrap().count();
    assert_eq!(kept, 1);
}

#[tokio::test]
async fn a_table_of_somebody_else_is_read_from_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    // Without the cache, which knows a file by its name alone.
    let totals_of = |text: &str, more: &[&str]| {
        let sales = folder.path().join("sales.csv");
        std::fs::write(&sales, text).unwrap();
        run(&folder, &[&["--no-cache", "totals", "--sales", sales.to_str().unwrap()], more].concat())
    };
    let text = "amount,region,returned,note\n60,north,false,a\n2.5,north,false,\n70,east,true,b\n";
    let answer = totals_of(text, &["--at-least", "2"]).unwrap();
    let totals = DataFrame::at(answer["uri"].as_str().unwrap(), answer["format"].as_str().unwrap());
    let read = totals.read().await.unwrap();
    assert_eq!(read[0].column(0).as_string::<i32>().value(0), "north");
    assert_eq!(read[0].column(1).as_primitive::<Float64Type>().values(), &[62.5]);
    let made = DataFrame::create(read).await.unwrap();
    assert_eq!(made.columns[1].kind, ColumnType::Float);

    let whole = totals_of("amount,region,returned\n60,north,false\n", &[]).unwrap();
    assert!(whole["uri"].is_string(), "whole numbers are numbers: {whole}");
    let said = totals_of("amount,region\n60,north\n", &[]).unwrap_err();
    assert!(said.contains("has no column `returned`; it has amount, region"), "{said}");
    let said = run(&folder, &["totals", "--sales", "nowhere.parquet"]).unwrap_err();
    assert!(said.contains("FileNotFound") && said.contains("nowhere.parquet"), "{said}");
}

#[derive(Columns)]
struct Sales {
    amount: Option<f64>,
    #[value(name = "Region")]
    region: String,
}

#[tokio::test]
async fn of_a_table_with_named_columns_these_are_read() {
    let column = |name: &str, kind| Column { name: name.to_owned(), kind };
    let named = [column("amount", ColumnType::Float), column("Region", ColumnType::Text)];
    assert_eq!(Sales::columns(), named);

    let texts = |text: &str| std::sync::Arc::new(StringArray::from(vec![text])) as ArrayRef;
    let amounts = std::sync::Arc::new(Float64Array::from(vec![1.5])) as ArrayRef;
    let all = [("Region", texts("north")), ("note", texts("x")), ("amount", amounts)];
    let made = DataFrame::create([RecordBatch::try_from_iter(all).unwrap()]).await.unwrap();
    assert_eq!(made.columns.len(), 3);
    let table = Table::<Sales>::from_literal(&made.to_literal().unwrap()).unwrap();
    let read = table.read().await.unwrap();
    let schema = read[0].schema();
    let read_columns: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    assert_eq!(read_columns, ["amount", "Region"]);

    let other = DataFrame::create([read[0].project(&[0]).unwrap()]).await.unwrap();
    let said = Table::<Sales>::from(other).read().await.unwrap_err();
    assert_eq!(said.code(), "ColumnNotFound");
    assert!(said.message().contains("has no column `Region`; it has amount"), "{said}");
}
