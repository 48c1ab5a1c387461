/** What it costs to look at the beginning of a Parquet file. Pure. */

/** A part of the file that holds some rows of all columns. */
export interface RowGroup {
  readonly rows: number;
  readonly chunks: readonly Chunk[];
}

export interface Chunk {
  /** The column of the table that it belongs to. */
  readonly column: string;
  readonly bytes: number;
  /** Single pages of it can be read. */
  readonly indexed: boolean;
}

/** More is read only when somebody asks for it. */
export const MOST_UNASKED = 16 * 1_024 * 1_024;

/** Bytes of the first rows of some columns: chunks without an index are read whole, of others a page is. */
export function costOf(groups: readonly RowGroup[], columns: readonly string[], rows: number): number {
  const wanted = new Set(columns);
  let [cost, found] = [0, 0];
  for (const group of groups) {
    if (found >= rows) break;
    // A group that is wanted to its end is read whole.
    const whole = group.rows <= rows - found;
    for (const chunk of group.chunks) if (wanted.has(chunk.column) && (whole || !chunk.indexed)) cost += chunk.bytes;
    found += group.rows;
  }
  return cost;
}

/** How many files a frame has, where only the first of them is looked at. */
export function filesInWords(files: number, more: boolean): string {
  if (files <= 1 && !more) return "";
  return ` in the first of ${more ? "more than " : ""}${files.toLocaleString()} files`;
}
