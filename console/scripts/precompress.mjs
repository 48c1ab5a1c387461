// Compresses what was built, so that the server only has to hand it out, and says what the first page weighs.
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { extname, join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const dist = new URL("../dist/", import.meta.url).pathname;
const worth = new Set([".html", ".js", ".css", ".svg", ".json"]);
const LIMIT = 300 * 1024;

const files = readdirSync(dist, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
let total = 0;
for (const entry of files) {
  const path = join(entry.parentPath, entry.name);
  if (!worth.has(extname(path))) continue;
  const bytes = readFileSync(path);
  const gzip = gzipSync(bytes, { level: 9 });
  total += gzip.length;
  writeFileSync(`${path}.br`, brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } }));
  // Every browser of today reads brotli; the plain file is for those that ask for neither.
  rmSync(`${path}.gz`, { force: true });
}
console.log(`console: all pages together ${(total / 1024).toFixed(0)} KiB gzip`);
if (total > LIMIT) {
  console.error(`the console is larger than ${LIMIT / 1024} KiB gzip`);
  process.exit(1);
}
