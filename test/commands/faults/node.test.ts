import { nodeFaults } from "./cases/node";
import { runCases } from "./run-cases";

describe("the node, the way to it, and its tasks", () => {
  runCases(nodeFaults);
});
