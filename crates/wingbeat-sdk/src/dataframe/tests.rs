use std::sync::Arc;

use arrow_array::cast::AsArray as _;
use arrow_array::types::{Float64Type, Int64Type};
use arrow_array::{
    Array as _, ArrayRef, Date32Array, Decimal128Array, Float64Array, Int64Array, LargeStringArray,
    ListArray, RecordBatch, StringArray, StructArray, TimestampMicrosecondArray,
};
use arrow_schema::{DataType, Field, Schema};

use super::{FORMAT, NO_COLUMN, UNREADABLE};
use crate::data::NOT_FOUND;
use crate::value::{Column, ColumnType, DataFrame};

fn batch() -> RecordBatch {
    let town: ArrayRef = Arc::new(StringArray::from(vec![Some("Ulm"), None, Some("Bern, BE")]));
    let n: ArrayRef = Arc::new(Int64Array::from(vec![3, 1, 2]));
    let x: ArrayRef = Arc::new(Float64Array::from(vec![Some(0.5), Some(-2.0), None]));
    RecordBatch::try_from_iter_with_nullable([("town", town, true), ("n", n, false), ("x", x, true)]).unwrap()
}

fn names(batch: &RecordBatch) -> Vec<String> {
    batch.schema().fields().iter().map(|field| field.name().clone()).collect()
}

/// What a table of one file gives.
async fn only(frame: &DataFrame) -> RecordBatch {
    let mut batches = frame.read().await.unwrap();
    assert_eq!(batches.len(), 1);
    batches.remove(0)
}

#[tokio::test]
async fn parquet_is_read_as_it_was_written() {
    for create in [DataFrame::create([batch()]), DataFrame::create([batch()]).zstd()] {
        let frame = create.await.unwrap();
        assert_eq!(only(&frame).await, batch());
        assert_eq!((frame.format.as_str(), frame.hash.as_deref()), ("parquet", None));
        let kinds = [("town", ColumnType::Text), ("n", ColumnType::Integer), ("x", ColumnType::Float)];
        let columns = kinds.map(|(name, kind)| Column { name: name.to_owned(), kind });
        assert_eq!(frame.columns, columns);
        assert_eq!(frame.files().await.unwrap()[0].name(), "00000");
    }
}

#[tokio::test]
async fn csv_is_read_with_types_that_are_guessed() {
    let frame = DataFrame::create([batch()]).csv().await.unwrap();
    assert_eq!((frame.format.as_str(), frame.files().await.unwrap()[0].name()), ("csv", "data.csv"));
    let read = only(&frame).await;
    assert_eq!(read.column(1).as_primitive::<Int64Type>().values(), &[3, 1, 2]);
    assert_eq!(read.column(0).as_string::<i32>().value(2), "Bern, BE");
    assert!(read.column(2).is_null(2));
    // From a command line: a file, and nothing that says what it is.
    let file = frame.files().await.unwrap().remove(0).path;
    let columns = DataFrame::at(file, "").read().columns(["x", "n"]).await.unwrap();
    assert_eq!(names(&columns[0]), ["x", "n"]);
}

#[tokio::test]
async fn csv_keeps_values_as_text_that_others_read() {
    let day: ArrayRef = Arc::new(Date32Array::from(vec![Some(19_723), None]));
    let time: ArrayRef = Arc::new(TimestampMicrosecondArray::from(vec![1_500_000, 0]).with_timezone("UTC"));
    let price: ArrayRef =
        Arc::new(Decimal128Array::from(vec![1_050, -1]).with_precision_and_scale(10, 2).unwrap());
    let whole: ArrayRef = Arc::new(Float64Array::from(vec![1.0, f64::INFINITY]));
    let columns = [("day", day), ("time", time), ("price", price), ("whole", whole)];
    let frame = DataFrame::create([RecordBatch::try_from_iter(columns).unwrap()]).csv().await.unwrap();
    let text = frame.files().await.unwrap()[0].read_text().await.unwrap();
    let lines = [
        "day,time,price,whole",
        "2024-01-01,1970-01-01 00:00:01.500+00:00,10.50,1.0",
        ",1970-01-01 00:00:00+00:00,-0.01,inf",
    ];
    assert_eq!(text.lines().collect::<Vec<_>>(), lines);
    assert_eq!(only(&frame).await.column(3).data_type(), &DataType::Float64);

    let list = ListArray::from_iter_primitive::<Int64Type, _, _>([Some([Some(1)])]);
    let batch = RecordBatch::try_from_iter([("many", Arc::new(list) as ArrayRef)]).unwrap();
    let error = DataFrame::create([batch]).csv().await.unwrap_err();
    assert_eq!(error.code(), FORMAT);
    assert!(error.message().contains("`many`") && error.message().contains("Parquet"), "{error}");
}

#[tokio::test]
async fn a_long_csv_comes_in_several_batches() {
    let many: ArrayRef = Arc::new(Int64Array::from_iter_values(0..10_000));
    let frame = DataFrame::create([RecordBatch::try_from_iter([("n", many)]).unwrap()]).csv().await.unwrap();
    let read = frame.read().await.unwrap();
    assert_eq!(read.iter().map(RecordBatch::num_rows).collect::<Vec<_>>(), [8_192, 1_808]);
    assert_eq!(read[1].column(0).as_primitive::<Int64Type>().value(0), 8_192);
}

#[tokio::test]
async fn columns_come_in_the_order_in_which_they_were_asked_for() {
    let frame = DataFrame::create([batch(), batch()]).await.unwrap();
    let read = frame.read().columns(["x", "town", "x"]).await.unwrap();
    assert_eq!(names(&read[0]), ["x", "town"]);
    let values: Vec<_> = read[0].column(0).as_primitive::<Float64Type>().iter().collect();
    assert_eq!(values[..3], [Some(0.5), Some(-2.0), None]);
    // A reference that names columns means these.
    let narrow = DataFrame { columns: frame.columns[1..2].to_vec(), ..frame };
    assert_eq!(names(&only(&narrow).await), ["n"]);
}

#[tokio::test]
async fn a_field_of_a_struct_is_named_with_a_dot() {
    let inner: Vec<(Arc<Field>, ArrayRef)> = vec![
        (Arc::new(Field::new("b", DataType::Int64, false)), Arc::new(Int64Array::from(vec![1, 2]))),
        (Arc::new(Field::new("c", DataType::Utf8, false)), Arc::new(StringArray::from(vec!["p", "q"]))),
    ];
    let outer: ArrayRef = Arc::new(StructArray::from(inner));
    let frame = DataFrame::create([RecordBatch::try_from_iter([("a", outer)]).unwrap()]).await.unwrap();
    assert_eq!(frame.columns[0].kind, ColumnType::Struct);
    let read = frame.read().columns(["a.c"]).await.unwrap().remove(0);
    let fields = read.column(0).as_struct();
    assert_eq!((names(&read), fields.column_names()), (vec!["a".to_owned()], vec!["c"]));
    assert_eq!(frame.read().columns(["a.d"]).await.unwrap_err().code(), NO_COLUMN);
}

#[tokio::test]
async fn text_of_every_width_is_read_as_one_type() {
    let wide: ArrayRef = Arc::new(LargeStringArray::from(vec!["a", "b"]));
    let frame = DataFrame::create([RecordBatch::try_from_iter([("t", wide)]).unwrap()]).await.unwrap();
    assert_eq!(only(&frame).await.column(0).as_string::<i32>().value(1), "b");
}

#[tokio::test]
async fn a_table_without_rows_keeps_its_columns() {
    let empty = RecordBatch::new_empty(batch().schema());
    for create in [DataFrame::create([empty.clone()]), DataFrame::create([empty.clone()]).csv()] {
        let read = only(&create.await.unwrap()).await;
        assert_eq!((read.num_rows(), names(&read)), (0, names(&empty)));
    }
    assert_eq!(DataFrame::create([]).await.unwrap_err().code(), "NoBatches");
}

#[tokio::test]
async fn batches_of_different_schemas_are_no_table() {
    let other: ArrayRef = Arc::new(Int64Array::from(vec![1]));
    let other = RecordBatch::try_from_iter([("other", other)]).unwrap();
    for create in [DataFrame::create([batch(), other.clone()]), DataFrame::create([batch(), other]).csv()] {
        let error = create.await.unwrap_err();
        assert!(error.message().contains("town") && error.message().contains("other"), "{error}");
    }
}

#[tokio::test]
async fn equal_tables_have_equal_hashes() {
    let first = DataFrame::create([batch()]).hashed().await.unwrap();
    let second = DataFrame::create([batch()]).hashed().await.unwrap();
    let other = DataFrame::create([batch().slice(0, 2)]).hashed().await.unwrap();
    assert!(first.hash.is_some() && first.uri != second.uri);
    assert_eq!(first.hash, second.hash);
    assert_ne!(first.hash, other.hash);
}

#[tokio::test]
async fn what_cannot_be_read_is_told_with_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let failure = |frame: DataFrame| async move { frame.read().await.unwrap_err() };

    let error = failure(DataFrame::at(path("gone"), "parquet")).await;
    assert_eq!(error.code(), NOT_FOUND);
    assert!(error.message().contains("gone"), "{error}");

    std::fs::write(path("text"), "neither here nor there").unwrap();
    let error = failure(DataFrame::at(path("text"), "parquet")).await;
    assert_eq!((error.code(), error.is_recoverable()), (UNREADABLE, false));

    std::fs::write(path("broken.csv"), "a,b\n1,2\n3\n").unwrap();
    assert_eq!(failure(DataFrame::at(path("broken.csv"), "")).await.code(), UNREADABLE);

    let error = failure(DataFrame::at(path("text"), "lance")).await;
    assert_eq!(error.code(), FORMAT);
    assert!(error.message().contains("lance") && error.message().contains("parquet"), "{error}");

    std::fs::create_dir_all(path("empty/within")).unwrap();
    std::fs::write(path("empty/_SUCCESS"), "").unwrap();
    assert_eq!(failure(DataFrame::at(path("empty"), "parquet")).await.code(), UNREADABLE);

    for create in [DataFrame::create([batch()]), DataFrame::create([batch()]).csv()] {
        let error = create.await.unwrap().read().columns(["n", "price"]).await.unwrap_err();
        assert_eq!((error.code(), error.is_recoverable()), (NO_COLUMN, false));
        assert!(error.message().ends_with("has no column `price`; it has town, n, x"), "{error}");
    }
}

#[tokio::test]
async fn a_damaged_parquet_file_is_refused() {
    let frame = DataFrame::create([batch()]).await.unwrap();
    let file = frame.files().await.unwrap().remove(0).path;
    let bytes = std::fs::read(&file).unwrap();
    for end in [0, 3, 8, bytes.len() / 2, bytes.len() - 1] {
        std::fs::write(&file, &bytes[..end]).unwrap();
        assert_eq!(frame.read().await.unwrap_err().code(), UNREADABLE, "{end} bytes");
    }
    // Any changed byte gives an error or other rows, and never a panic.
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 0xff;
        std::fs::write(&file, &changed).unwrap();
        if let Err(error) = frame.read().await {
            assert_ne!(error.code(), "Stopped", "byte {at}: {error}");
        }
    }
}

#[test]
fn a_schema_of_every_kind_has_words_for_its_columns() {
    let list = Arc::new(Field::new("item", DataType::Float32, true));
    let schema = Schema::new(vec![
        Field::new("when", DataType::Date32, true),
        Field::new("raw", DataType::Binary, true),
        Field::new("many", DataType::List(list), true),
        Field::new("word", DataType::Dictionary(DataType::Int32.into(), DataType::Utf8.into()), true),
        Field::new("nothing", DataType::Null, true),
    ]);
    let kinds: Vec<ColumnType> =
        super::columns::of_schema(&schema).into_iter().map(|column| column.kind).collect();
    let many = ColumnType::List(Box::new(ColumnType::Float));
    assert_eq!(kinds, [ColumnType::Datetime, ColumnType::Binary, many, ColumnType::Text, ColumnType::Other]);
}
