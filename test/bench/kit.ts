import {
  checkLines,
  createClient,
  declaredShapes,
  killed,
  notShown,
  requireSuccess,
  runHere,
  S3Server,
  startSandboxHere,
} from "../commands/support/kit/index";

// The sites are those of the tests of commands, to which jest gives the kit.
globalThis.lifeboatTestKit = {
  checkLines,
  createClient,
  declaredShapes,
  killed,
  notShown,
  requireSuccess,
  runHere,
  S3Server,
  startSandboxHere,
};
