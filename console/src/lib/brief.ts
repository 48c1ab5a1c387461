/** Values in a few words, for where there is no room to show them. */
import { exactMoment, exactSpan } from "./exact";
import type { NamedValue, ValueView } from "./model";

export interface Brief {
  readonly name: string;
  readonly text: string;
}

const LONGEST = 24;

/** The first of some values, and how many there are beside them. */
export function briefly(values: readonly NamedValue[], most: number): { readonly shown: readonly Brief[]; readonly more: number } {
  const shown = values.slice(0, most).map(({ name, value }) => ({ name, text: cut(words(value)) }));
  return { shown, more: Math.max(0, values.length - most) };
}

function words(value: ValueView): string {
  switch (value.kind) {
    case "none":
      return "None";
    case "text":
      return value.text === "" ? "empty" : value.text.slice(0, 10 * LONGEST).replaceAll(/\s+/g, " ");
    case "number":
      return value.text;
    case "bool":
      return value.value ? "true" : "false";
    case "list":
      return counted(value.items.length, "item");
    case "map":
      return counted(value.entries.length, "entry", "entries");
    case "link":
      return value.uri.split("/").findLast((part) => part !== "") ?? value.what;
    case "time":
      return exactMoment(value.at, value.nanos);
    case "duration":
      return exactSpan(value.nanos);
    case "json":
    case "error":
    case "bytes":
    case "unknown":
      return `(${value.kind})`;
    default:
      return value satisfies never;
  }
}

function counted(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString()} ${count === 1 ? one : many}`;
}

function cut(text: string): string {
  const characters = [...text.slice(0, 2 * LONGEST + 2)];
  return characters.length > LONGEST ? `${characters.slice(0, LONGEST - 1).join("")}…` : text;
}
