/** Small controls that several views share. */
import { type JSX, type ReactNode, useId, useState } from "react";

import { Dialog } from "./dialog";

/** Longer texts are no help on hover. */
const LONG_TITLE = 300;

/** Copies a text, and says so. A text that costs something to make is made when it is copied. */
export function Copy({ text, label }: { readonly text: string | (() => string); readonly label: string }): JSX.Element {
  const [copied, setCopied] = useState(false);
  const copy = async (): Promise<void> => {
    const given = typeof text === "string" ? text : text();
    try {
      await navigator.clipboard.writeText(given);
      setCopied(true);
      setTimeout(() => setCopied(false), 1_500);
    } catch {
      // Without a secure context there is no clipboard: the text is shown to be copied by hand.
      window.prompt("Copy this:", given);
    }
  };
  return (
    <button type="button" className="quiet small" title={typeof text === "string" && text.length <= LONG_TITLE ? text : undefined} onClick={() => void copy()}>
      <svg width="13" height="13" viewBox="0 0 16 16" fill="none" stroke="currentColor" strokeWidth="1.6" aria-hidden="true">
        <path d="M5.5 5.5h8v8h-8zM10.5 5V2.5h-8v8H5" />
      </svg>
      <span aria-live="polite">{copied ? "Copied" : label}</span>
    </button>
  );
}

export interface Tab {
  readonly id: string;
  readonly label: ReactNode;
}

/** Tabs whose choice lives in the address. */
export function Tabs({ tabs, chosen, onChoose, label }: { readonly tabs: readonly Tab[]; readonly chosen: string; readonly onChoose: (id: string) => void; readonly label: string }): JSX.Element {
  const move = (by: number): void => {
    const at = tabs.findIndex((tab) => tab.id === chosen);
    const next = tabs[(at + by + tabs.length) % tabs.length];
    if (next === undefined) return;
    onChoose(next.id);
    document.getElementById(`tab-${next.id}`)?.focus();
  };
  return (
    <div className="tabs" role="tablist" aria-label={label}>
      {tabs.map((tab) => (
        <button
          key={tab.id}
          id={`tab-${tab.id}`}
          type="button"
          role="tab"
          aria-selected={tab.id === chosen}
          tabIndex={tab.id === chosen ? 0 : -1}
          onClick={() => onChoose(tab.id)}
          onKeyDown={(event) => {
            if (event.key === "ArrowRight") move(1);
            else if (event.key === "ArrowLeft") move(-1);
          }}
        >
          {tab.label}
        </button>
      ))}
    </div>
  );
}

/** A question before something that cannot be taken back. */
export function Ask({ title, confirm, danger = false, onConfirm, onClose, children }: {
  readonly title: string;
  readonly confirm: string;
  readonly danger?: boolean;
  readonly onConfirm: () => Promise<void> | void;
  readonly onClose: () => void;
  readonly children?: ReactNode;
}): JSX.Element {
  const heading = useId();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const go = async (): Promise<void> => {
    setBusy(true);
    setProblem("");
    try {
      await onConfirm();
      onClose();
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
      setBusy(false);
    }
  };
  return (
    <Dialog heading={heading} onClose={onClose}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          void go();
        }}
      >
        <h2 id={heading}>{title}</h2>
        {children}
        {problem !== "" && (
          <p className="error-text" role="alert">
            {problem}
          </p>
        )}
        <div className="line wrap">
          <button type="submit" className={danger ? "danger" : "main"} disabled={busy}>
            {confirm}
          </button>
          <button type="button" onClick={onClose}>
            Go back
          </button>
        </div>
      </form>
    </Dialog>
  );
}
