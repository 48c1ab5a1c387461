/** Files behind the links in an action's data: lists, downloads, and the first rows of data frames. */
import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import type { RowGroup as WireGroup } from "hyparquet";

import { cell, imageType } from "../lib/cells";
import { costOf, MOST_UNASKED, type RowGroup } from "../lib/frame";
import type { FileRow, FrameView, LinkKey } from "../lib/model";
import { actionId } from "./ids";
import { filesService } from "./transport";

const PAGE = 200;
/** What is shown of a text, and the largest picture that is shown. */
export const TEXT_SHOWN = 64 * 1_024;
export const PICTURE_SHOWN = 8 * 1_024 * 1_024;
/** Rows and columns that are shown of a data frame. */
export const ROWS_SHOWN = 20;
export const COLUMNS_SHOWN = 60;

export function useFiles(link: LinkKey, enabled: boolean) {
  return useInfiniteQuery({
    queryKey: ["files", link],
    enabled,
    staleTime: Infinity,
    initialPageParam: "",
    queryFn: async ({ pageParam, signal }): Promise<{ readonly files: readonly FileRow[]; readonly next: string }> => {
      const answer = await filesService.listFiles({ actionId: actionId(link.run, link.action), uri: link.uri, limit: PAGE, token: pageParam }, { signal });
      return { files: answer.files.map((file) => ({ path: file.path, size: Number(file.size) })), next: answer.token };
    },
    getNextPageParam: (page) => (page.next === "" ? undefined : page.next),
  });
}

async function linkTo(link: LinkKey, path: string, signal?: AbortSignal): Promise<{ readonly url: string; readonly size: number }> {
  const answer = await filesService.createFileLink({ actionId: actionId(link.run, link.action), uri: link.uri, path }, signal && { signal });
  return { url: answer.signedUrl, size: Number(answer.size) };
}

/** Lets the browser save a file. The link is made when it is asked for: it is good for a while only. */
export async function download(link: LinkKey, path: string): Promise<void> {
  const { url } = await linkTo(link, path);
  const anchor = document.createElement("a");
  anchor.href = url;
  anchor.download = "";
  anchor.click();
}

/** Some bytes by a signed URL, which is no call of the API. */
async function bytes(url: string, from: number, to: number, signal?: AbortSignal): Promise<ArrayBuffer> {
  // eslint-disable-next-line no-restricted-globals -- a signed URL of the object store has no client of its own
  const answer = await fetch(url, { headers: { range: `bytes=${String(from)}-${String(to - 1)}` }, ...(signal && { signal }) });
  if (!answer.ok) throw new Error(`the file could not be read: ${(await answer.text()).slice(0, 200)}`);
  return answer.arrayBuffer();
}

/** The beginning of a text file. */
export function useText(link: LinkKey, path: string, enabled: boolean) {
  return useQuery({
    queryKey: ["file-text", link, path],
    enabled,
    staleTime: Infinity,
    retry: false,
    queryFn: async ({ signal }): Promise<{ readonly text: string; readonly cut: boolean }> => {
      const { url, size } = await linkTo(link, path, signal);
      if (size === 0) return { text: "", cut: false };
      const part = await bytes(url, 0, Math.min(size, TEXT_SHOWN), signal);
      return { text: new TextDecoder().decode(part), cut: size > TEXT_SHOWN };
    },
  });
}

/** A picture as an address that needs no other origin; `undefined`: it is too large. */
export function usePicture(link: LinkKey, path: string, name: string, enabled: boolean) {
  return useQuery({
    queryKey: ["file-picture", link, path],
    enabled,
    staleTime: Infinity,
    retry: false,
    queryFn: async ({ signal }): Promise<string | null> => {
      const { url, size } = await linkTo(link, path, signal);
      if (size === 0 || size > PICTURE_SHOWN) return null;
      const blob = new Blob([await bytes(url, 0, size, signal)], { type: imageType(name) });
      return new Promise((done, failed) => {
        const reader = new FileReader();
        reader.onload = () => done(String(reader.result));
        reader.onerror = () => failed(new Error("the picture could not be read"));
        reader.readAsDataURL(blob);
      });
    },
  });
}

/** The first rows of a data frame in Parquet; its reader is loaded when the first one is shown. Rows that cost much are
 * read when somebody asks for them. */
export function useFrame(link: LinkKey, asked: boolean) {
  return useQuery({
    queryKey: ["frame", link, asked],
    staleTime: Infinity,
    retry: false,
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }): Promise<FrameView> => {
      const { files, token } = await filesService.listFiles({ actionId: actionId(link.run, link.action), uri: link.uri, limit: PAGE }, { signal });
      const data = files.filter((file) => file.size > 0n && !file.path.split("/").some((part) => /^[._]/.test(part)));
      const counted = { files: data.length, moreFiles: token !== "" };
      const [first] = data;
      if (first === undefined) return { columns: [], rows: [], cost: 0, total: 0, ...counted };
      const { url, size } = await linkTo(link, first.path, signal);
      return { ...(await rowsOf(url, size, asked ? Number.MAX_SAFE_INTEGER : MOST_UNASKED, signal)), ...counted };
    },
  });
}

async function rowsOf(url: string, size: number, most: number, signal: AbortSignal): Promise<Omit<FrameView, "files" | "moreFiles">> {
  const { parquetMetadataAsync, parquetReadObjects } = await import("hyparquet");
  const file = { byteLength: size, slice: (from: number, to?: number) => bytes(url, from < 0 ? size + from : from, to ?? size, signal) };
  const metadata = await parquetMetadataAsync(file);
  const names = metadata.schema.length === 0 ? [] : topLevel(metadata.schema);
  const columns = names.slice(0, COLUMNS_SHOWN);
  const total = Number(metadata.num_rows);
  const cost = costOf(metadata.row_groups.map(groupOf), columns, Math.min(ROWS_SHOWN, total));
  if (cost > most) return { columns: names, rows: undefined, cost, total };
  const rows = columns.length === 0 ? [] : await parquetReadObjects({ file, metadata, columns, rowStart: 0, rowEnd: Math.min(ROWS_SHOWN, total), useOffsetIndex: true });
  return { columns: names, rows: rows.map((row) => columns.map((name) => cell(row[name]))), cost, total };
}

function groupOf({ num_rows, columns }: WireGroup): RowGroup {
  return { rows: Number(num_rows), chunks: columns.map(({ meta_data, offset_index_offset }) => ({ column: meta_data?.path_in_schema[0] ?? "", bytes: Number(meta_data?.total_compressed_size ?? 0n), indexed: offset_index_offset !== undefined })) };
}

/** Names of the columns: the children of the schema's root. */
function topLevel(schema: readonly { readonly name: string; readonly num_children?: number | undefined }[]): readonly string[] {
  const names: string[] = [];
  const skip = (at: number): number => {
    let next = at + 1;
    for (let child = 0; child < (schema[at]?.num_children ?? 0); child += 1) next = skip(next);
    return next;
  };
  for (let at = 1; at < schema.length; at = skip(at)) names.push(schema[at]?.name ?? "");
  return names;
}
