/** Keys of the whole page. Keys that are typed into a field belong to the field. */
import { useEffect, useRef } from "react";

/** What a key was pressed on, as far as keys of the page care; elements have all of it. */
export interface KeyTarget {
  readonly tagName: string;
  readonly type?: string;
  readonly isContentEditable: boolean;
  readonly closest: (selector: string) => unknown;
}

/** Inputs that take no letters. */
const NO_TEXT = new Set(["button", "checkbox", "color", "file", "image", "radio", "range", "reset", "submit"]);

/** Letters belong to it. */
export function takesLetters({ tagName, type = "text", isContentEditable }: KeyTarget): boolean {
  const tag = tagName.toLowerCase();
  return isContentEditable || tag === "textarea" || tag === "select" || (tag === "input" && !NO_TEXT.has(type));
}

/** Left and right do something else in it: they change tabs, walk through a drawing, or scroll to the side. */
export function takesArrows(target: KeyTarget): boolean {
  return target.closest("[role=tablist], .graph, .timeline, [role=log], [tabindex='0']:not(button, a), input") !== null;
}

function targetOf(event: KeyboardEvent): HTMLElement | undefined {
  return event.target instanceof HTMLElement ? event.target : undefined;
}

function isTyping(event: KeyboardEvent): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey) return true;
  const target = targetOf(event);
  return target !== undefined && takesLetters(target);
}

/** Left or right, where nothing that has the focus wants them. */
export function sideways(event: KeyboardEvent): "left" | "right" | undefined {
  const target = targetOf(event);
  if ((event.key !== "ArrowLeft" && event.key !== "ArrowRight") || (target !== undefined && takesArrows(target))) return undefined;
  return event.key === "ArrowLeft" ? "left" : "right";
}

/** The way through a list that a key asks for: to the next row or to the one before. */
export function stepOf({ key }: Pick<KeyboardEvent, "key">): 1 | -1 | undefined {
  return key === "j" ? 1 : key === "k" ? -1 : undefined;
}

/** Which of the rows is next: beside the one that has the focus, or the first on the screen where none has it. */
export function nextOf(rows: readonly { readonly focused: boolean; readonly onScreen: boolean }[], step: 1 | -1): number {
  const at = rows.findIndex((row) => row.focused);
  if (at >= 0) return Math.min(rows.length - 1, Math.max(0, at + step));
  return Math.max(0, rows.findIndex((row) => row.onScreen));
}

/** Goes through the rows of all lists of the page (`data-walk`), as they stand. The focus goes to what opens the row,
 * its first link or button: so Enter opens it, it is read aloud, and scrolled to. */
export function walk(step: 1 | -1): void {
  const rows = [...document.querySelectorAll<HTMLElement>("main [data-walk]")];
  const next = rows[nextOf(rows.map((row) => ({ focused: row.contains(document.activeElement), onScreen: isOnScreen(row) })), step)];
  if (next !== undefined) (next.matches("a, button") ? next : next.querySelector<HTMLElement>("a, button"))?.focus();
}

/** Nothing else stands in its place: lists hold rows beyond their edges too. */
function isOnScreen(row: HTMLElement): boolean {
  const { left, top, height } = row.getBoundingClientRect();
  return row.contains(document.elementFromPoint(left + 4, top + height / 2));
}

/** The focus goes to an action that keys have chosen, where it has a row or a node. */
export function focusAction(name: string): void {
  const id = CSS.escape(name);
  document.querySelector<HTMLElement>(`:is([data-action="${id}"], [data-node="${id}"]) button[aria-current]`)?.focus();
}

/** Calls `onKey` for keys that nobody types; the handler may change with every render. */
export function useKeys(onKey: (event: KeyboardEvent) => void): void {
  const handler = useRef(onKey);
  useEffect(() => {
    handler.current = onKey;
  });
  useEffect(() => {
    const listen = (event: KeyboardEvent): void => {
      if (!isTyping(event) && document.querySelector("dialog[open]") === null) handler.current(event);
    };
    window.addEventListener("keydown", listen);
    return () => window.removeEventListener("keydown", listen);
  }, []);
}

/** `/` goes to the page's search field; Escape leaves it. */
export function focusSearch(): boolean {
  const field = document.querySelector<HTMLInputElement>("input[data-search]");
  field?.focus();
  field?.select();
  return field !== null;
}
