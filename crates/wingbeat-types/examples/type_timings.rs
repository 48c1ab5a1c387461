//! How long values take to become literals, to come back, and to be hashed: one line of JSON per case, in nanoseconds.
//! `bench/type_engine.py` runs the same with the stock client beside it.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use wingbeat_proto::flyteidl2::core::Literal;
use wingbeat_proto::flyteidl2::task::{Inputs, NamedLiteral};
use wingbeat_types::ty::{Field, StructType};
use wingbeat_types::value::Record;
use wingbeat_types::{Type, Value, from_literal, inputs_hash, to_literal};

/// How often each case runs; the median counts.
const ROUNDS: usize = 7;

fn main() {
    for (name, ty, value) in cases() {
        let literal = to_literal(&value, &ty).expect("the value is of its type");
        let written = median(|| drop(black_box(to_literal(black_box(&value), &ty))));
        let read = median(|| drop(black_box(from_literal(black_box(&literal), &ty))));
        println!("{{\"case\": \"{name}\", \"to_literal_ns\": {written}, \"from_literal_ns\": {read}}}");
    }
    let text = to_literal(&Value::Str("x".repeat(10_000_000)), &Type::Str).expect("text");
    println!("{{\"case\": \"hash of 10 MB of text\", \"hash_ns\": {}}}", hash_time(text));
    let numbers = Value::List((0..1_000_000).map(Value::Int).collect());
    let numbers = to_literal(&numbers, &Type::list(Type::Int)).expect("numbers");
    println!("{{\"case\": \"hash of 1e6 ints, 10 MB\", \"hash_ns\": {}}}", hash_time(numbers));
}

fn hash_time(value: Literal) -> u128 {
    let named = NamedLiteral { name: "x".to_owned(), value: value.into(), ..Default::default() };
    let inputs = Inputs { literals: vec![named], ..Default::default() };
    median(|| drop(black_box(inputs_hash(black_box(&inputs), &[]))))
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

fn cases() -> Vec<(&'static str, Type, Value)> {
    let numbers = (0..100_000).map(Value::Int).collect();
    let floats =
        (0..10_000_i32).map(|ix| (Value::Str(format!("key{ix}")), Value::Float(f64::from(ix)))).collect();
    let row = row_type();
    let rows = (0..10_000).map(|ix| row_of(&row, ix)).collect();
    let leaf = Arc::new(StructType::dataclass("Leaf", vec![Field::required("x", Type::Int)]));
    let leaves = (0..1_000).map(|ix| record(&leaf, vec![Value::Int(ix)])).collect();
    let nested = Arc::new(StructType::dataclass(
        "Nested",
        vec![Field::required("leaves", Type::list(Type::Struct(leaf)))],
    ));
    vec![
        ("int", Type::Int, Value::Int(7)),
        ("list[int] 1e5", Type::list(Type::Int), Value::List(numbers)),
        ("dict[str, float] 1e4", Type::map(Type::Float), Value::Map(floats)),
        ("struct with 10 fields x 1e4", Type::list(Type::Struct(row)), Value::List(rows)),
        ("nested, 1000 leaves", Type::Struct(nested.clone()), record(&nested, vec![Value::List(leaves)])),
    ]
}

fn record(ty: &Arc<StructType>, values: Vec<Value>) -> Value {
    Value::Struct(Box::new(Record { ty: ty.clone(), values, unknown: Vec::new() }))
}

/// Five numbers, three texts, a flag and a float.
fn row_type() -> Arc<StructType> {
    let types = [Type::Int, Type::Int, Type::Int, Type::Int, Type::Int, Type::Str, Type::Str, Type::Str];
    let each = types.into_iter().chain([Type::Bool, Type::Float]).enumerate();
    let fields = each.map(|(ix, ty)| Field::required(&format!("f{ix}"), ty)).collect();
    Arc::new(StructType::dataclass("Row", fields))
}

fn row_of(ty: &Arc<StructType>, ix: i128) -> Value {
    let mut values: Vec<Value> = (0..5).map(|add| Value::Int(ix + add)).collect();
    values.extend((0..3).map(|part| Value::Str(format!("text {ix} {part}"))));
    values.extend([Value::Bool(ix % 2 == 0), Value::Float(0.5)]);
    record(ty, values)
}
