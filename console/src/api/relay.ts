/** One stream to the server for everything that is watched, in a worker that all tabs share or in the page itself. It
 * knows names and cursors; what is watched and what is said passes through as JSON, so that a worker needs no part of
 * the console. */

/** What is said to the relay. */
export type ToRelay =
  | { readonly kind: "watch"; readonly id: string; readonly cursor: string; readonly target: Readonly<Record<string, unknown>> }
  | { readonly kind: "drop"; readonly id: string }
  /** The tab is still there; a tab that is silent for long is not. */
  | { readonly kind: "alive" }
  | { readonly kind: "bye" };

/** What the relay says: messages of the stream as they came, and that the stream broke. */
export type FromRelay = { readonly kind: "said"; readonly id: string; readonly message: Said } | { readonly kind: "down"; readonly id: string };

/** What a tab hears. It was silent for long, so that the worker has forgotten it: if it still lives, it begins anew. */
export type ToTab = FromRelay | { readonly kind: "gone" };

/** The part of a message that the relay reads. */
export interface Said {
  readonly id: string;
  readonly cursor?: string;
  readonly ended?: unknown;
  readonly refused?: unknown;
}

const ADDRESS = "/wingbeat.platform.v1.MultiWatchService/WatchMany";
const FIRST_WAIT = 300;
const LONGEST_WAIT = 5_000;
/** Several changes of the list, as when a page opens, make one new stream. */
const SETTLE = 15;
/** The server says something at least every fifteen seconds; a stream that is silent for longer is dead. */
const SILENCE = 45_000;
/** The server takes so many watches in one stream. */
const MOST = 64;
/** Flags of an envelope: the last one of a stream, which says how it ended. */
const END = 2;

interface Watch {
  cursor: string;
  heard: boolean;
  readonly target: Readonly<Record<string, unknown>>;
}

/** The server will not serve a list, because of something in it. */
class Refused extends Error {
  constructor(
    readonly ids: readonly string[],
    readonly reason: { readonly code: string; readonly message?: string },
  ) {
    super(reason.code);
  }
}

interface Asked {
  readonly id: string;
}

export class Relay {
  /** A list was refused: what was never answered is asked for alone, so that one refusal does not silence the others. */
  private alone = false;
  private readonly watches = new Map<string, Watch>();
  private connection: AbortController | undefined;
  private settling: ReturnType<typeof setTimeout> | undefined;
  private wait = FIRST_WAIT;

  constructor(private readonly tell: (message: FromRelay) => void) {}

  watch(id: string, cursor: string, target: Readonly<Record<string, unknown>>): void {
    this.watches.set(id, { cursor, target, heard: false });
    this.again(SETTLE);
  }

  drop(id: string): void {
    if (this.watches.delete(id)) this.again(SETTLE);
  }

  /** Opens a new stream after a while; the old one goes on until then. */
  private again(after: number): void {
    clearTimeout(this.settling);
    this.settling = setTimeout(() => {
      this.connection?.abort();
      this.connection = undefined;
      if (this.watches.size > 0) void this.connect();
    }, after);
  }

  private async connect(): Promise<void> {
    const connection = new AbortController();
    this.connection = connection;
    try {
      await Promise.race(this.lists().map((list) => this.read(connection, list)));
    } catch (error) {
      // Whatever else happened, the stream is over: what matters is whether it was given up.
      if (error instanceof Refused && this.connection === connection) this.refuse(error);
    }
    connection.abort();
    if (this.connection !== connection) return;
    for (const id of this.watches.keys()) this.tell({ kind: "down", id });
    this.again(this.wait * (0.75 + Math.random() / 2));
    this.wait = Math.min(this.wait * 2, LONGEST_WAIT);
  }

  private refuse({ ids, reason }: Refused): void {
    const [id, ...others] = ids;
    this.alone = others.length > 0;
    if (id !== undefined && !this.alone && this.watches.delete(id)) this.tell({ kind: "said", id, message: { id, refused: reason } });
    this.connection = undefined;
    this.again(0);
  }

  /** What is watched, in lists that the server takes. */
  private lists(): readonly (readonly Asked[])[] {
    const asked = (alone: boolean): Asked[] => [...this.watches].flatMap(([id, { cursor, target, heard }]) => ((this.alone && !heard) === alone ? [{ id, cursor, ...target }] : []));
    const together = asked(false);
    const lists = Array.from({ length: Math.ceil(together.length / MOST) }, (_, index) => together.slice(index * MOST, (index + 1) * MOST));
    return [...lists, ...asked(true).map((one) => [one])];
  }

  private async read(connection: AbortController, subscriptions: readonly Asked[]): Promise<void> {
    let silence = setTimeout(() => connection.abort(), SILENCE);
    try {
      for await (const message of messages(JSON.stringify({ subscriptions }), connection.signal)) {
        clearTimeout(silence);
        silence = setTimeout(() => connection.abort(), SILENCE);
        if (this.connection !== connection) return;
        if ("error" in message) {
          const reason = message.error;
          throw reason.code === "invalid_argument" ? new Refused(subscriptions.map((one) => one.id), reason) : new Error(reason.code);
        }
        this.wait = FIRST_WAIT;
        this.heard(message);
      }
    } finally {
      clearTimeout(silence);
    }
  }

  private heard(message: Said): void {
    const watch = this.watches.get(message.id);
    if (watch === undefined) return;
    watch.heard = true;
    if (message.cursor !== undefined) watch.cursor = message.cursor;
    // The stream goes on without it.
    if (message.ended !== undefined || message.refused !== undefined) this.watches.delete(message.id);
    this.tell({ kind: "said", id: message.id, message });
  }
}

/** Messages of one stream in the Connect protocol: each in an envelope of a flag, its length and JSON. */
async function* messages(request: string, signal: AbortSignal): AsyncGenerator<Said | { readonly error: Refused["reason"] }> {
  // eslint-disable-next-line no-restricted-globals -- generated clients would make the worker as large as the console
  const answer = await fetch(ADDRESS, { method: "POST", headers: { "content-type": "application/connect+json", "connect-protocol-version": "1" }, body: enveloped(request), signal });
  if (!answer.ok || answer.body === null) throw new Error(`status ${String(answer.status)}`);
  const reader = answer.body.getReader();
  let rest = new Uint8Array(0);
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    rest = joined(rest, value);
    for (let envelope = first(rest); envelope !== undefined; envelope = first(rest)) {
      rest = rest.subarray(envelope.length);
      if ((envelope.flags & END) === 0) yield JSON.parse(envelope.text) as Said;
      else {
        const { error } = JSON.parse(envelope.text) as { readonly error?: Refused["reason"] };
        if (error !== undefined) yield { error };
        return;
      }
    }
  }
}

const HEAD = 5;

export function enveloped(text: string): Uint8Array<ArrayBuffer> {
  const body = new TextEncoder().encode(text);
  const all = new Uint8Array(HEAD + body.length);
  new DataView(all.buffer).setUint32(1, body.length);
  all.set(body, HEAD);
  return all;
}

interface Envelope {
  readonly flags: number;
  readonly text: string;
  /** Bytes with its head. */
  readonly length: number;
}

/** The envelope that the bytes begin with, when all of it is there. */
export function first(bytes: Uint8Array): Envelope | undefined {
  if (bytes.length < HEAD) return undefined;
  const length = HEAD + new DataView(bytes.buffer, bytes.byteOffset, HEAD).getUint32(1);
  if (bytes.length < length) return undefined;
  return { flags: bytes[0] ?? 0, text: new TextDecoder().decode(bytes.subarray(HEAD, length)), length };
}

export function joined(left: Uint8Array, right: Uint8Array): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(left.length + right.length);
  all.set(left);
  all.set(right, left.length);
  return all;
}
