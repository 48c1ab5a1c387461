/** MD5, which the API wants of every upload and browsers do not have. It finds accidents, and protects from nobody.
 * Source: RFC 1321. */

const BLOCK = 64;
const SHIFTS = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21] as const;
const SINES = Uint32Array.from({ length: 64 }, (_, index) => Math.floor(Math.abs(Math.sin(index + 1)) * 2 ** 32));

/** Of bytes that come part by part. */
export class Md5 {
  private readonly state = Uint32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476);
  private readonly words = new Uint32Array(BLOCK / 4);
  private readonly rest = new Uint8Array(BLOCK);
  private length = 0;

  add(bytes: Uint8Array): void {
    let at = 0;
    const held = this.length % BLOCK;
    this.length += bytes.length;
    if (held > 0) {
      at = Math.min(BLOCK - held, bytes.length);
      this.rest.set(bytes.subarray(0, at), held);
      if (held + at < BLOCK) return;
      this.block(this.rest, 0);
    }
    for (; at + BLOCK <= bytes.length; at += BLOCK) this.block(bytes, at);
    this.rest.set(bytes.subarray(at));
  }

  /** The sum; nothing can be added after it. */
  end(): Uint8Array<ArrayBuffer> {
    const bits = this.length * 8;
    const end = new Uint8Array(((this.length + 8) % BLOCK < this.length % BLOCK ? 2 : 1) * BLOCK - (this.length % BLOCK));
    end[0] = 0x80;
    const view = new DataView(end.buffer);
    view.setUint32(end.length - 8, bits % 2 ** 32, true);
    view.setUint32(end.length - 4, Math.floor(bits / 2 ** 32), true);
    this.add(end);
    const sum = new DataView(new ArrayBuffer(16));
    this.state.forEach((word, index) => sum.setUint32(index * 4, word, true));
    return new Uint8Array(sum.buffer);
  }

  private block(bytes: Uint8Array, from: number): void {
    const { state, words } = this;
    const view = new DataView(bytes.buffer, bytes.byteOffset + from, BLOCK);
    for (let index = 0; index < words.length; index += 1) words[index] = view.getUint32(index * 4, true);
    let [a = 0, b = 0, c = 0, d = 0] = state;
    for (let step = 0; step < 64; step += 1) {
      const sum = (a + mix(step, b, c, d) + (SINES[step] ?? 0) + (words[wordOf(step)] ?? 0)) | 0;
      const shift = SHIFTS[(step >> 4) * 4 + (step % 4)] ?? 0;
      a = d;
      d = c;
      c = b;
      b = (b + ((sum << shift) | (sum >>> (32 - shift)))) | 0;
    }
    [a, b, c, d].forEach((word, index) => (state[index] = (state[index] ?? 0) + word));
  }
}

function mix(step: number, b: number, c: number, d: number): number {
  if (step < 16) return (b & c) | (~b & d);
  if (step < 32) return (d & b) | (~d & c);
  return step < 48 ? b ^ c ^ d : c ^ (b | ~d);
}

/** Which word of the block a step takes. */
function wordOf(step: number): number {
  if (step < 16) return step;
  if (step < 32) return (5 * step + 1) % 16;
  return step < 48 ? (3 * step + 5) % 16 : (7 * step) % 16;
}
