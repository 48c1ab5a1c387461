/** The address of a file, a folder or a data frame: written, or that of one from the person's machine, which is sent first. */
import { type JSX, useEffect, useRef, useState } from "react";

import { reasonOf, upload } from "../../api/upload";
import { size } from "../../lib/cells";
import type { Scope } from "../../lib/model";
import type { LinkKind } from "../../lib/upload";

interface Props {
  readonly scope: Scope;
  readonly what: LinkKind;
  readonly name: string;
  /** What the field of the address is given beside its text. */
  readonly field: JSX.IntrinsicElements["input"];
  readonly onText: (text: string) => void;
  readonly onBusy: (busy: boolean) => void;
}

type Sending =
  | { readonly state: "none" }
  | { readonly state: "sending"; readonly sent: number; readonly all: number; readonly stop: () => void }
  | { readonly state: "sent"; readonly words: string }
  | { readonly state: "failed"; readonly message: string };

const CHOOSE: Readonly<Record<LinkKind, string>> = { file: "Choose a file", folder: "Choose a folder", dataframe: "Choose a Parquet file" };

export function LinkInput({ scope, what, name, field, onText, onBusy }: Props): JSX.Element {
  const chooser = useRef<HTMLInputElement>(null);
  const { sending, send, forget } = useSending(scope, what, onText, onBusy);
  return (
    <>
      <div className="line wrap">
        <input
          type="text"
          className="grow"
          {...field}
          onChange={(event) => {
            forget();
            onText(event.target.value);
          }}
        />
        {/* The button opens it: it is nothing that one could see or reach otherwise. */}
        <input
          ref={chooser}
          type="file"
          hidden
          data-chooser={name}
          accept={what === "dataframe" ? ".parquet,.parq" : undefined}
          {...(what === "folder" && { webkitdirectory: "" })}
          onChange={(event) => {
            void send([...(event.target.files ?? [])]);
            // The same file may be chosen again.
            event.target.value = "";
          }}
        />
        {sending.state === "sending" ? (
          <button type="button" onClick={sending.stop} aria-label={`Stop sending ${name}`}>
            Stop
          </button>
        ) : (
          <button type="button" onClick={() => chooser.current?.click()} aria-label={`${CHOOSE[what]} for ${name}`}>
            {CHOOSE[what]}
          </button>
        )}
      </div>
      <Progress sending={sending} name={name} />
    </>
  );
}

function Progress({ sending, name }: { readonly sending: Sending; readonly name: string }): JSX.Element {
  return (
    <>
      {sending.state === "sending" && (
        <span className="line small">
          <progress className="grow" max={Math.max(1, sending.all)} value={sending.sent} aria-label={`sending ${name}`} />
          <span className="soft number">
            {size(sending.sent)} of {size(sending.all)}
          </span>
        </span>
      )}
      <span className="soft small" role="status">
        {sending.state === "sent" && sending.words}
      </span>
      {sending.state === "failed" && (
        <p className="error-text" role="alert">
          {sending.message}
        </p>
      )}
    </>
  );
}

/** One sending at a time; it ends with the form. */
function useSending(scope: Scope, what: LinkKind, onText: (text: string) => void, onBusy: (busy: boolean) => void) {
  const [sending, setSending] = useState<Sending>({ state: "none" });
  const under = useRef<AbortController>(undefined);
  useEffect(() => () => under.current?.abort(), []);
  const send = async (files: readonly File[]): Promise<void> => {
    if (files.length === 0) return;
    const control = new AbortController();
    under.current = control;
    const all = files.reduce((sum, file) => sum + file.size, 0);
    const show = (sent: number): void => setSending({ state: "sending", sent, all, stop: () => control.abort() });
    show(0);
    onBusy(true);
    try {
      onText(await upload(scope, what, files, (bytes) => !control.signal.aborted && show(bytes), control.signal));
      setSending({ state: "sent", words: `${files.length === 1 ? (files[0]?.name ?? "") : `${files.length.toLocaleString()} files`}, ${size(all)}: in the platform's store now.` });
    } catch (error) {
      // What was sent of it stays unused.
      setSending(control.signal.aborted ? { state: "none" } : { state: "failed", message: reasonOf(error) });
      control.abort();
    }
    onBusy(false);
  };
  return { sending, send, forget: () => sending.state !== "sending" && setSending({ state: "none" }) };
}
