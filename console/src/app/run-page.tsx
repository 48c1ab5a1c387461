/** One run: gives the view what the address says. */
import { getRouteApi } from "@tanstack/react-router";
import type { JSX } from "react";

import { RunPage } from "../features/run/run-page";
import { actionSearch } from "../lib/search";

const route = getRouteApi("/domain/$domain/project/$project/runs/$run");

export function Run(): JSX.Element {
  const { domain, project, run } = route.useParams();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  return <RunPage key={`${project}/${domain}/${run}`} runKey={{ domain, project, run }} search={search} onSearch={(next) => void navigate({ search: (before) => actionSearch({ ...before, ...next }), replace: true, resetScroll: false })} />;
}
