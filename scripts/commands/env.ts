import * as z from "zod";
import { pulumiVariables } from "../project/pulumi-variables";
import { shellQuote } from "../clients/shell-quote";
import type { Backend } from "../project/backend";
import type { LoadedEnvironment } from "../project/environment";
import { defineCommand } from "./frame/command";
import { usageError } from "../terminal/command-error";
import { exitCodes } from "../terminal/exit-codes";

export const command = defineCommand({
  description:
    "Prints shell exports with which plain pulumi works on an environment: backend, passphrase file, token file, the node's certificate authority. Secrets are never printed, only the names of their files.",
  examples: [
    { command: 'eval "$(lifeboat env prod)"', meaning: "set them in this shell" },
    { command: "pulumi preview --stack prod", meaning: "… and use pulumi" },
  ],
  arguments: [{ name: "environment", description: "prod for Pulumi.prod.yaml", required: false }],
  input: z.object({ environment: z.string().optional() }),
  aim: ({ environment }) => `print the variables of ${environment ?? "an environment"}`,
  run: async ({ environment: wanted }, { site, io, output, talk }) => {
    const project = await site();
    const name = wanted ?? onlyOne(project.environmentNames);
    const environment = project.environment(name);
    const { exports, backend, notes } = await pulumiVariables(environment, io.environment);
    output.result({ environment: name, variables: exports, backend: backend.origin, notes }, (lines) => {
      for (const [variable, value] of Object.entries(exports)) lines.line(`export ${variable}=${shellQuote(value)}`);
    });
    for (const note of notes) talk.warning(note);
    if (backend.folder !== undefined) talk.line(placeText(backend, environment));
    return exitCodes.done;
  },
});

/** A state on this machine, while the site has a store for it, is there for a while only. */
function placeText({ origin, folder = "" }: Backend, { name }: LoadedEnvironment): string {
  const place = `State is kept on this machine: ${folder}`;
  return origin === "local state" ? `${place} (until lifeboat up ${name}, or lifeboat state return ${name})` : place;
}

function onlyOne(names: readonly string[]): string {
  const [name, another] = names;
  if (name !== undefined && another === undefined) return name;
  throw usageError("name the environment", `environments here: ${names.join(", ")}`);
}
