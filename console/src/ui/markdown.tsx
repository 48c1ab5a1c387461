/** Shows the parts of a small Markdown. Elements are made here one by one; no text becomes HTML. */
import type { JSX } from "react";

import { visible } from "../lib/ansi";
import { type Block, type Inline, markdown } from "../lib/markdown";

export function Markdown({ text }: { readonly text: string }): JSX.Element {
  return (
    <div className="stack markdown">
      {markdown(text).map((block, index) => (
        <Part key={index} block={block} />
      ))}
    </div>
  );
}

function Part({ block }: { readonly block: Block }): JSX.Element {
  switch (block.kind) {
    case "paragraph":
      return (
        <p>
          <Words parts={block.parts} />
        </p>
      );
    case "heading":
      return (
        <h3>
          <Words parts={block.parts} />
        </h3>
      );
    case "quote":
      return (
        <blockquote>
          <Words parts={block.parts} />
        </blockquote>
      );
    case "list": {
      const items = block.items.map((parts, index) => (
        <li key={index}>
          <Words parts={parts} />
        </li>
      ));
      return block.ordered ? <ol>{items}</ol> : <ul>{items}</ul>;
    }
    case "code":
      return (
        <pre className="well" tabIndex={0}>
          {visible(block.text)}
        </pre>
      );
    case "rule":
      return <hr />;
    default:
      return block satisfies never;
  }
}

function Words({ parts }: { readonly parts: readonly Inline[] }): JSX.Element {
  return (
    <>
      {parts.map((part, index) => (
        <Word key={index} part={part} />
      ))}
    </>
  );
}

function Word({ part }: { readonly part: Inline }): JSX.Element {
  switch (part.kind) {
    case "text":
      return <>{visible(part.text)}</>;
    case "code":
      return <code>{visible(part.text)}</code>;
    case "strong":
      return (
        <strong>
          <Words parts={part.parts} />
        </strong>
      );
    case "em":
      return (
        <em>
          <Words parts={part.parts} />
        </em>
      );
    case "link":
      return (
        <a href={part.href} target="_blank" rel="noreferrer noopener">
          <Words parts={part.parts} />
        </a>
      );
    default:
      return part satisfies never;
  }
}
