/** Tasks and their interfaces into views. */
import type { VariableMap } from "../gen/flyteidl2/core/interface_pb";
import { type LiteralType, SimpleType } from "../gen/flyteidl2/core/types_pb";
import type { TaskSpec } from "../gen/flyteidl2/task/task_definition_pb";
import type { InterfaceVariable, NamedValue, TaskView } from "../lib/model";
import { readLiteral } from "./read-values";

const SIMPLE: Readonly<Record<number, string>> = {
  [SimpleType.NONE]: "None",
  [SimpleType.INTEGER]: "int",
  [SimpleType.FLOAT]: "float",
  [SimpleType.STRING]: "str",
  [SimpleType.BOOLEAN]: "bool",
  [SimpleType.DATETIME]: "datetime",
  [SimpleType.DURATION]: "timedelta",
  [SimpleType.BINARY]: "bytes",
  [SimpleType.ERROR]: "error",
  [SimpleType.STRUCT]: "object",
};

/** A type as a Python programmer writes it. */
export function typeName(type: LiteralType | undefined): string {
  const inner = type?.type;
  switch (inner?.case) {
    case "simple": {
      const title = type?.metadata?.["title"];
      return inner.value === SimpleType.STRUCT && typeof title === "string" ? title : (SIMPLE[inner.value] ?? "unknown");
    }
    case "collectionType":
      return `list[${typeName(inner.value)}]`;
    case "mapValueType":
      return `dict[str, ${typeName(inner.value)}]`;
    case "blob":
      return inner.value.dimensionality === 1 ? "Dir" : "File";
    case "enumType":
      return inner.value.values.map((value) => JSON.stringify(value)).join(" | ");
    case "structuredDatasetType":
      return "DataFrame";
    case "unionType":
      return inner.value.variants.map(typeName).join(" | ");
    case "schema":
      return "schema";
    default:
      return "unknown";
  }
}

export function readVariables(map: VariableMap | undefined): readonly InterfaceVariable[] {
  return (map?.variables ?? []).map(({ key, value }) => ({
    name: key,
    type: typeName(value?.type),
    description: value?.description === key ? "" : (value?.description ?? ""),
  }));
}

export function readTask(spec: TaskSpec): TaskView {
  const template = spec.taskTemplate;
  const metadata = template?.metadata;
  return {
    type: template?.type ?? "",
    inputs: readVariables(template?.interface?.inputs),
    outputs: readVariables(template?.interface?.outputs),
    defaults: spec.defaultInputs.flatMap(({ name, parameter }): NamedValue[] =>
      parameter?.behavior.case === "default" ? [{ name, value: readLiteral(parameter.behavior.value) }] : [],
    ),
    summary: spec.documentation?.shortDescription ?? "",
    text: spec.documentation?.longDescription ?? "",
    source: spec.documentation?.sourceCode?.link ?? "",
    cached: metadata?.discoverable ?? false,
    cacheVersion: metadata?.discoveryVersion ?? "",
    retries: metadata?.retries?.retries ?? 0,
    hasReport: metadata?.generatesDeck ?? false,
  };
}
