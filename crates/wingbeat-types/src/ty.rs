//! Types as pure data: what a task's inputs and outputs, and the fields inside them, may be. Says nothing of how they
//! are written; that is decided by `literal_type`, `schema`, `to_literal` and `pack`.

use std::sync::Arc;

use crate::arrow::ArrowField;
use crate::constraints::Constraints;
use crate::value::Value;

/// What a value may be.
#[derive(Debug, Clone, PartialEq)]
pub enum Type {
    /// Nothing but None.
    None,
    /// True or False.
    Bool,
    /// A whole number; alone on the wire it has 64 bits.
    Int,
    /// A double.
    Float,
    /// Text.
    Str,
    /// A moment; one without an offset is taken as UTC.
    Datetime,
    /// A day; on the wire it is its midnight in UTC.
    Date,
    /// A span of time in microseconds.
    Duration,
    /// One of some names.
    Enum(Arc<EnumType>),
    /// A list of one type.
    List(Box<Type>, Spelling),
    /// A dictionary with text as keys.
    Map(Box<Type>, Spelling),
    /// A dictionary with other keys, or of anything: one msgpack value.
    Dict(Option<Box<(Type, Type)>>, Spelling),
    /// One of several types.
    Union(Vec<Type>, Spelling),
    /// Named fields.
    Struct(Arc<StructType>),
    /// One object in the store.
    File,
    /// All objects under a prefix of the store.
    Dir,
    /// A table in the store.
    Dataset(Box<DatasetType>),
    /// A message of protobuf, by its class in Python: `google.protobuf.struct_pb2.Struct`.
    Message(Arc<str>),
    /// A type whose values have to obey rules; they are told, not enforced.
    Constrained(Box<Type>, Box<Constraints>),
    /// Whatever only the Python process that wrote it can read: the name of its class.
    Pickle(String),
    /// Anything that msgpack can hold. Alone it is pickled, as are all that follow.
    Any,
    /// Bytes.
    Bytes(Mutability),
    /// A time of day.
    Time,
    /// A kind of text with rules of its own.
    Text(TextKind),
    /// Distinct values of one type.
    Set(Box<Type>, Mutability),
    /// A fixed number of values.
    Tuple(Vec<Type>, Spelling),
    /// Any number of values of one type.
    Sequence(Box<Type>, SequenceKind),
    /// One of some constants.
    Choice(Vec<Value>),
    /// A struct that the type stands in, by name.
    Recursive(Arc<str>),
}

/// How a type was written; messages repeat it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Spelling {
    /// `list[int]`, `int | None`.
    #[default]
    Builtin,
    /// `List[int]`, `Optional[int]`.
    Typing,
}

/// May it be changed in place?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutability {
    /// `bytes`, `frozenset`.
    Fixed,
    /// `bytearray`, `set`.
    Mutable,
}

/// What holds any number of values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SequenceKind {
    /// `tuple[T, ...]`.
    Tuple,
    /// `list` without the type of its elements.
    List,
}

/// Text with rules of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TextKind {
    /// A decimal number of any length.
    Decimal,
    /// A UUID.
    Uuid,
    /// A path of a file system.
    Path,
    /// An IPv4 address.
    Ipv4,
    /// A fraction, `1/3`.
    Fraction,
    /// An offset of a zone, `UTC+02:00`.
    Timezone,
}

/// An enumeration.
#[derive(Debug, Clone, PartialEq)]
pub struct EnumType {
    /// Name of the class, without its module.
    pub name: String,
    /// Where the class was defined.
    pub module: String,
    /// What its values are.
    pub kind: EnumKind,
    /// Names and values in the order of the source, aliases left out.
    pub members: Vec<(String, Value)>,
}

/// What an enumeration's values are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EnumKind {
    /// No base class but `Enum`.
    Plain,
    /// Members are text, too.
    Str,
    /// Members are whole numbers, too.
    Int,
    /// Members are bits: no value that crosses a task's boundary.
    Flag,
    /// Made of `Literal["a", "b"]`: the wire holds values, not names.
    Literal,
}

impl EnumType {
    /// The name and value of a member.
    pub fn member(&self, name: &str) -> Option<&(String, Value)> {
        self.members.iter().find(|(known, _)| known == name)
    }

    /// The name and value of the member that has this value.
    pub fn member_of_value(&self, value: &Value) -> Option<&(String, Value)> {
        self.members.iter().find(|(_, known)| known.same_as(value))
    }
}

/// Which library's rules a struct follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// A dataclass, or a Rust struct.
    Dataclass,
    /// A pydantic model.
    Model,
    /// A tuple of a fixed length: a model whose fields are `item_0`, `item_1`...
    Tuple,
    /// A named tuple.
    NamedTuple,
    /// A dictionary with known keys.
    TypedDict,
}

/// What becomes of fields that no one declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, std::default::Default)]
pub enum Unknown {
    /// They are left out.
    #[default]
    Dropped,
    /// They are kept.
    Kept,
    /// They are a mistake.
    Refused,
}

/// A type with named fields.
#[derive(Debug, Clone, PartialEq)]
pub struct StructType {
    /// Name of the class, without its module.
    pub name: String,
    /// Where the class was defined.
    pub module: String,
    /// Which rules it follows.
    pub dialect: Dialect,
    /// Fields in the order of the source.
    pub fields: Vec<Field>,
    /// What the class says of itself; told of models only.
    pub description: Option<String>,
    /// What becomes of fields that no one declared; of models only.
    pub unknown: Unknown,
    /// Names of the classes that it extends.
    pub ancestors: Vec<String>,
    /// What the parameters of a generic dataclass stand for; empty for a class that is named as it is.
    pub arguments: Vec<Type>,
}

impl StructType {
    /// A dataclass, or what a Rust struct derives.
    pub fn dataclass(name: &str, fields: Vec<Field>) -> Self {
        Self {
            name: name.to_owned(),
            module: String::new(),
            dialect: Dialect::Dataclass,
            fields,
            description: None,
            unknown: Unknown::Dropped,
            ancestors: Vec::new(),
            arguments: Vec::new(),
        }
    }

    /// Where a field stands.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|field| field.name == name)
    }

    /// Is it this class, or one that extends it?
    pub fn extends(&self, other: &Self) -> bool {
        self.name == other.name || self.ancestors.contains(&other.name)
    }

    /// The title of its schema, which is what other programs know it by.
    pub fn title(&self) -> String {
        match self.dialect {
            Dialect::Dataclass | Dialect::Model => self.name.clone(),
            Dialect::Tuple => format!("TupleWrapper_{}", self.name),
            Dialect::NamedTuple => format!("NamedTupleWrapper_{}", self.name),
            Dialect::TypedDict => format!("TypedDictWrapper_{}", self.name),
        }
    }
}

/// A field of a struct.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Its name, which is also its key in msgpack.
    pub name: String,
    /// What it holds.
    pub ty: Type,
    /// What it is when it is not given.
    pub default: Default,
    /// What the source says of it, and rules for its values.
    pub constraints: Constraints,
    /// Its name in the schema, if that is another one.
    pub alias: Option<String>,
    /// Is it a parameter of the constructor? Others have no place in the schema.
    pub init: bool,
    /// Is it written? Models may keep fields to themselves.
    pub written: bool,
}

impl Field {
    /// A field that has to be given.
    pub fn required(name: &str, ty: Type) -> Self {
        Self::with_default(name, ty, Default::Required)
    }

    /// A field that may be left out.
    pub fn with_default(name: &str, ty: Type, default: Default) -> Self {
        Self {
            name: name.to_owned(),
            ty,
            default,
            constraints: Constraints::default(),
            alias: None,
            init: true,
            written: true,
        }
    }
}

/// What a field is when it is not given.
#[derive(Debug, Clone, PartialEq)]
pub enum Default {
    /// It has to be given.
    Required,
    /// A value that the schema shows.
    Shown(Value),
    /// A value that is made anew each time; the schema shows only that the field may be left out.
    Made(Value),
}

impl Default {
    /// The value, if there is one.
    pub fn value(&self) -> Option<&Value> {
        match self {
            Self::Required => None,
            Self::Shown(value) | Self::Made(value) => Some(value),
        }
    }
}

/// What is known of a table.
#[derive(Debug, Clone, PartialEq, std::default::Default)]
pub struct DatasetType {
    /// Names and types of columns.
    pub columns: Vec<(String, Type)>,
    /// The format that its type asks for; empty for any.
    pub format: String,
    /// The class that reads it, if it is not the neutral one.
    pub class: Option<String>,
    /// Its schema in Arrow's terms, if its type tells one.
    pub arrow: Option<Vec<ArrowField>>,
}

impl Type {
    /// A list, as Rust writes it.
    pub fn list(item: Self) -> Self {
        Self::List(Box::new(item), Spelling::Builtin)
    }

    /// A dictionary with text as keys.
    pub fn map(item: Self) -> Self {
        Self::Map(Box::new(item), Spelling::Builtin)
    }

    /// This or None.
    pub fn optional(item: Self) -> Self {
        Self::Union(vec![item, Self::None], Spelling::Typing)
    }

    /// One of several types: those in a union are its own, what stands there twice is one, and one alone is no union.
    pub fn union(variants: Vec<Self>) -> Self {
        let mut kept: Vec<Self> = Vec::new();
        for variant in variants {
            let inner = if let Self::Union(inner, _) = variant { inner } else { vec![variant] };
            for one in inner {
                if !kept.contains(&one) {
                    kept.push(one);
                }
            }
        }
        if kept.len() == 1 { kept.remove(0) } else { Self::Union(kept, Spelling::Typing) }
    }

    /// A struct.
    pub fn of(ty: StructType) -> Self {
        Self::Struct(Arc::new(ty))
    }

    /// Without the rules for its values.
    pub fn bare(&self) -> &Self {
        if let Self::Constrained(inner, _) = self { inner.bare() } else { self }
    }

    /// Does the type allow None?
    pub fn is_optional(&self) -> bool {
        matches!(self.bare(), Self::Union(variants, _) if variants.contains(&Self::None))
    }

    /// The name that tags this type in a union: it is part of the wire contract.
    pub fn tag(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Float => "float",
            Self::Str => "str",
            Self::Datetime => "datetime",
            Self::Date => "date",
            Self::Duration => "timedelta",
            Self::Enum(_) => "DefaultEnumTransformer",
            Self::List(..) => "Typed List",
            Self::Map(..) | Self::Dict(..) => "Typed Dict",
            Self::Union(..) => "Typed Union",
            Self::Struct(ty) => match ty.dialect {
                Dialect::Dataclass => "Object-Dataclass-Transformer",
                Dialect::Model => "Pydantic Transformer",
                Dialect::Tuple => "Typed Tuple",
                Dialect::NamedTuple => "NamedTuple",
                Dialect::TypedDict => "TypedDict",
            },
            Self::File => "File",
            Self::Dir => "Dir",
            Self::Dataset(_) => "DataFrame Transformer",
            Self::Message(_) => "Protobuf-Transformer",
            Self::Constrained(inner, _) => inner.tag(),
            Self::Pickle(_)
            | Self::Any
            | Self::Bytes(_)
            | Self::Time
            | Self::Text(_)
            | Self::Set(..)
            | Self::Tuple(..)
            | Self::Sequence(..)
            | Self::Choice(_)
            | Self::Recursive(_) => "FlytePickle",
        }
    }

    /// Can only the process that wrote such a value read it, when it stands alone?
    pub fn is_pickled(&self) -> bool {
        self.tag() == "FlytePickle"
    }
}
