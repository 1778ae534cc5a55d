/** A program of Pulumi with the bucket elsewhere and nothing else: bundled and deployed by a rehearsal. */
import type { StackOutputs } from "../../../stacks/program";
import { prepareOffsite } from "../../../stacks/offsite";
import { readSettings } from "../../../stacks/settings";

export = async function main(): Promise<StackOutputs> {
  return (await prepareOffsite(readSettings()))();
};
