//! References to files and folders. They are addresses: reading and writing is `crate::files`'s.

use serde_json::{Value as Json, json};
use wingbeat_proto::flyteidl2::core::blob_type::BlobDimensionality;
use wingbeat_proto::flyteidl2::core::{
    Blob, BlobMetadata, BlobType, Literal, LiteralType, literal_type, scalar,
};

use super::literals::{self, kind_of, msgpack_of, scalar_of};
use super::structs::unpacked_literal;
use super::{Packer, Unpacker, Value, ValueError};

/// A file somewhere. Copying the value copies the reference.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct File {
    /// Where it is: a path or a URI.
    pub path: String,
    /// What is in it, in a word such as `csv`; often empty.
    pub format: String,
    /// Stands for the content in cache keys, if it is known.
    pub hash: Option<String>,
}

/// A folder somewhere. Copying the value copies the reference.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Dir {
    /// Where it is: a path or a URI.
    pub path: String,
    /// What is in it, in a word; often empty.
    pub format: String,
    /// Stands for the content in cache keys, if it is known.
    pub hash: Option<String>,
}

/// The last part of a path.
fn base_name(path: &str) -> &str {
    let trimmed = path.trim_end_matches('/');
    trimmed.rsplit('/').next().unwrap_or(trimmed)
}

pub(super) fn nullable(title: &str) -> Json {
    json!({"anyOf": [{"type": "string"}, {"type": "null"}], "default": null, "title": title})
}

fn blob_schema(title: &str, description: &str) -> Json {
    json!({
        "type": "object",
        "title": title,
        "description": description,
        "properties": {
            "path": {"title": "Path", "type": "string"},
            "name": nullable("Name"),
            "format": {"default": "", "title": "Format", "type": "string"},
            "hash": nullable("Hash"),
        },
        "required": ["path"],
    })
}

/// Writes text, or nothing.
fn pack_text(text: Option<&str>, out: &mut Packer) {
    match text {
        Some(text) => out.text(text),
        None => out.nil(),
    }
}

/// The fields of a reference, whatever else there is.
pub(super) fn unpack_reference(
    title: &str,
    input: &mut Unpacker<'_>,
) -> Result<(String, String, Option<String>), ValueError> {
    let (mut path, mut format, mut hash) = (None, None, None);
    input.map(title, |key, input| {
        let slot = match key {
            "path" | "uri" => &mut path,
            "format" => &mut format,
            "hash" => &mut hash,
            _ => return input.skip(),
        };
        if !input.nil() {
            *slot = Some(input.text().map_err(|error| error.within(key))?.to_owned());
        }
        Ok(())
    })?;
    let path = path.ok_or_else(|| ValueError::new(format!("the path of a {title}"), "no such field"))?;
    Ok((path, format.unwrap_or_default(), hash))
}

macro_rules! blobs {
    ($($ty:ident, $tag:literal, $kind:ident, $words:literal, $description:literal);*) => {$(
        impl $ty {
            /// A reference to what is there already.
            pub fn at(path: impl Into<String>) -> Self {
                Self { path: path.into(), ..Self::default() }
            }

            /// The same reference with a word about the content.
            #[must_use]
            pub fn with_format(mut self, format: impl Into<String>) -> Self {
                self.format = format.into();
                self
            }

            /// The last part of the path.
            pub fn name(&self) -> &str {
                base_name(&self.path)
            }
        }

        impl Value for $ty {
            const TAG: &'static str = $tag;
            fn literal_type() -> LiteralType {
                let blob = BlobType { dimensionality: BlobDimensionality::$kind.into(), ..Default::default() };
                literals::of_type(literal_type::Type::Blob(Box::new(blob)))
            }
            fn to_literal(&self) -> Result<Literal, ValueError> {
                let kind = BlobType {
                    format: self.format.clone(),
                    dimensionality: BlobDimensionality::$kind.into(),
                    ..Default::default()
                };
                let metadata = BlobMetadata { r#type: kind.into(), ..Default::default() };
                let blob = Blob { metadata: metadata.into(), uri: self.path.clone(), ..Default::default() };
                let literal = literals::of_scalar(scalar::Value::Blob(Box::new(blob)));
                Ok(Literal { hash: self.hash.clone().unwrap_or_default(), ..literal })
            }
            fn from_literal(literal: &Literal) -> Result<Self, ValueError> {
                match scalar_of(literal) {
                    Some(scalar::Value::Blob(blob))
                        if blob.metadata.r#type.dimensionality == BlobDimensionality::$kind =>
                    {
                        Ok(Self {
                            path: blob.uri.clone(),
                            format: blob.metadata.r#type.format.clone(),
                            hash: (!literal.hash.is_empty()).then(|| literal.hash.clone()),
                        })
                    }
                    Some(scalar::Value::Union(union)) => Self::from_literal(&union.value),
                    Some(scalar::Value::Generic(_)) => unpacked_literal(literal),
                    _ if msgpack_of(literal).is_some() => unpacked_literal(literal),
                    _ => Err(ValueError::new($words, kind_of(literal))),
                }
            }
            fn schema() -> Json {
                blob_schema($tag, $description)
            }
            fn pack(&self, out: &mut Packer) -> Result<(), ValueError> {
                out.map(4);
                out.key("path");
                out.text(&self.path);
                out.key("name");
                out.text(self.name());
                out.key("format");
                out.text(&self.format);
                out.key("hash");
                pack_text(self.hash.as_deref(), out);
                Ok(())
            }
            fn unpack(input: &mut Unpacker<'_>) -> Result<Self, ValueError> {
                let (path, format, hash) = unpack_reference($tag, input)?;
                Ok(Self { path, format, hash })
            }
        }
    )*};
}

blobs!(
    File, "File", SINGLE, "file", "A file reference with an optional format type.";
    Dir, "Dir", MULTIPART, "directory", "A directory reference with an optional format type."
);
