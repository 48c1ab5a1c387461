/** Inputs and outputs, rendered by what they are. */
import { createContext, type JSX, useContext, useMemo, useState } from "react";

import { visible } from "../lib/ansi";
import { exactMoment, exactSpan, jsonText } from "../lib/exact";
import type { NamedValue, ValueView } from "../lib/model";
import { local } from "../lib/time";
import { Copy } from "./controls";

/** Longer texts and lists are folded until somebody asks for them, and then unfold part by part. */
const LONG_TEXT = 2_000;
const MORE_TEXT = 100_000;
const LONG_LIST = 50;
const MORE_LIST = 1_000;

export type LinkValue = Extract<ValueView, { kind: "link" }>;

/** Shows what is behind a link, where somebody knows how. */
export const LinkExtra = createContext<((link: LinkValue) => JSX.Element | null) | undefined>(undefined);

export function Values({ values, none }: { readonly values: readonly NamedValue[]; readonly none: string }): JSX.Element {
  if (values.length === 0) return <p className="soft">{none}</p>;
  return (
    <dl className="facts">
      {values.map(({ name, value }) => (
        <div key={name} style={{ display: "contents" }}>
          <dt className="mono">{visible(name)}</dt>
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
      return <span>{`${local(value.at)} (${exactMoment(value.at, value.nanos)})`}</span>;
    case "duration":
      return <span>{exactSpan(value.nanos)}</span>;
    case "json":
      return <Json value={value.value} />;
    case "list":
      return <List items={value.items.map((item, index) => ({ name: String(index), value: item }))} none="empty list" />;
    case "map":
      return <List items={value.entries} none="empty" />;
    case "link":
      return <Link value={value} />;
    case "error":
      return <span className="error-text">{visible(value.message)}</span>;
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
        <code>{visible(value.uri)}</code>
        <Copy text={value.uri} label="Copy address" />
      </span>
      {extra?.(value)}
    </div>
  );
}

function LongText({ text }: { readonly text: string }): JSX.Element {
  const [shown, setShown] = useState(LONG_TEXT);
  const part = useMemo(() => visible(text.slice(0, shown)), [text, shown]);
  if (text === "") return <code className="soft">empty text</code>;
  const long = text.length > LONG_TEXT || text.includes("\n");
  if (!long) return <code>{part}</code>;
  return (
    <>
      <pre className="well" tabIndex={0}>{part}</pre>
      <More shown={shown} all={text.length} step={MORE_TEXT} what="characters" onMore={setShown} />
    </>
  );
}

function Json({ value }: { readonly value: unknown }): JSX.Element {
  const text = useMemo(() => jsonText(value), [value]);
  return text.length < 60 && !text.includes("\n") ? <code>{visible(text)}</code> : <LongText text={text} />;
}

function List({ items, none }: { readonly items: readonly NamedValue[]; readonly none: string }): JSX.Element {
  const [shown, setShown] = useState(LONG_LIST);
  if (items.length === 0) return <span className="soft">{none}</span>;
  return (
    <div className="value">
      <ul>
        {items.slice(0, shown).map(({ name, value }) => (
          <li key={name} className="line">
            <span className="soft mono">{visible(name)}</span>
            <Value value={value} />
          </li>
        ))}
      </ul>
      <More shown={shown} all={items.length} step={MORE_LIST} what="items" onMore={setShown} />
    </div>
  );
}

interface MoreProps {
  readonly shown: number;
  readonly all: number;
  readonly step: number;
  readonly what: string;
  readonly onMore: (shown: number) => void;
}

/** The next part of something long: all of it at once would stop the page. */
function More({ shown, all, step, what, onMore }: MoreProps): JSX.Element | null {
  if (shown >= all) return null;
  const next = Math.min(shown + step, all);
  return (
    <button type="button" className="quiet small" onClick={() => onMore(next)}>
      {next === all ? `Show all ${all.toLocaleString()} ${what}` : `Show ${(next - shown).toLocaleString()} more of ${all.toLocaleString()} ${what}`}
    </button>
  );
}
