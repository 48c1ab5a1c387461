//! Schemas of Arrow as text, which is how a table's type carries one: what Arrow's own library prints.

use std::fmt;

/// A column of a table, or a part of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArrowField {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub ty: ArrowType,
    /// May a value be missing?
    pub nullable: bool,
}

/// What a column holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ArrowType {
    /// A type without parts, by the name that Arrow prints: `int64`, `timestamp[us]`.
    Simple(String),
    /// A list, by the name of its kind: `list`, `large_list`.
    List(&'static str, Box<ArrowField>),
    /// A list of so many elements each.
    FixedList(Box<ArrowField>, u32),
    /// Named parts.
    Struct(Vec<ArrowField>),
    /// Keys and values.
    Map(Box<ArrowType>, Box<ArrowType>),
    /// Values by their place in a dictionary: the type of the place, and of the value.
    Dictionary(Box<ArrowType>, Box<ArrowType>),
}

impl ArrowField {
    /// A field whose values may be missing, as Arrow makes them.
    pub fn nullable(name: &str, ty: ArrowType) -> Self {
        Self { name: name.to_owned(), ty, nullable: true }
    }

    fn required(name: &str, ty: ArrowType) -> Self {
        Self { nullable: false, ..Self::nullable(name, ty) }
    }
}

impl ArrowType {
    /// The fields that it is made of.
    fn children(&self) -> Vec<ArrowField> {
        match self {
            Self::Simple(_) | Self::Dictionary(..) => Vec::new(),
            Self::List(_, item) | Self::FixedList(item, _) => vec![item.as_ref().clone()],
            Self::Struct(fields) => fields.clone(),
            Self::Map(key, value) => {
                let entry = vec![
                    ArrowField::required("key", key.as_ref().clone()),
                    ArrowField::nullable("value", value.as_ref().clone()),
                ];
                vec![ArrowField::required("entries", Self::Struct(entry))]
            }
        }
    }
}

impl fmt::Display for ArrowField {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let missing = if self.nullable { "" } else { " not null" };
        write!(out, "{}: {}{missing}", self.name, self.ty)
    }
}

impl fmt::Display for ArrowType {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Simple(name) => out.write_str(name),
            Self::List(kind, item) => write!(out, "{kind}<{item}>"),
            Self::FixedList(item, count) => write!(out, "fixed_size_list<{item}>[{count}]"),
            Self::Struct(fields) => {
                let fields: Vec<String> = fields.iter().map(ToString::to_string).collect();
                write!(out, "struct<{}>", fields.join(", "))
            }
            Self::Map(key, value) => write!(out, "map<{key}, {value}>"),
            Self::Dictionary(place, value) => {
                write!(out, "dictionary<values={value}, indices={place}, ordered=0>")
            }
        }
    }
}

/// A schema as Arrow prints it: a line for each column, and indented ones for what it is made of.
pub fn schema_text(columns: &[ArrowField]) -> String {
    let mut lines = Vec::new();
    for column in columns {
        lines.push(column.to_string());
        push_children(&column.ty, 2, &mut lines);
    }
    lines.join("\n")
}

fn push_children(ty: &ArrowType, indent: usize, lines: &mut Vec<String>) {
    for (ix, child) in ty.children().iter().enumerate() {
        lines.push(format!("{:indent$}child {ix}, {child}", ""));
        push_children(&child.ty, indent + 4, lines);
    }
}

#[cfg(test)]
mod tests {
    use super::{ArrowField, ArrowType, schema_text};

    #[test]
    fn a_schema_is_told_as_arrow_prints_it() {
        let simple = |name: &str| ArrowType::Simple(name.to_owned());
        let columns = [
            ArrowField { nullable: false, ..ArrowField::nullable("a", simple("double")) },
            ArrowField::nullable(
                "l",
                ArrowType::List("list", Box::new(ArrowField::nullable("item", simple("int32")))),
            ),
            ArrowField::nullable("m", ArrowType::Map(Box::new(simple("string")), Box::new(simple("int8")))),
        ];
        let expected = "a: double not null\n\
                        l: list<item: int32>\n  child 0, item: int32\n\
                        m: map<string, int8>\n  \
                        child 0, entries: struct<key: string not null, value: int8> not null\n      \
                        child 0, key: string not null\n      \
                        child 1, value: int8";
        assert_eq!(schema_text(&columns), expected);
    }
}
