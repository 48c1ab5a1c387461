/** Inputs and outputs, rendered by what they are. */
import { createContext, type JSX, useContext, useState } from "react";

import type { NamedValue, ValueView } from "../lib/model";
import { duration, exact } from "../lib/time";
import { Copy } from "./controls";

/** Longer texts and lists are folded until somebody asks for them. */
const LONG_TEXT = 2_000;
const LONG_LIST = 50;

export type LinkValue = Extract<ValueView, { kind: "link" }>;

/** Shows what is behind a link, where somebody knows how. */
export const LinkExtra = createContext<((link: LinkValue) => JSX.Element | null) | undefined>(undefined);

export function Values({ values, none }: { readonly values: readonly NamedValue[]; readonly none: string }): JSX.Element {
  if (values.length === 0) return <p className="soft">{none}</p>;
  return (
    <dl className="facts">
      {values.map(({ name, value }) => (
        <div key={name} style={{ display: "contents" }}>
          <dt className="mono">{name}</dt>
          <dd>
            <Value value={value} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

export function Value({ value }: { readonly value: ValueView }): JSX.Element {
  switch (value.kind) {
    case "none":
      return <code className="soft">None</code>;
    case "text":
      return <LongText text={value.text} />;
    case "number":
      return <code className="number">{value.text}</code>;
    case "bool":
      return <code>{value.value ? "True" : "False"}</code>;
    case "time":
      return <span>{exact(value.at)}</span>;
    case "duration":
      return <span title={`${String(value.ms)} ms`}>{duration(value.ms)}</span>;
    case "json":
      return <Json value={value.value} />;
    case "list":
      return <List items={value.items.map((item, index) => ({ name: String(index), value: item }))} none="empty list" />;
    case "map":
      return <List items={value.entries} none="empty" />;
    case "link":
      return <Link value={value} />;
    case "error":
      return <span className="error-text">{value.message}</span>;
    case "bytes":
      return <span className="soft">{`${value.size.toLocaleString()} bytes${value.tag === "" ? "" : ` of ${value.tag}`}`}</span>;
    case "unknown":
      return <span className="soft">a value that this console does not know</span>;
    default:
      return value satisfies never;
  }
}

function Link({ value }: { readonly value: LinkValue }): JSX.Element {
  const extra = useContext(LinkExtra);
  return (
    <div className="stack value" style={{ gap: 4 }}>
      <span className="line wrap">
        <span className="label">{value.format === "" ? value.what : `${value.what}, ${value.format}`}</span>
        <code>{value.uri}</code>
        <Copy text={value.uri} label="Copy address" />
      </span>
      {extra?.(value)}
    </div>
  );
}

function LongText({ text }: { readonly text: string }): JSX.Element {
  const [all, setAll] = useState(false);
  if (text === "") return <code className="soft">empty text</code>;
  const long = text.length > LONG_TEXT || text.includes("\n");
  if (!long) return <code>{text}</code>;
  return (
    <>
      <pre className="well" tabIndex={0}>{all ? text : text.slice(0, LONG_TEXT)}</pre>
      {text.length > LONG_TEXT && !all && (
        <button type="button" className="quiet small" onClick={() => setAll(true)}>
          Show all {text.length.toLocaleString()} characters
        </button>
      )}
    </>
  );
}

function Json({ value }: { readonly value: unknown }): JSX.Element {
  const text = JSON.stringify(value, null, 2);
  return text.length < 60 && !text.includes("\n") ? <code>{text}</code> : <LongText text={text} />;
}

function List({ items, none }: { readonly items: readonly NamedValue[]; readonly none: string }): JSX.Element {
  const [all, setAll] = useState(false);
  if (items.length === 0) return <span className="soft">{none}</span>;
  const shown = all ? items : items.slice(0, LONG_LIST);
  return (
    <div className="value">
      <ul>
        {shown.map(({ name, value }) => (
          <li key={name} className="line">
            <span className="soft mono">{name}</span>
            <Value value={value} />
          </li>
        ))}
      </ul>
      {shown.length < items.length && (
        <button type="button" className="quiet small" onClick={() => setAll(true)}>
          Show all {items.length.toLocaleString()}
        </button>
      )}
    </div>
  );
}
