/** Forms for inputs, from the JSON schema that the server makes of an interface. What fits is decided by the server:
 * a text that is no number goes there as it is, and comes back with a message. */

import type { LinkKind } from "./upload";

export type FieldKind =
  | { readonly kind: "text"; readonly hint: string }
  | { readonly kind: "whole" }
  | { readonly kind: "number" }
  | { readonly kind: "bool" }
  | { readonly kind: "choice"; readonly options: readonly string[] }
  | { readonly kind: "link"; readonly what: LinkKind; readonly hint: string; readonly rest: Readonly<Record<string, unknown>> }
  | { readonly kind: "json" };

export interface Field {
  readonly name: string;
  readonly type: FieldKind;
  readonly words: string;
  readonly description: string;
  /** Without it a run cannot start. */
  readonly required: boolean;
  /** None is a value of it. */
  readonly nullable: boolean;
  readonly initial: string;
}

type Schema = Readonly<Record<string, unknown>>;

function asSchema(value: unknown): Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? Object.fromEntries(Object.entries(value)) : {};
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The fields of a form, in the order of the interface if one is given. */
export function fieldsOf(form: unknown, order: readonly string[] = []): readonly Field[] {
  const schema = asSchema(form);
  const required = asList(schema["required"]);
  const fields = Object.entries(asSchema(schema["properties"])).map(([name, field]) => fieldOf(name, asSchema(field), required.includes(name)));
  const place = (name: string): number => (order.includes(name) ? order.indexOf(name) : order.length);
  return fields.sort((left, right) => place(left.name) - place(right.name));
}

function fieldOf(name: string, schema: Schema, required: boolean): Field {
  const variants = asList(schema["oneOf"]).map(asSchema);
  const others = variants.filter((variant) => variant["type"] !== "null");
  const nullable = others.length < variants.length;
  const only = others.length === 1 ? others[0] : undefined;
  const type = variants.length === 0 ? kindOf(schema) : only !== undefined ? kindOf(only) : ({ kind: "json" } as const);
  const description = schema["description"];
  return {
    name,
    type,
    words: nullable ? `${wordsOf(type)}, optional` : wordsOf(type),
    description: typeof description === "string" ? description : "",
    required,
    nullable,
    initial: initialOf(schema, type),
  };
}

function kindOf(schema: Schema): FieldKind {
  const options = asList(schema["enum"]);
  if (schema["type"] === "string" && options.length > 0) return { kind: "choice", options: options.map(String) };
  const format = schema["format"];
  switch (schema["type"]) {
    case "string":
      return { kind: "text", hint: hintOf(format) };
    case "integer":
      return { kind: "whole" };
    case "number":
      return { kind: "number" };
    case "boolean":
      return { kind: "bool" };
    case "object":
      return format === "blob" || format === "structured-dataset" ? linkOf(schema) : { kind: "json" };
    default:
      return { kind: "json" };
  }
}

function hintOf(format: unknown): string {
  if (format === "datetime") return "2026-01-31T12:00:00Z";
  if (format === "duration") return "PT1H30M";
  return format === "binary" ? "base64" : "";
}

/** A file, a folder or a data frame: people give its address, the rest follows from the type. */
function linkOf(schema: Schema): FieldKind {
  const parts = Object.entries(asSchema(schema["properties"])).flatMap(([name, part]) => {
    const value = asSchema(part)["default"];
    return name === "uri" || value === undefined ? [] : [[name, value] as const];
  });
  const rest = Object.fromEntries(parts);
  const what = schema["format"] === "blob" ? (rest["dimensionality"] === "MULTIPART" ? "folder" : "file") : "dataframe";
  return { kind: "link", what, hint: `address of a ${what === "dataframe" ? "data frame" : what}`, rest };
}

function wordsOf(type: FieldKind): string {
  switch (type.kind) {
    case "text":
      return type.hint === "" ? "text" : `text such as ${type.hint}`;
    case "whole":
      return "whole number";
    case "number":
      return "number";
    case "bool":
      return "yes or no";
    case "choice":
      return "one of a few";
    case "link":
      return type.hint;
    case "json":
      return "JSON";
    default:
      return type satisfies never;
  }
}

function initialOf(schema: Schema, type: FieldKind): string {
  if (type.kind === "link") {
    const uri = asSchema(asSchema(schema["properties"])["uri"])["default"];
    return typeof uri === "string" ? uri : "";
  }
  const value = schema["default"];
  if (value === undefined || value === null) return "";
  return type.kind === "json" ? JSON.stringify(value, null, 2) : String(value);
}

export type Given = { readonly ok: true; readonly value: unknown } | { readonly ok: true; readonly absent: true } | { readonly ok: false; readonly message: string };

/** What the server is sent for what was typed. Only what could not be sent at all is refused here. */
export function givenOf(field: Field, text: string): Given {
  const { type } = field;
  if (text.trim() === "" && !(type.kind === "text" && !field.nullable && type.hint === "")) {
    return field.nullable ? { ok: true, value: null } : { ok: true, absent: true };
  }
  switch (type.kind) {
    case "text":
    case "choice":
      return { ok: true, value: text };
    case "whole":
      if (/^[+-]?\d+$/.test(text.trim()) && !Number.isSafeInteger(Number(text))) {
        return { ok: false, message: "This number is too large for a form; start the run from Python." };
      }
      return { ok: true, value: numberOr(text) };
    case "number":
      return { ok: true, value: numberOr(text) };
    case "bool":
      return { ok: true, value: text === "true" ? true : text === "false" ? false : text };
    case "link":
      return { ok: true, value: { ...type.rest, uri: text.trim() } };
    case "json":
      try {
        return { ok: true, value: JSON.parse(text) };
      } catch (error) {
        return { ok: false, message: `This is not JSON: ${error instanceof Error ? error.message : "it cannot be read"}` };
      }
    default:
      return type satisfies never;
  }
}

function numberOr(text: string): number | string {
  const value = Number(text);
  return text.trim() !== "" && Number.isFinite(value) ? value : text;
}

/** Which field a message of the server is about: it names the value first, as in `grid[2].lr`. */
export function fieldOfMessage(message: string, fields: readonly Field[]): string | undefined {
  for (const [, path] of message.matchAll(/`([^`]+)`/g)) {
    const name = path?.split(/[.[]/)[0];
    const found = fields.find((field) => field.name === name);
    if (found !== undefined) return found.name;
  }
  return undefined;
}
