//! Values of Rust types as literals of the wire, and as fields of structs.
//!
//! [`Value`] has two forms: a literal, which is an input or an output of a task, and msgpack, which is a field within a
//! struct. Both are byte for byte what the Python SDK writes for the type that stands beside it in `docs/rust-sdk.md`,
//! so that tasks of both languages call each other. Nothing here does I/O: what is behind a URI stays there.

mod bytes;
mod collections;
mod dataframe;
mod error;
mod files;
mod json;
mod members;
mod msgpack;
mod optional;
mod outputs;
mod primitives;
mod schema;
mod structs;
mod table;
mod time;

use serde_json::Value as Json;
use wingbeat_proto::flyteidl2::core::{Literal, LiteralType};
use wingbeat_types::wire as literals;

pub use self::dataframe::{Column, ColumnType, DataFrame};
pub use self::error::ValueError;
pub use self::files::{Dir, File};
pub use self::literals::{kind_of, text_literal};
pub use self::members::{ENUM, Member, enum_schema, enum_type, member_of_literal, unpack_member};
pub use self::msgpack::{Packer, Unpacker};
pub use self::outputs::{Outputs, TaskReturn, named_output, output_named};
pub use self::schema::ObjectSchema;
pub use self::structs::{DATACLASS, dataclass_type, missing_field, packed_literal, unpacked_literal};
pub use self::table::{ColumnValue, Columns, Table};

/// A type whose values travel between tasks.
///
/// Derive it for structs with named fields and for enums without data. What is implemented here: integers, floats,
/// `bool`, `String`, `Option`, `Vec`, maps with `String` keys, `jiff`'s `Timestamp`, `civil::Date` and
/// `SignedDuration`, `serde_json::Value`, `Bytes`, [`File`], [`Dir`] and [`DataFrame`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an input, an output or a field of one: it has no wire form",
    label = "not a value that can travel between tasks",
    note = "for a type of your own: `#[derive(wingbeat::Value)]`, on a struct with named fields or an enum without data",
    note = "otherwise use one of: i64, f64, bool, String, Option, Vec, HashMap<String, _>, jiff::Timestamp, \
            serde_json::Value, wingbeat::Bytes, wingbeat::File, wingbeat::Dir, wingbeat::DataFrame"
)]
pub trait Value: Sized + Send + 'static {
    /// The name by which a union tells its variants apart; on the wire.
    const TAG: &'static str;

    /// The type, as an interface has it.
    fn literal_type() -> LiteralType;

    /// The value as an input or an output.
    ///
    /// # Errors
    /// The value has no form on the wire: a number that is too large.
    fn to_literal(&self) -> Result<Literal, ValueError>;

    /// The value of an input or an output. Lenient where Python's reader is: a console sends every number as a float.
    ///
    /// # Errors
    /// It is of another type; the error says where, what was expected and what was there.
    fn from_literal(literal: &Literal) -> Result<Self, ValueError>;

    /// The type of a field, as the JSON schema of the struct around it has it.
    fn schema() -> Json;

    /// Writes the value as a field.
    ///
    /// # Errors
    /// As [`Self::to_literal`].
    fn pack(&self, out: &mut Packer) -> Result<(), ValueError>;

    /// Reads the value of a field.
    ///
    /// # Errors
    /// As [`Self::from_literal`].
    fn unpack(input: &mut Unpacker<'_>) -> Result<Self, ValueError>;

    /// What a field of this type is that is not there and has no default; most types have nothing of the kind.
    fn absent() -> Option<Self> {
        None
    }
}
