/** Two runs: gives the view what the address says. */
import { getRouteApi } from "@tanstack/react-router";
import type { JSX } from "react";

import { ComparePage } from "../features/run/compare-page";

const route = getRouteApi("/domain/$domain/project/$project/runs/$run/compare");

export function Compare(): JSX.Element {
  const { domain, project, run } = route.useParams();
  const other = route.useSearch().with;
  return <ComparePage key={`${project}/${domain}/${run}/${other ?? ""}`} runKey={{ domain, project, run }} other={other} />;
}
