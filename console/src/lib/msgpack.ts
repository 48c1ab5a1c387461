/** Reads MessagePack, in which dataclasses and models travel. Gives plain JSON-like values; never throws. */

class Reader {
  private at = 0;
  private readonly view: DataView;
  private readonly text = new TextDecoder();

  constructor(private readonly bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get done(): boolean {
    return this.at >= this.bytes.length;
  }

  value(depth: number): unknown {
    if (depth > 100) throw new RangeError("nested too deeply");
    const tag = this.unsigned(1);
    if (tag <= 0x7f) return tag;
    if (tag <= 0x8f) return this.map(tag & 0x0f, depth);
    if (tag <= 0x9f) return this.list(tag & 0x0f, depth);
    if (tag <= 0xbf) return this.string(tag & 0x1f);
    if (tag >= 0xe0) return tag - 0x100;
    return this.tagged(tag, depth);
  }

  private tagged(tag: number, depth: number): unknown {
    switch (tag) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xc4:
      case 0xc5:
      case 0xc6:
        return this.blob(this.unsigned(1 << (tag - 0xc4)));
      case 0xc7:
      case 0xc8:
      case 0xc9:
        return this.extension(this.unsigned(1 << (tag - 0xc7)));
      case 0xca:
        return this.move(4, (at) => this.view.getFloat32(at));
      case 0xcb:
        return this.move(8, (at) => this.view.getFloat64(at));
      case 0xcc:
      case 0xcd:
      case 0xce:
        return this.unsigned(1 << (tag - 0xcc));
      case 0xcf:
        return small(this.move(8, (at) => this.view.getBigUint64(at)));
      case 0xd0:
        return this.move(1, (at) => this.view.getInt8(at));
      case 0xd1:
        return this.move(2, (at) => this.view.getInt16(at));
      case 0xd2:
        return this.move(4, (at) => this.view.getInt32(at));
      case 0xd3:
        return small(this.move(8, (at) => this.view.getBigInt64(at)));
      case 0xd4:
      case 0xd5:
      case 0xd6:
      case 0xd7:
      case 0xd8:
        return this.extension(1 << (tag - 0xd4));
      case 0xd9:
      case 0xda:
      case 0xdb:
        return this.string(this.unsigned(1 << (tag - 0xd9)));
      case 0xdc:
      case 0xdd:
        return this.list(this.unsigned(2 << (tag - 0xdc)), depth);
      case 0xde:
      case 0xdf:
        return this.map(this.unsigned(2 << (tag - 0xde)), depth);
      default:
        throw new RangeError(`no such tag: ${String(tag)}`);
    }
  }

  private move<T>(size: number, read: (at: number) => T): T {
    const value = read(this.at);
    this.at += size;
    return value;
  }

  private unsigned(size: number): number {
    if (size === 1) return this.move(1, (at) => this.view.getUint8(at));
    if (size === 2) return this.move(2, (at) => this.view.getUint16(at));
    return this.move(4, (at) => this.view.getUint32(at));
  }

  private slice(size: number): Uint8Array {
    if (this.at + size > this.bytes.length) throw new RangeError("cut short");
    return this.move(size, (at) => this.bytes.subarray(at, at + size));
  }

  private string(size: number): string {
    return this.text.decode(this.slice(size));
  }

  private blob(size: number): string {
    this.slice(size);
    return `(${String(size)} bytes)`;
  }

  private extension(size: number): string {
    const kind = this.unsigned(1);
    this.slice(size);
    return `(extension ${String(kind)}, ${String(size)} bytes)`;
  }

  private list(size: number, depth: number): unknown[] {
    const items: unknown[] = [];
    for (let index = 0; index < size; index += 1) items.push(this.value(depth + 1));
    return items;
  }

  private map(size: number, depth: number): Record<string, unknown> {
    const entries: [string, unknown][] = [];
    for (let index = 0; index < size; index += 1) {
      const key = this.value(depth + 1);
      entries.push([typeof key === "string" ? key : JSON.stringify(key), this.value(depth + 1)]);
    }
    return Object.fromEntries(entries);
  }
}

/** Large whole numbers stay exact as text. */
function small(value: bigint): number | string {
  return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value.toString();
}

export type Decoded = { readonly ok: true; readonly value: unknown } | { readonly ok: false };

/** Decodes one value; bytes that are none, or more than one, are refused. */
export function decodeMsgpack(bytes: Uint8Array): Decoded {
  try {
    const reader = new Reader(bytes);
    const value = reader.value(0);
    return reader.done ? { ok: true, value } : { ok: false };
  } catch {
    return { ok: false };
  }
}
