import * as kit from "../commands/support/kit/index";

// The sites are those of the tests of commands, to which jest gives the kit.
globalThis.lifeboatTestKit = kit;
