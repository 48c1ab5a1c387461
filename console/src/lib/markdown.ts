/** A small Markdown: what people write into a prompt. It gives parts, never HTML: whatever a task writes, it can become
 * text, emphasis, code, lists and links to the web, and nothing else. */

export type Inline =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "code"; readonly text: string }
  | { readonly kind: "strong" | "em"; readonly parts: readonly Inline[] }
  | { readonly kind: "link"; readonly href: string; readonly parts: readonly Inline[] };

export type Block =
  | { readonly kind: "paragraph"; readonly parts: readonly Inline[] }
  | { readonly kind: "heading"; readonly parts: readonly Inline[] }
  | { readonly kind: "quote"; readonly parts: readonly Inline[] }
  | { readonly kind: "list"; readonly ordered: boolean; readonly items: readonly (readonly Inline[])[] }
  | { readonly kind: "code"; readonly text: string }
  | { readonly kind: "rule" };

/** Longer texts are shown as they are. */
const MOST = 50_000;
const BULLET = /^\s{0,3}[-*+]\s+(.*)$/;
const NUMBER = /^\s{0,3}\d{1,9}[.)]\s+(.*)$/;

export function markdown(text: string): readonly Block[] {
  if (text.length > MOST) return [{ kind: "paragraph", parts: [{ kind: "text", text }] }];
  const lines = text.replace(/\r\n?/g, "\n").split("\n");
  const blocks: Block[] = [];
  for (let at = 0; at < lines.length; ) at = block(lines, at, blocks);
  return blocks;
}

/** Reads one block from line `at` on; answers the line after it. */
function block(lines: readonly string[], at: number, blocks: Block[]): number {
  const line = lines[at] ?? "";
  if (line.trim() === "") return at + 1;
  const fence = /^\s{0,3}(```|~~~)/.exec(line)?.[1];
  if (fence !== undefined) {
    const end = lines.findIndex((one, index) => index > at && one.trim().startsWith(fence));
    const last = end < 0 ? lines.length : end;
    blocks.push({ kind: "code", text: lines.slice(at + 1, last).join("\n") });
    return last + 1;
  }
  if (/^\s{0,3}([-*_])(\s*\1){2,}\s*$/.test(line)) {
    blocks.push({ kind: "rule" });
    return at + 1;
  }
  const title = /^\s{0,3}#{1,6}\s+(.*?)\s*#*$/.exec(line)?.[1];
  if (title !== undefined) {
    blocks.push({ kind: "heading", parts: inline(title) });
    return at + 1;
  }
  for (const pattern of [BULLET, NUMBER]) {
    if (!pattern.test(line)) continue;
    const items = taken(lines, at, (one) => pattern.test(one));
    blocks.push({ kind: "list", ordered: pattern === NUMBER, items: items.map((one) => inline(pattern.exec(one)?.[1] ?? "")) });
    return at + items.length;
  }
  const quoted = line.startsWith(">");
  const body = taken(lines, at, (one) => one.trim() !== "" && one.startsWith(">") === quoted && (quoted || !/^\s{0,3}(#{1,6}\s|```|~~~|[-*+]\s)/.test(one)));
  const whole = body.length === 0 ? [line] : body;
  blocks.push({ kind: quoted ? "quote" : "paragraph", parts: inline(whole.map((one) => (quoted ? one.replace(/^>\s?/, "") : one)).join("\n")) });
  return at + whole.length;
}

function taken(lines: readonly string[], at: number, fits: (line: string) => boolean): readonly string[] {
  const end = lines.findIndex((line, index) => index >= at && !fits(line));
  return lines.slice(at, end < 0 ? lines.length : end);
}

// Code first: nothing in it means anything. Every part is bounded, so that no text takes long to read.
const INLINE = /`([^`\n]{1,2000})`|\*\*([^*\n]{1,2000})\*\*|\[([^\]\n]{1,500})\]\(([^()\s]{1,2000})\)|(?<![\w*])[*_](?!\s)([^*_\n]{1,2000})(?<!\s)[*_](?![\w*])/g;

function inline(text: string): readonly Inline[] {
  const parts: Inline[] = [];
  let from = 0;
  for (const match of text.matchAll(INLINE)) {
    if (match.index > from) parts.push({ kind: "text", text: text.slice(from, match.index) });
    from = match.index + match[0].length;
    const [whole, code, strong, label, href, em] = match;
    if (code !== undefined) parts.push({ kind: "code", text: code });
    else if (strong !== undefined) parts.push({ kind: "strong", parts: inline(strong) });
    else if (em !== undefined) parts.push({ kind: "em", parts: inline(em) });
    else if (label !== undefined && href !== undefined && isWeb(href)) parts.push({ kind: "link", href, parts: inline(label) });
    else parts.push({ kind: "text", text: whole });
  }
  if (from < text.length) parts.push({ kind: "text", text: text.slice(from) });
  return parts;
}

/** Other schemes could be scripts. */
function isWeb(href: string): boolean {
  return /^https?:\/\//i.test(href);
}
