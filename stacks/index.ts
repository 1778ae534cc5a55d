import * as pulumi from "@pulumi/pulumi";
import type { Profile } from "../site/settings/environment";
import { readToken } from "./credentials";
import { checkNewStorage, passGate } from "./gate";
import { lab } from "./lab";
import { monitoring } from "./monitoring";
import { readNeighbours } from "./neighbours";
import { prod } from "./prod";
import type { Program, StackOutputs } from "./program";
import { createProviders } from "./providers";
import { readSettings } from "./settings";
import { lookingClient } from "./site-client";

const programs: Readonly<Record<Profile, Program>> = { prod, lab, monitoring };

/** What `pulumi up` and `pulumi preview` run: what can be refused is refused before anything is registered. */
export = async function main(): Promise<StackOutputs> {
  const environment = readSettings();
  const token = readToken(environment);
  const client = lookingClient(environment.proxmox, token);
  try {
    const facts = await passGate(client, environment, readNeighbours(pulumi.getRootDirectory(), environment.name));
    return await programs[environment.profile]({
      environment,
      providerFor: createProviders(environment, token),
      checkNewStorage: (storageId) => checkNewStorage(client, environment, facts, storageId),
    });
  } finally {
    await client.close();
  }
};
