/** Literals into values that can be shown. */
import type { Timestamp } from "@bufbuild/protobuf/wkt";

import type { NamedLiteral } from "../gen/flyteidl2/task/common_pb";
import type { Literal, Primitive, Scalar } from "../gen/flyteidl2/core/literals_pb";
import type { NamedValue, ValueView } from "../lib/model";
import { decodeMsgpack } from "../lib/msgpack";

export function readNamed(literals: readonly NamedLiteral[]): readonly NamedValue[] {
  return literals.map(({ name, value }) => ({ name, value: readLiteral(value) }));
}

export function readLiteral(literal: Literal | undefined): ValueView {
  const value = literal?.value;
  switch (value?.case) {
    case "scalar":
      return readScalar(value.value);
    case "collection":
      return { kind: "list", items: value.value.literals.map(readLiteral) };
    case "map":
      return {
        kind: "map",
        entries: Object.entries(value.value.literals).map(([name, one]) => ({ name, value: readLiteral(one) })),
      };
    case "offloadedMetadata":
      return { kind: "link", what: "large value", uri: value.value.uri, format: `${value.value.sizeBytes.toString()} bytes` };
    default:
      return { kind: "unknown" };
  }
}

function readScalar(scalar: Scalar): ValueView {
  const { value } = scalar;
  switch (value.case) {
    case "primitive":
      return readPrimitive(value.value);
    case "noneType":
      return { kind: "none" };
    case "binary":
      return readBinary(value.value.value, value.value.tag);
    case "generic":
      return { kind: "json", value: value.value };
    case "blob": {
      const type = value.value.metadata?.type;
      return { kind: "link", what: type?.dimensionality === 1 ? "folder" : "file", uri: value.value.uri, format: type?.format ?? "" };
    }
    case "structuredDataset":
      return {
        kind: "link",
        what: "dataframe",
        uri: value.value.uri,
        format: value.value.metadata?.structuredDatasetType?.format ?? "",
      };
    case "schema":
      return { kind: "link", what: "dataframe", uri: value.value.uri, format: "schema" };
    case "error":
      return { kind: "error", message: value.value.message };
    case "union":
      return readLiteral(value.value.value);
    default:
      return { kind: "unknown" };
  }
}

function readPrimitive({ value }: Primitive): ValueView {
  switch (value.case) {
    case "integer":
      return { kind: "number", text: value.value.toString() };
    case "floatValue":
      return { kind: "number", text: String(value.value) };
    case "stringValue":
      return { kind: "text", text: value.value };
    case "boolean":
      return { kind: "bool", value: value.value };
    case "datetime":
      return moment(value.value);
    case "duration":
      return { kind: "duration", nanos: value.value.seconds * 1_000_000_000n + BigInt(value.value.nanos) };
    default:
      return { kind: "unknown" };
  }
}

function moment({ seconds, nanos }: Timestamp): ValueView {
  return { kind: "time", at: Number(seconds) * 1_000 + Math.floor(nanos / 1e6), nanos: nanos % 1e6 };
}

function readBinary(bytes: Uint8Array, tag: string): ValueView {
  if (tag === "msgpack") {
    const decoded = decodeMsgpack(bytes);
    if (decoded.ok) return { kind: "json", value: decoded.value };
  }
  return { kind: "bytes", size: bytes.length, tag };
}
