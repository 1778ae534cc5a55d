import type { S3Server as Server } from "../../support/s3-server";
import type * as Kit from "./kit/index";

declare global {
  /** Given to each file of tests by `kit/environment.cjs`. */
  // oxlint-disable-next-line no-var -- the only declaration that makes a property of `globalThis`
  var lifeboatTestKit: typeof Kit;
}

export const {
  checkLines,
  createClient,
  declaredShapes,
  impatiently,
  killed,
  requireSuccess,
  runHere,
  S3Server,
  startSandboxHere,
} = globalThis.lifeboatTestKit;
export type { FileWrite } from "./kit/virtual-process";
export type { RunningCommand, RunResult } from "./kit/run-here";
export type S3Server = Server;
