/**
 * What tests of commands are made of and what takes long to load: the program, the emulator, clients of both. It is bundled
 * once for a run of jest and loaded once for each of its workers, outside of the module registry that each file of tests has
 * for itself (see `environment.cjs`).
 */
export { createClient } from "../../../../proxmox/api/client";
export { requireSuccess } from "../../../../proxmox/api/tasks";
export { startSandboxHere } from "../../../sandbox/setup/start-sandbox";
export { S3Server } from "../../../support/s3-server";
export { checkLines, declaredShapes, notShown } from "./check-shapes";
export { killed } from "./killed";
export { runHere } from "./run-here";
