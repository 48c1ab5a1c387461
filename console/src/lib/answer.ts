/** Answers to conditions, from what was typed. */
import type { Answer } from "./model";

export type ParsedAnswer =
  | { readonly ok: true; readonly answer: { readonly kind: "bool"; readonly value: boolean } | { readonly kind: "int"; readonly value: bigint } | { readonly kind: "float"; readonly value: number } | { readonly kind: "string"; readonly value: string } }
  | { readonly ok: false; readonly message: string };

const LEAST = -(2n ** 63n);
const MOST = 2n ** 63n - 1n;

export function parseAnswer(kind: Answer, text: string): ParsedAnswer {
  const trimmed = text.trim();
  switch (kind) {
    case "string":
      // A key that was hit too early cannot be taken back.
      return text === "" ? { ok: false, message: "Write an answer first." } : { ok: true, answer: { kind, value: text } };
    case "bool":
      return trimmed === "true" || trimmed === "false" ? { ok: true, answer: { kind, value: trimmed === "true" } } : { ok: false, message: "Answer true or false." };
    case "int": {
      if (!/^[+-]?\d+$/.test(trimmed)) return { ok: false, message: "Answer with a whole number." };
      const value = BigInt(trimmed.replace(/^\+/, ""));
      return value >= LEAST && value <= MOST ? { ok: true, answer: { kind, value } } : { ok: false, message: "This number does not fit into 64 bits." };
    }
    case "float": {
      const value = Number(trimmed);
      return trimmed !== "" && Number.isFinite(value) ? { ok: true, answer: { kind, value } } : { ok: false, message: "Answer with a number." };
    }
    default:
      return kind satisfies never;
  }
}
