import type { FaultRow } from "../fault-case";
import { archiveFaults } from "./archive";
import { backupServerFaults } from "./backup-server";
import { drillFaults } from "./drill";
import { liveFaults, machineFaults } from "./machine";
import { nodeFaults } from "./node";
import { operatorFaults } from "./operator";
import { stateFaults } from "./state";
import { storageFaults } from "./storage";
import { verifyFaults } from "./verify";

/** Every fault, in the order of the page. */
export const faultCases: readonly FaultRow[] = [
  ...nodeFaults,
  ...storageFaults,
  ...archiveFaults,
  ...machineFaults,
  ...backupServerFaults,
  ...liveFaults,
  ...verifyFaults,
  ...drillFaults,
  ...operatorFaults,
  ...stateFaults,
];
