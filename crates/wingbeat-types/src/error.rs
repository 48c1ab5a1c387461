//! Why a value and a type do not fit. The message is the client's own, word for word where it has one; the path says
//! where in a nested value it is.

/// Why a value could not be converted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{message}", place(.path))]
pub struct ConvertError {
    /// What went wrong; it decides which class of Python's stands for it.
    pub kind: ConvertErrorKind,
    /// Where in the value: `[3].lr`; empty for the value itself.
    pub path: String,
    /// What the client says, without the place.
    pub message: String,
}

/// What went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConvertErrorKind {
    /// A value of another type.
    Mismatch,
    /// A choice that cannot be made, or an operation that the type does not have.
    Type,
    /// A value outside what can be written, or a type that is not supported.
    Value,
    /// What the wire holds is not what was promised.
    Assertion,
    /// The value lacks what its type would have.
    Attribute,
    /// A name or an index that is not there.
    Key,
    /// There are fewer than were asked for.
    Index,
    /// A field is missing.
    MissingField,
    /// A field has a value of another type.
    InvalidField,
    /// A field's type cannot be written.
    Unserializable,
    /// A model refuses the value.
    Validation,
    /// A number is too large for the wire.
    Overflow,
    /// Text that is none.
    Unicode,
    /// Nested too deep, or too large.
    Limit,
    /// Only a Python process can do it: pickle a value, or read one.
    NeedsPython,
}

impl ConvertErrorKind {
    /// The class that the client raises.
    pub fn python_class(self) -> &'static str {
        match self {
            Self::Mismatch => "TypeTransformerFailedError",
            Self::Type => "TypeError",
            Self::Value | Self::Limit | Self::NeedsPython => "ValueError",
            Self::Assertion => "AssertionError",
            Self::Attribute => "AttributeError",
            Self::Key => "KeyError",
            Self::Index => "IndexError",
            Self::MissingField => "MissingField",
            Self::InvalidField => "InvalidFieldValue",
            Self::Unserializable => "UnserializableField",
            Self::Validation => "ValidationError",
            Self::Overflow => "OverflowError",
            Self::Unicode => "UnicodeEncodeError",
        }
    }

    /// Is it one of those that the client's wrapper of inputs takes for a mismatch of types?
    pub fn is_type_error(self) -> bool {
        matches!(self, Self::Mismatch | Self::Type)
    }
}

impl ConvertError {
    pub(crate) fn new(kind: ConvertErrorKind, message: impl Into<String>) -> Self {
        Self { kind, path: String::new(), message: message.into() }
    }

    pub(crate) fn mismatch(message: impl Into<String>) -> Self {
        Self::new(ConvertErrorKind::Mismatch, message)
    }

    /// The same, one level further out.
    #[must_use]
    pub(crate) fn inside(mut self, outer: impl std::fmt::Display) -> Self {
        self.path = format!("{outer}{}", self.path);
        self
    }
}

fn place(path: &str) -> String {
    if path.is_empty() { String::new() } else { format!("at `{path}`: ") }
}
