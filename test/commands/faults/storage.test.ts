import { storageFaults } from "./cases/storage";
import { runCases } from "./run-cases";

describe("the storages", () => {
  runCases(storageFaults);
});
