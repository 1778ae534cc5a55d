import { execFile } from "node:child_process";
import { promisify } from "node:util";
import * as pulumi from "@pulumi/pulumi";
import { refusal } from "../components/refusal";
import { checkpointOf, parseCheckpoint, type StateResource } from "../site/state/checkpoint";
import {
  foreignAdvice,
  foreignParts,
  foreignText,
  foreignVariable,
  type ForeignPart,
  withoutConsent,
} from "../site/state/foreign-parts";
import type { OwnAddresses } from "../site/state/own-addresses";
import { goesWithUrn } from "../site/state/own-names";
import { qualifiedName, type StackPlace } from "../site/state/state-keys";
import { isApart, modeVariable } from "./store-mode";

/** Bytes of the largest state. */
const largest = 256 * 1024 * 1024;

/**
 * Ends the program when the stack's state holds what it never makes: Pulumi would delete that as soon as the program has declared
 * the rest, with the providers and the commands that stand in the state. It is asked for what Pulumi itself reads there:
 * its functions for programs leave out what waits to be deleted.
 *
 * A preview deletes nothing: that its state could not be looked at is said. An update is refused then.
 *
 * @param folder of Pulumi.yaml. @param addresses by the settings of the stack
 * @returns what it holds; nothing where a preview could not look at it. @throws pulumi.RunError
 */
export async function requireOwnState(folder: string, addresses: OwnAddresses): Promise<readonly StateResource[]> {
  const stack = pulumi.getStack();
  const looked = await lookAt(folder, { project: pulumi.getProject(), stack }, addresses);
  if ("parts" in looked) {
    if (looked.parts.length === 0) return requireKept(stack, looked.resources);
    const text = foreignText(looked.parts, `Unable to deploy ${stack}: its state`);
    throw refusal(
      `${text}\nHINT: ${foreignAdvice(`go back to an earlier one: lifeboat restore state ${stack} --list`)}`,
    );
  }
  const unread = `whether the state of ${stack} holds what the program never makes is not known: ${looked.why}`;
  if (!pulumi.runtime.isDryRun()) throw refusal(`Unable to deploy ${stack}: ${unread}\nHINT: lifeboat doctor ${stack}`);
  await pulumi.log.warn(`Not checked: ${unread}`);
  return [];
}

/** @throws pulumi.RunError where what this run leaves out would be deleted in the store, and not only let go of */
function requireKept(stack: string, resources: readonly StateResource[]): readonly StateResource[] {
  if (!isApart()) return resources;
  const going = resources.filter(goesWithUrn);
  const parts = going.map(({ urn }) => ({ urn, why: "the store would lose it, and the program keeps it there" }));
  const lost = withoutConsent(parts, process.env[foreignVariable]);
  if (lost.length === 0) return resources;
  throw refusal(
    `${foreignText(lost, `Unable to deploy ${stack} with ${modeVariable}=apart: its state`)}` +
      `\nHINT: ${foreignAdvice(`where an import has just made it, update once without ${modeVariable}`)}`,
  );
}

async function lookAt(
  cwd: string,
  place: StackPlace,
  addresses: OwnAddresses,
): Promise<{ parts: readonly ForeignPart[]; resources: readonly StateResource[] } | { why: string }> {
  const argv = ["stack", "export", "--stack", place.stack, "--non-interactive", "--color", "never"];
  try {
    const { stdout } = await promisify(execFile)("pulumi", argv, { cwd, env: { ...process.env }, maxBuffer: largest });
    const checkpoint = parseCheckpoint(checkpointOf(stdout, qualifiedName(place)));
    const { resources } = checkpoint;
    return { resources, parts: foreignParts(checkpoint, place, addresses, process.env[foreignVariable]) };
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return { why: /^error: .*$/mu.exec(text)?.[0] ?? text.split("\n", 1)[0] ?? text };
  }
}
