import { operatorFaults } from "./cases/operator";
import { runCases } from "./run-cases";

describe("the guest, this machine, and the person at it", () => {
  runCases(operatorFaults);
});
