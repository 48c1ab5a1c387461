/** A queue by its name, wherever one is named. */
import { Link } from "@tanstack/react-router";
import type { JSX } from "react";

export function QueueLink({ queue }: { readonly queue: string }): JSX.Element {
  return (
    <Link className="mono" to="/queues/$queue" params={{ queue }}>
      {queue}
    </Link>
  );
}
