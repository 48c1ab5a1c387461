/** The title of the page. */
import { useEffect } from "react";

import { titleOf } from "../lib/title";

export function useTitle(...parts: readonly (string | undefined)[]): void {
  const title = titleOf(...parts);
  useEffect(() => {
    document.title = title;
  }, [title]);
}
