import type { FaultCase } from "../fault-case";
import { archiveFaults } from "./archive";
import { nodeFaults } from "./node";
import { operatorFaults } from "./operator";
import { storageFaults } from "./storage";

/** Every fault, in the order of the page. */
export const faultCases: readonly FaultCase[] = [...nodeFaults, ...storageFaults, ...archiveFaults, ...operatorFaults];
