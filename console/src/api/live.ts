/** What is watched, and goes on by itself: after a break from where it was. A hidden tab stops watching after a while
 * and goes on when somebody looks again: what nobody sees needs no messages. */
import { fromJson, type JsonValue, type MessageInitShape, toJson } from "@bufbuild/protobuf";
import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";

import { SubscriptionSchema, type WatchManyResponse, WatchManyResponseSchema } from "../gen/wingbeat/platform/v1/multi_watch_pb";
import { channel } from "./channel";
import { link } from "./link";
import type { FromRelay } from "./relay";

const HIDDEN_FOR = 20_000;

/** What can be watched, and what is said about it. */
type Answers = { readonly [A in Answer as A["case"]]: A["value"] };
type Answer = Extract<WatchManyResponse["answer"], { case: "actions" | "runs" | "groups" | "logs" }>;
type Targets = Extract<MessageInitShape<typeof SubscriptionSchema>, { $typeName?: never }>["target"];
type Target<C extends keyof Answers> = Extract<NonNullable<Targets>, { case: C }>["value"];

export interface Follow<C extends keyof Answers> {
  readonly what: C;
  readonly request: Target<C>;
  readonly onMessage: (message: Answers[C], around: WatchManyResponse) => void;
  /** Called before the first message after a break. */
  readonly onReconnect?: () => void;
  /** Everything was said. */
  readonly onEnd?: () => void;
  /** The server refuses: trying again makes no sense. */
  readonly onRefused: (error: ConnectError) => void;
}

let nextName = 0;

/** Follows something until the returned function is called. */
export function follow<C extends keyof Answers>(follower: Follow<C>): () => void {
  const name = `stream-${String((nextName += 1))}`;
  const target = jsonOf(follower);
  let cursor = "0";
  let broken = false;
  let over = false;
  const hear = (message: FromRelay): void => {
    if (message.kind === "down") {
      broken = true;
      link.down(name);
      return;
    }
    link.up(name);
    if (broken) follower.onReconnect?.();
    broken = false;
    cursor = message.message.cursor ?? cursor;
    over = message.message.ended !== undefined || message.message.refused !== undefined;
    answer(follower, message.message);
  };
  let stop = document.hidden ? undefined : channel.watch(cursor, target, hear);
  const unwatch = whenSeen(
    () => {
      if (!over) stop ??= channel.watch(cursor, target, hear);
    },
    () => {
      stop?.();
      stop = undefined;
      link.up(name);
    },
  );
  return () => {
    unwatch();
    stop?.();
    link.up(name);
  };
}

function jsonOf<C extends keyof Answers>({ what, request }: Follow<C>): Readonly<Record<string, unknown>> {
  const target = { case: what, value: request } as NonNullable<Targets>;
  return toJson(SubscriptionSchema, create(SubscriptionSchema, { target })) as Record<string, unknown>;
}

function answer<C extends keyof Answers>(follower: Follow<C>, message: object): void {
  const around = fromJson(WatchManyResponseSchema, message as JsonValue, { ignoreUnknownFields: true });
  const said = around.answer;
  if (said.case === "refused") follower.onRefused(new ConnectError(said.value.message, codeOf(said.value.code)));
  else if (said.case === "ended") follower.onEnd?.();
  else if (said.case === follower.what) follower.onMessage(said.value as Answers[C], around);
}

/** `not_found` as Connect writes it. */
function codeOf(text: string): Code {
  const name = text.replace(/(?:^|_)([a-z])/g, (_all, letter: string) => letter.toUpperCase());
  const code: unknown = (Code as unknown as Record<string, unknown>)[name];
  return typeof code === "number" ? code : Code.Unknown;
}

/** Calls one when the tab is seen, the other when it was hidden for a while. */
function whenSeen(seen: () => void, hidden: () => void): () => void {
  let away: ReturnType<typeof setTimeout> | undefined;
  const change = (): void => {
    clearTimeout(away);
    if (document.hidden) away = setTimeout(hidden, HIDDEN_FOR);
    else seen();
  };
  document.addEventListener("visibilitychange", change);
  return () => {
    clearTimeout(away);
    document.removeEventListener("visibilitychange", change);
  };
}
