import { serverStorage } from "../support/site/furnish";
import { backupServerFaults } from "./cases/backup-server";
import { runCases } from "./run-cases";

describe("the backup server", () => {
  runCases(backupServerFaults, { storage: serverStorage });
});
