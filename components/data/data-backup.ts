import { Command } from "@pulumi/command/remote";
import * as pulumi from "@pulumi/pulumi";
import { dataChild } from "../../site/data/resource-names";
import type { DataKind } from "../../site/settings/data";
import { checkArguments } from "../arguments";
import { connectionTo, printed } from "../install/connection";
import { dataRules, type InstallInputs } from "./data-backup-inputs";

type Lifted = { readonly [Key in keyof InstallInputs]: pulumi.Input<InstallInputs[Key]> };

/**
 * Checks the arguments of a source of data.
 *
 * @throws pulumi.RunError with every problem of what is plain
 */
export function checkedSource(kind: DataKind, name: string, args: object & { readonly source?: unknown }) {
  return checkArguments(`${kind} backup ${name}`, { ...args, source: args.source ?? name }, dataRules[kind]).inputs;
}

/**
 * The command that installs a source of data in its guest: the program that dumps it, its settings and its timer. Deleting it stops
 * the timer and takes its secrets away; dumps stay.
 *
 * @returns when dumps are made; known once the timer is there
 */
export function installSource(
  component: pulumi.ComponentResource,
  name: string,
  { address, port, user, privateKey, hostKey, create, stdin, incarnation, schedule, delete: removal }: Lifted,
): pulumi.Output<string> {
  const command = new Command(
    dataChild(name),
    {
      connection: pulumi.all([address, port, user, privateKey, hostKey]).apply(([host, at, login, key, known]) => {
        const connection = connectionTo(host, { user: login, privateKey: key, hostKey: known });
        return at === undefined ? connection : { ...connection, port: at };
      }),
      create,
      stdin: pulumi.secret(stdin),
      delete: removal,
      ...(incarnation === undefined ? {} : { triggers: [incarnation] }),
      addPreviousOutputInEnv: false,
    },
    {
      parent: component,
      additionalSecretOutputs: [...printed],
      // Pulumi's usual order would remove what has just been installed.
      deleteBeforeReplace: true,
    },
  );
  return pulumi.all([command.id, schedule]).apply(([, at]) => at);
}
