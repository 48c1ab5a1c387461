/** Where files of a person's machine go in the platform's store. */

export type LinkKind = "file" | "folder" | "dataframe";

/** A file that somebody chose; the path begins with the chosen folder, and is empty for a file alone. */
export interface Chosen {
  readonly name: string;
  readonly webkitRelativePath: string;
}

export interface Place {
  readonly filenameRoot: string;
  readonly filename: string;
}

/** What a data frame's only file is called: as the SDK calls it. */
const FRAME_FILE = "00000";

/** A file alone lies below its sum, so that the same file is the same input to the cache; a folder's files lie below a
 * name that nobody else has, as they lay in the folder. */
export function placeOf({ name, webkitRelativePath }: Chosen, what: LinkKind, root: string): Place {
  if (what !== "folder") return { filenameRoot: "", filename: what === "dataframe" ? FRAME_FILE : name };
  return { filenameRoot: [root, ...webkitRelativePath.split("/").slice(1, -1)].join("/"), filename: name };
}

/** The address of what was sent, from that of its last file: of the file itself, or of the folder around all of them. */
export function addressOf(nativeUrl: string, what: LinkKind, root: string): string {
  if (what === "file") return nativeUrl;
  const below = what === "dataframe" ? `/${FRAME_FILE}` : nativeUrl.slice(nativeUrl.indexOf(`/${root}/`) + root.length + 1);
  return nativeUrl.slice(0, nativeUrl.length - below.length);
}

/** A name that nobody else has: 32 hexadecimal digits, as the SDK's. */
export function rootOf(random: Uint8Array): string {
  return [...random].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Why a browser may not send a file there, or `undefined`. Pages may send only to where they come from. */
export function refusalOf(signedUrl: string, origin: string): string | undefined {
  const theirs = new URL(signedUrl, origin).origin;
  return theirs === origin ? undefined : `The server takes files at ${theirs}, and this page comes from ${origin}: a browser may not send them there. Open the console at ${theirs}, or give the address of a file that is in the store already.`;
}
