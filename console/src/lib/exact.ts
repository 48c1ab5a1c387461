/** Values as texts that say all of what they are. */

const UNITS: readonly (readonly [string, bigint])[] = [
  ["d", 86_400_000_000_000n],
  ["h", 3_600_000_000_000n],
  ["min", 60_000_000_000n],
];
const SECOND = 1_000_000_000n;

/** A span to its last digit: `1 h 30 min 15 s`, `-5 min`, `0.000001 s`. */
export function exactSpan(nanos: bigint): string {
  const parts: string[] = [];
  let rest = nanos < 0n ? -nanos : nanos;
  for (const [name, size] of UNITS) {
    if (rest >= size) parts.push(`${String(rest / size)} ${name}`);
    rest %= size;
  }
  const fraction = digits(Number(rest % SECOND), 9);
  if (rest > 0n || parts.length === 0) parts.push(`${String(rest / SECOND)}${fraction === "" ? "" : `.${fraction}`} s`);
  return `${nanos < 0n ? "-" : ""}${parts.join(" ")}`;
}

/** A moment in UTC to its last digit; `nanos` are beyond its milliseconds. */
export function exactMoment(at: number, nanos: number): string {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return "not a time";
  return date.toISOString().replace(/Z$/, `${digits(nanos, 6)}Z`);
}

/** Digits behind a point, without zeros at their end. */
function digits(number: number, count: number): string {
  return String(number).padStart(count, "0").replace(/0+$/, "");
}

/** Marks numbers that JSON cannot say, so that they can be told from texts. */
const MARK = "\u0000number ";

/** JSON for people: with the numbers that JSON leaves out. */
export function jsonText(value: unknown): string {
  const replaced = (_key: string, one: unknown): unknown => (typeof one === "bigint" || (typeof one === "number" && (!Number.isFinite(one) || Object.is(one, -0))) ? `${MARK}${Object.is(one, -0) ? "-0" : String(one)}` : one);
  return (JSON.stringify(value, replaced, 2) ?? "undefined").replace(/"\\u0000number (-?(?:\d+|Infinity)|NaN)"/g, "$1");
}
