/** Identifiers of the wire. The org stays empty: this server has one. */
import { create } from "@bufbuild/protobuf";

import { type ActionIdentifier, ActionIdentifierSchema, type ProjectIdentifier, ProjectIdentifierSchema, type RunIdentifier, RunIdentifierSchema } from "../gen/flyteidl2/common/identifier_pb";
import { type TaskIdentifier, TaskIdentifierSchema, type TaskName, TaskNameSchema } from "../gen/flyteidl2/task/task_definition_pb";
import type { RunKey, Scope, TaskRef } from "../lib/model";

export function projectId(scope: Scope): ProjectIdentifier {
  return create(ProjectIdentifierSchema, { name: scope.project, domain: scope.domain });
}

export function runId(key: RunKey): RunIdentifier {
  return create(RunIdentifierSchema, { project: key.project, domain: key.domain, name: key.run });
}

export function actionId(key: RunKey, name: string): ActionIdentifier {
  return create(ActionIdentifierSchema, { run: runId(key), name });
}

export function taskId(task: TaskRef): TaskIdentifier {
  return create(TaskIdentifierSchema, { project: task.project, domain: task.domain, name: task.name, version: task.version });
}

export function taskName(scope: Scope, name: string): TaskName {
  return create(TaskNameSchema, { project: scope.project, domain: scope.domain, name });
}
