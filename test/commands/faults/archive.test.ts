import { archiveFaults } from "./cases/archive";
import { runCases } from "./run-cases";

describe("the archive", () => {
  runCases(archiveFaults);
});
