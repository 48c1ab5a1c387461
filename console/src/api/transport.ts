/** The one connection to the server: typed clients, errors in words, and whether the server answers. */
import { Code, ConnectError, type Client, createClient, type Interceptor } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-web";

import { DataProxyService } from "../gen/flyteidl2/dataproxy/dataproxy_service_pb";
import { ProjectService } from "../gen/flyteidl2/project/project_service_pb";
import { TaskService } from "../gen/flyteidl2/task/task_service_pb";
import { RunService } from "../gen/flyteidl2/workflow/run_service_pb";
import { TranslatorService } from "../gen/flyteidl2/workflow/translator_service_pb";
import { FilesService } from "../gen/wingbeat/platform/v1/files_pb";
import { PlatformService } from "../gen/wingbeat/platform/v1/platform_pb";
import { RunViewService } from "../gen/wingbeat/platform/v1/run_view_pb";
import { SchedulingService } from "../gen/wingbeat/platform/v1/scheduling_pb";
import { link } from "./link";

/** Tells the rest of the console whether calls get through. An answer with an error is an answer. */
const watchLink: Interceptor = (next) => async (request) => {
  try {
    const answer = await next(request);
    if (!request.stream) link.up("calls");
    return answer;
  } catch (error) {
    if (isDisconnect(error)) {
      if (!request.stream) link.down("calls");
    } else link.up("calls");
    throw error;
  }
};

const transport = createConnectTransport({ baseUrl: window.location.origin, interceptors: [watchLink] });

export const runService: Client<typeof RunService> = createClient(RunService, transport);
export const taskService: Client<typeof TaskService> = createClient(TaskService, transport);
export const dataService: Client<typeof DataProxyService> = createClient(DataProxyService, transport);
export const projectService: Client<typeof ProjectService> = createClient(ProjectService, transport);
export const translatorService: Client<typeof TranslatorService> = createClient(TranslatorService, transport);
export const platformService: Client<typeof PlatformService> = createClient(PlatformService, transport);
export const filesService: Client<typeof FilesService> = createClient(FilesService, transport);
export const runViewService: Client<typeof RunViewService> = createClient(RunViewService, transport);
export const schedulingService: Client<typeof SchedulingService> = createClient(SchedulingService, transport);

/** The server did not answer at all, or is on its way out: worth trying again. */
export function isDisconnect(error: unknown): boolean {
  const { code, rawMessage } = ConnectError.from(error);
  return code === Code.Unavailable || (code === Code.Unknown && /fetch|network|load failed|aborted|stream/i.test(rawMessage));
}

/** An error in words for people. */
export interface Problem {
  readonly kind: "missing" | "refused" | "disconnected" | "broken";
  readonly message: string;
}

export function problemOf(error: unknown): Problem {
  if (isDisconnect(error)) return { kind: "disconnected", message: "The server does not answer." };
  const { code, rawMessage } = ConnectError.from(error);
  switch (code) {
    case Code.NotFound:
      return { kind: "missing", message: rawMessage };
    case Code.InvalidArgument:
    case Code.FailedPrecondition:
    case Code.AlreadyExists:
    case Code.PermissionDenied:
    case Code.Unauthenticated:
    case Code.Unimplemented:
      return { kind: "refused", message: rawMessage };
    default:
      return { kind: "broken", message: rawMessage };
  }
}
