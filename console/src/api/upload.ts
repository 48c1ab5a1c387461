/** Files of a person's machine on their way into the platform's store, by the calls that the SDK makes. */
import { md5 } from "@noble/hashes/legacy.js";

import type { Scope } from "../lib/model";
import { addressOf, type LinkKind, placeOf, refusalOf, rootOf } from "../lib/upload";
import { dataService, problemOf } from "./transport";

/** A browser opens six connections, and the page needs some of them. */
const AT_ONCE = 3;
/** How long a signed address is good: a slow line may need that. */
const LIFE_SECONDS = 3_600n;

/** Why a file did not get there, in words for whoever chose it. */
class NotSent extends Error {}

export function reasonOf(error: unknown): string {
  return error instanceof NotSent ? error.message : problemOf(error).message;
}

/** Sends files, and answers with the address of the file, or of the folder that they lie in. `onSent` hears of bytes. */
export async function upload(scope: Scope, what: LinkKind, files: readonly File[], onSent: (bytes: number) => void, signal: AbortSignal): Promise<string> {
  const root = rootOf(crypto.getRandomValues(new Uint8Array(16)));
  const sent = new Map<File, number>();
  const queue = [...files];
  let address = "";
  const work = async (): Promise<void> => {
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
      const one = file;
      const native = await send(scope, placeOf(one, what, root), one, signal, (bytes) => {
        sent.set(one, bytes);
        onSent([...sent.values()].reduce((sum, each) => sum + each, 0));
      });
      address = addressOf(native, what, root);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return address;
}

async function send(scope: Scope, place: { readonly filenameRoot: string; readonly filename: string }, file: File, signal: AbortSignal, onSent: (bytes: number) => void): Promise<string> {
  const { project, domain } = scope;
  const contentMd5 = await sumOf(file, signal);
  const answer = await dataService.createUploadLocation({ project, domain, ...place, contentMd5, contentLength: BigInt(file.size), expiresIn: { seconds: LIFE_SECONDS } }, { signal });
  const refusal = refusalOf(answer.signedUrl, window.location.origin);
  if (refusal !== undefined) throw new NotSent(refusal);
  await put(answer.signedUrl, answer.headers, file, signal, onSent);
  return answer.nativeUrl;
}

/** The API wants MD5 of every upload, which browsers do not have. Read part by part: a file may be larger than what fits
 * into a page. */
async function sumOf(file: File, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
  const sum = md5.create();
  const reader = file.stream().getReader();
  for (let part = await reader.read(); part.value !== undefined; part = await reader.read()) {
    signal.throwIfAborted();
    sum.update(part.value);
  }
  return new Uint8Array(sum.digest());
}

/** Only this old kind of request says how much has been sent. */
function put(url: string, headers: Readonly<Record<string, string>>, file: File, signal: AbortSignal, onSent: (bytes: number) => void): Promise<void> {
  return new Promise((done, failed) => {
    const request = new XMLHttpRequest();
    request.upload.onprogress = ({ loaded }) => onSent(loaded);
    request.onload = () => {
      if (request.status < 300) done();
      else failed(new NotSent(`The server did not take ${file.name}: ${request.responseText.slice(0, 300) || `status ${String(request.status)}`}`));
    };
    request.onerror = () => failed(new NotSent(`The connection broke while ${file.name} was sent. Choose it again to send it again.`));
    request.onabort = () => failed(signal.reason);
    signal.addEventListener("abort", () => request.abort(), { once: true });
    request.open("PUT", url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.send(file);
  });
}
