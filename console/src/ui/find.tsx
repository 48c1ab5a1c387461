/** A field whose text lives in the address. What is typed stands in it at once; the address follows when the typing pauses. */
import { type JSX, useEffect, useRef, useState } from "react";

import { hearing, isNews, telling, typedOf, typing } from "../lib/typed";

interface Props {
  readonly label: string;
  readonly text: string;
  readonly onText: (text: string) => void;
  /** Keys of the page lead to it. */
  readonly search?: boolean;
  readonly className?: string;
  readonly size?: number;
}

/** The server may be asked for it, so not for every letter. */
const SETTLE = 250;

export function Find({ label, text, onText, search = true, className = "", size }: Props): JSX.Element {
  const [state, setState] = useState(() => typedOf(text));
  if (state.seen !== text) setState(hearing(state, text));
  const news = isNews(state);
  const tell = (): void => {
    setState(telling(state));
    onText(state.text);
  };
  const latest = useRef(tell);
  useEffect(() => {
    latest.current = tell;
  });
  useEffect(() => {
    if (!news) return undefined;
    const timer = setTimeout(() => latest.current(), SETTLE);
    return () => clearTimeout(timer);
  }, [news, state.text]);
  return (
    <input
      type={search ? "search" : "text"}
      className={className}
      placeholder={label}
      aria-label={label}
      value={state.text}
      {...(size !== undefined && { size })}
      {...(search && { "data-search": true })}
      onChange={(event) => setState(typing(state, event.target.value))}
      onKeyDown={(event) => {
        if (event.key === "Enter" && news) tell();
        else if (event.key === "Escape") event.currentTarget.blur();
      }}
    />
  );
}
