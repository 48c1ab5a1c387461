//! A task's interface in words, its inputs out of words, and its outputs as text.

use serde_json::{Map, Value as Json, json};
use wingbeat_sdk::failure::{Error, Result};
use wingbeat_sdk::spec::{self, Serialization};
use wingbeat_sdk::task::{Param, TaskDef};
use wingbeat_sdk::wire::{
    LiteralType, NamedLiteral, SimpleType, TaskSpec, form_of, form_with_values, is_simple, literal_of_text,
    literal_type,
};

/// Code of inputs that cannot be read.
const BAD_INPUT: &str = "BadInput";

/// `--x 3 --flag --name=value` as inputs of the task.
pub(crate) fn literals(task: &TaskDef, words: &[String]) -> Result<Vec<NamedLiteral>> {
    let mut given: Vec<(&Param, String)> = Vec::new();
    let mut words = words.iter().peekable();
    while let Some(word) = words.next() {
        let unknown = || refuse(task, &format!("`{word}` is not one of its inputs"));
        let flag = word.strip_prefix("--").ok_or_else(unknown)?;
        let (name, value) = match flag.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (flag, None),
        };
        let param =
            task.params.iter().find(|param| param.name == name || param.name == name.replace('-', "_"));
        let param = param.ok_or_else(unknown)?;
        let is_bool = is_simple(&(param.literal_type)(), SimpleType::BOOLEAN);
        let value = match value {
            Some(value) => value,
            // `--flag` alone means yes.
            None if is_bool && words.peek().is_none_or(|next| next.starts_with("--")) => "true".to_owned(),
            None => words
                .next()
                .cloned()
                .ok_or_else(|| refuse(task, &format!("`{word}` has no value behind it")))?,
        };
        if given.iter().any(|(one, _)| one.name == param.name) {
            return Err(refuse(task, &format!("`{word}` stands there twice")));
        }
        given.push((param, value));
    }
    let mut literals = Vec::new();
    for param in task.params {
        match given.iter().find(|(one, _)| one.name == param.name) {
            Some((_, text)) => literals.push(literal(param, text)?),
            None if param.is_required() => {
                return Err(refuse(task, &format!("`--{}` is missing", param.name)));
            }
            None => {}
        }
    }
    Ok(literals)
}

fn refuse(task: &TaskDef, what: &str) -> Error {
    Error::user(BAD_INPUT, format!("{what}; {}", text(task))).not_recoverable()
}

fn literal(param: &Param, text: &str) -> Result<NamedLiteral> {
    let literal = literal_of_text(param.name, (param.literal_type)(), text);
    literal.map_err(|why| Error::user(BAD_INPUT, why).not_recoverable())
}

/// Outputs for people and for other programs: JSON, or nothing where there are none.
pub(crate) fn outputs_text(task: &TaskDef, literals: &[NamedLiteral]) -> Result<Option<String>> {
    let spec = spec(task)?;
    let form = form_with_values(&spec.task_template.interface.outputs, literals)
        .map_err(|error| Error::user("NoJson", error))?;
    let value = |name: &str| form["properties"][name]["default"].clone();
    let values: Map<String, Json> = literals.iter().map(|one| (one.name.clone(), value(&one.name))).collect();
    let json = match literals {
        [] => return Ok(None),
        [only] => value(&only.name),
        _ => Json::Object(values),
    };
    Ok(Some(serde_json::to_string_pretty(&json)?))
}

fn spec(task: &TaskDef) -> Result<TaskSpec> {
    spec::task_spec(task, &Serialization::default())
}

/// The task in a line: `demo.square(x: int, y: int = 1)`.
pub(crate) fn text(task: &TaskDef) -> String {
    let params = task.params.iter().map(|param| {
        let words = words_of(&(param.literal_type)());
        let optional = if param.is_required() { "" } else { " = …" };
        format!("{}: {words}{optional}", param.name)
    });
    let outputs: Vec<String> = (task.outputs)().iter().enumerate().map(output_words).collect();
    let arrow = match outputs.as_slice() {
        [] => String::new(),
        [one] => format!(" -> {one}"),
        several => format!(" -> ({})", several.join(", ")),
    };
    format!("{}({}){arrow}", task.full_name(), params.collect::<Vec<_>>().join(", "))
}

/// An output's name is told where it is more than its place.
fn output_words((ix, (name, wire)): (usize, &(String, LiteralType))) -> String {
    let words = words_of(wire);
    if *name == format!("o{ix}") { words } else { format!("{name}: {words}") }
}

fn words_of(wire: &LiteralType) -> String {
    use literal_type::Type;
    let simple = match &wire.r#type {
        Some(Type::Simple(simple)) => simple.as_known(),
        Some(Type::CollectionType(item)) => return format!("list[{}]", words_of(item)),
        Some(Type::MapValueType(item)) => return format!("dict[str, {}]", words_of(item)),
        Some(Type::UnionType(union)) => {
            let variants: Vec<String> = union.variants.iter().map(words_of).collect();
            return variants.join(" | ");
        }
        Some(Type::EnumType(members)) => return members.values.join(" | "),
        Some(Type::Blob(_)) => return "file or directory".to_owned(),
        Some(Type::StructuredDatasetType(_) | Type::Schema(_)) => return "dataframe".to_owned(),
        None => None,
    };
    let title = wire.metadata.as_option().and_then(|schema| schema.fields.get("title"));
    let name = match simple {
        Some(SimpleType::NONE) => "None",
        Some(SimpleType::INTEGER) => "int",
        Some(SimpleType::FLOAT) => "float",
        Some(SimpleType::STRING) => "str",
        Some(SimpleType::BOOLEAN) => "bool",
        Some(SimpleType::DATETIME) => "datetime",
        Some(SimpleType::DURATION) => "timedelta",
        Some(SimpleType::BINARY) => "bytes",
        Some(SimpleType::ERROR) => "error",
        Some(SimpleType::STRUCT) => title.and_then(|title| title.as_str()).unwrap_or("dict"),
        None => "anything",
    };
    name.to_owned()
}

/// The task for other programs: name, documentation, and a JSON schema of its inputs.
pub(crate) fn json(task: &TaskDef) -> Json {
    let form = spec(task).ok().and_then(|spec| form_of(&spec).ok()).unwrap_or(Json::Null);
    json!({"name": task.full_name(), "docs": task.docs, "module": task.module, "inputs": form})
}
