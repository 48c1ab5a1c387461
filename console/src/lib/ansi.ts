/** Log lines may hold anything. Colours of terminals are shown; every other control character is not. */

/** A piece of a line in one style; `colour` is one of the sixteen of terminals. */
export interface Piece {
  readonly text: string;
  readonly colour: number | undefined;
  readonly bold: boolean;
  readonly dim: boolean;
}

interface Style {
  colour: number | undefined;
  bold: boolean;
  dim: boolean;
}

const ESCAPE = "\u001b";
// Sequences: CSI … final byte, OSC … BEL or ST, and two-character escapes.
 
const SEQUENCE = /\u001b(?:\[([0-9;:?<=>]*)[ -/]*([@-~])|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-Z\\^_])/g;
 
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** Takes out what a screen must not be told: control characters, and those that turn the direction of text. */
export function visible(text: string): string {
  return text.replace(CONTROL, "");
}

/** The line without colours, for search and copying. */
export function plain(text: string): string {
  return visible(text.includes(ESCAPE) ? text.replace(SEQUENCE, "") : text);
}

/** Splits a line into pieces of one style. */
export function pieces(text: string): readonly Piece[] {
  const shown = lastRewrite(text);
  if (!shown.includes(ESCAPE)) return [{ text: visible(shown), colour: undefined, bold: false, dim: false }];
  const found: Piece[] = [];
  const style: Style = { colour: undefined, bold: false, dim: false };
  let from = 0;
  const push = (part: string): void => {
    const clean = visible(part);
    if (clean !== "") found.push({ text: clean, ...style });
  };
  for (const match of shown.matchAll(SEQUENCE)) {
    push(shown.slice(from, match.index));
    from = match.index + match[0].length;
    if (match[2] === "m") restyle(style, match[1] ?? "");
  }
  push(shown.slice(from));
  return found;
}

/** A progress bar writes over its own line: only what came last is on the screen. */
function lastRewrite(text: string): string {
  const trimmed = text.replace(/\r+$/, "");
  const at = trimmed.lastIndexOf("\r");
  return at < 0 ? trimmed : trimmed.slice(at + 1);
}

function restyle(style: Style, parameters: string): void {
  const codes = parameters.split(/[;:]/).map((code) => (code === "" ? 0 : Number(code)));
  for (let at = 0; at < codes.length; at += 1) {
    const code = codes[at] ?? 0;
    if (code === 0) Object.assign(style, { colour: undefined, bold: false, dim: false });
    else if (code === 1) style.bold = true;
    else if (code === 2) style.dim = true;
    else if (code === 22) Object.assign(style, { bold: false, dim: false });
    else if (code === 39) style.colour = undefined;
    else if (code >= 30 && code <= 37) style.colour = code - 30;
    else if (code >= 90 && code <= 97) style.colour = code - 90 + 8;
    else if (code === 38 || code === 48) at += skipExtended(style, codes, at);
  }
}

/** Extended colours: the first sixteen of 256 are ours; true colours are left out, and their numbers skipped. */
function skipExtended(style: Style, codes: readonly number[], at: number): number {
  if (codes[at + 1] === 5) {
    const index = codes[at + 2] ?? 16;
    if (codes[at] === 38) style.colour = index < 16 ? index : undefined;
    return 2;
  }
  return codes[at + 1] === 2 ? 4 : 0;
}
