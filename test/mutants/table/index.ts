import type { Mutant } from "../mutant";
import { dataMutants } from "./data";
import { engineMutants } from "./engine";
import { monitoringMutants } from "./monitoring";
import { objectStoreMutants } from "./object-stores";
import { operationMutants } from "./operations";
import { pointInTimeMutants } from "./point-in-time";
import { replacedNodeMutants } from "./replaced-node";
import { restoreMutants } from "./restore";
import { rightsMutants } from "./rights";
import { serverMutants } from "./server";
import { stateMutants } from "./state";
import { statusMutants } from "./status";
import { toolchainMutants } from "./toolchain";
import { verifyMutants } from "./verify";
import { worstDayMutants } from "./worst-day";

export const mutants: readonly Mutant[] = [
  ...dataMutants,
  ...engineMutants,
  ...monitoringMutants,
  ...objectStoreMutants,
  ...operationMutants,
  ...pointInTimeMutants,
  ...replacedNodeMutants,
  ...restoreMutants,
  ...rightsMutants,
  ...serverMutants,
  ...stateMutants,
  ...statusMutants,
  ...toolchainMutants,
  ...verifyMutants,
  ...worstDayMutants,
];
