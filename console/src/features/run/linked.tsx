/** What is behind a link in an action's data: a file to download or to look at, a folder, the first rows of a frame. */
import { type JSX, useState } from "react";

import { COLUMNS_SHOWN, download, useFiles, useFrame, usePicture, useText } from "../../api/files";
import { problemOf } from "../../api/transport";
import { visible } from "../../lib/ansi";
import { previewOf, size } from "../../lib/cells";
import { filesInWords } from "../../lib/frame";
import type { FileRow, LinkKey } from "../../lib/model";
import { Copy } from "../../ui/controls";
import { Loading } from "../../ui/states";

interface Props {
  readonly link: LinkKey;
  readonly what: "file" | "folder" | "dataframe";
}

export function Linked({ link, what }: Props): JSX.Element {
  switch (what) {
    case "file":
      return <OneFile link={link} path="" name={link.uri} />;
    case "folder":
      return <Folder link={link} />;
    case "dataframe":
      return (
        <>
          <Frame link={link} />
          <Folder link={link} />
        </>
      );
    default:
      return what satisfies never;
  }
}

function Folder({ link }: { readonly link: LinkKey }): JSX.Element {
  const [open, setOpen] = useState(false);
  const files = useFiles(link, open);
  const all = files.data?.pages.flatMap((page) => page.files) ?? [];
  return (
    <div className="stack" style={{ gap: 4 }}>
      <span>
        <button type="button" className="quiet small" aria-expanded={open} onClick={() => setOpen(!open)}>
          {open ? "Hide its files" : "Show its files"}
        </button>
      </span>
      {open && files.isPending && <Loading what="files" rows={2} />}
      {open && files.isError && <p className="error-text">{problemOf(files.error).message}</p>}
      {open && all.length > 0 && (
        <ul className="stack" style={{ gap: 2 }} aria-label="files">
          {all.map((file) => (
            <li key={file.path}>
              <OneFile link={link} path={file.path} name={file.path === "" ? link.uri : file.path} file={file} />
            </li>
          ))}
        </ul>
      )}
      {open && files.hasNextPage && (
        <button type="button" className="quiet small" onClick={() => void files.fetchNextPage()}>
          More files
        </button>
      )}
    </div>
  );
}

interface OneProps {
  readonly link: LinkKey;
  readonly path: string;
  readonly name: string;
  readonly file?: FileRow;
}

function OneFile({ link, path, name, file }: OneProps): JSX.Element {
  const [shown, setShown] = useState(false);
  const [problem, setProblem] = useState("");
  const preview = previewOf(name);
  const save = async (): Promise<void> => {
    setProblem("");
    try {
      await download(link, path);
    } catch (error) {
      setProblem(problemOf(error).message);
    }
  };
  const short = visible(name.slice(name.lastIndexOf("/") + 1));
  return (
    <div className="stack" style={{ gap: 4 }}>
      <span className="line wrap">
        {path !== "" && <code>{visible(path)}</code>}
        {file !== undefined && <span className="soft small number">{size(file.size)}</span>}
        <button type="button" className="quiet small" onClick={() => void save()} aria-label={`Download ${short}`}>
          Download
        </button>
        {path !== "" && <Copy text={`${link.uri.replace(/\/+$/, "")}/${path}`} label="Copy address" />}
        {preview !== undefined && (
          <button type="button" className="quiet small" aria-expanded={shown} aria-label={`${shown ? "Hide" : "Show"} ${short}`} onClick={() => setShown(!shown)}>
            {shown ? "Hide" : "Show"}
          </button>
        )}
      </span>
      {problem !== "" && (
        <p className="error-text" role="alert">
          {problem}
        </p>
      )}
      {shown && (preview === "image" ? <Picture link={link} path={path} name={short} /> : <Text link={link} path={path} />)}
    </div>
  );
}

function Picture({ link, path, name }: { readonly link: LinkKey; readonly path: string; readonly name: string }): JSX.Element {
  const picture = usePicture(link, path, name, true);
  if (picture.isError) return <p className="error-text">{problemOf(picture.error).message}</p>;
  if (picture.isPending) return <Loading what="the picture" rows={2} />;
  if (picture.data === null) return <p className="soft">It is too large to be shown here.</p>;
  return <img className="picture" src={picture.data} alt={name} />;
}

function Text({ link, path }: { readonly link: LinkKey; readonly path: string }): JSX.Element {
  const text = useText(link, path, true);
  if (text.isError) return <p className="error-text">{problemOf(text.error).message}</p>;
  if (text.data === undefined) return <Loading what="the text" rows={2} />;
  return (
    <>
      <pre className="well" tabIndex={0}>{visible(text.data.text)}</pre>
      {text.data.cut && <p className="soft small">Only its beginning is shown.</p>}
    </>
  );
}

function Frame({ link }: { readonly link: LinkKey }): JSX.Element {
  const [asked, setAsked] = useState(false);
  const frame = useFrame(link, asked);
  if (frame.isError) return <p className="soft">Its first rows cannot be shown: {problemOf(frame.error).message}</p>;
  if (frame.data === undefined) return <Loading what="the first rows" rows={3} />;
  const { columns, rows, cost, total, files, moreFiles } = frame.data;
  return (
    <div className="stack" style={{ gap: 4 }}>
      <p className="soft small number" style={{ whiteSpace: "normal" }}>
        {total.toLocaleString()} {total === 1 ? "row" : "rows"}
        {filesInWords(files, moreFiles)}, {columns.length.toLocaleString()} {columns.length === 1 ? "column" : "columns"}
        {columns.length > COLUMNS_SHOWN && `, of which ${String(COLUMNS_SHOWN)} are shown`}
      </p>
      {rows === undefined && (
        <span>
          <button type="button" disabled={asked} onClick={() => setAsked(true)}>
            {asked ? `Reading ${size(cost)} …` : `Read ${size(cost)} to show its first rows`}
          </button>
        </span>
      )}
      {rows !== undefined && rows.length > 0 && <FrameRows columns={columns.slice(0, COLUMNS_SHOWN)} rows={rows} />}
    </div>
  );
}

function FrameRows({ columns, rows }: { readonly columns: readonly string[]; readonly rows: readonly (readonly string[])[] }): JSX.Element {
  return (
    <div className="frame-rows" tabIndex={0} role="group" aria-label="first rows">
      <table className="table">
        <thead>
          <tr>
            {columns.map((name) => (
              <th key={name}>{visible(name)}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <tr key={index}>
              {row.map((text, column) => (
                <td key={column} className="number">
                  {visible(text)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
