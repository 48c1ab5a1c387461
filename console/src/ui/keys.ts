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

/** Enter does something by itself. */
export function takesEnter(target: KeyTarget): boolean {
  return target.closest("a, button, summary, select, textarea") !== null;
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

/** Enter for the page or for a list, and not for what has the focus elsewhere. */
export function entered(event: KeyboardEvent, list: HTMLElement | null): boolean {
  const target = targetOf(event);
  if (event.key !== "Enter" || target === undefined || takesEnter(target)) return false;
  return target === document.body || list?.contains(target) === true;
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
