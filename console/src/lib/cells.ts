/** Cells of a data frame as text, whatever is in them. */

const MOST = 200;

export function cell(value: unknown): string {
  const text = words(value);
  return text.length > MOST ? `${text.slice(0, MOST)} …` : text;
}

function words(value: unknown): string {
  if (value === null || value === undefined) return "–";
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "not a time" : value.toISOString();
  if (value instanceof Uint8Array) return `(${String(value.length)} bytes)`;
  if (typeof value === "object") return JSON.stringify(value, (_key, one: unknown) => (typeof one === "bigint" ? one.toString() : one));
  return String(value);
}

/** Sizes as people say them. */
export function size(bytes: number): string {
  const units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
  let [number, unit] = [bytes, 0];
  for (; number >= 1_024 && unit < units.length - 1; unit += 1) number /= 1_024;
  return `${unit === 0 ? String(number) : number.toFixed(number < 10 ? 1 : 0)} ${units[unit] ?? ""}`;
}

/** What can be shown of a file by its name. */
export type Preview = "image" | "text" | undefined;

const IMAGES: Readonly<Record<string, string>> = { png: "image/png", jpg: "image/jpeg", jpeg: "image/jpeg", gif: "image/gif", webp: "image/webp", svg: "image/svg+xml" };
const TEXTS = new Set(["txt", "json", "jsonl", "csv", "tsv", "md", "yaml", "yml", "toml", "log", "py", "sql", "xml", "html"]);

export function previewOf(name: string): Preview {
  const ending = endingOf(name);
  return Object.hasOwn(IMAGES, ending) ? "image" : TEXTS.has(ending) ? "text" : undefined;
}

export function imageType(name: string): string {
  return IMAGES[endingOf(name)] ?? "application/octet-stream";
}

function endingOf(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1).toLowerCase();
}
