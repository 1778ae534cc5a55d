/**
 * What tests of commands are made of and what takes long to load: the program, the emulator, clients of both. It is bundled
 * once for a run of jest and loaded once for each of its workers, outside of the module registry that each file of tests has
 * for itself (see `environment.cjs`).
 */
import {
  startSandboxHere as startHere,
  type TestSandbox,
  type TestSandboxOptions,
} from "../../../sandbox/setup/start-sandbox";
import { S3Server } from "../../../support/s3-server";
import { lookPatience } from "../../../../scripts/clients/object-store/s3-store";
import { reachableHere } from "./connections";

export { createClient } from "../../../../proxmox/api/client";
export { requireSuccess } from "../../../../proxmox/api/tasks";
export { checkLines, declaredShapes, notShown } from "./check-shapes";
export { killed } from "./killed";
export { runHere } from "./run-here";

S3Server.opened = reachableHere;
export { S3Server };

/** Does something while commands wait a shorter time for an answer of a store that gives none. */
export async function impatiently<Result>(work: () => Promise<Result>): Promise<Result> {
  const { milliseconds } = lookPatience;
  lookPatience.milliseconds = 250;
  try {
    return await work();
  } finally {
    lookPatience.milliseconds = milliseconds;
  }
}

/** Starts a sandbox that answers from this process, to which connections need not leave it. */
export function startSandboxHere(options: TestSandboxOptions): Promise<TestSandbox> {
  return startHere({ ...options, opened: reachableHere });
}
