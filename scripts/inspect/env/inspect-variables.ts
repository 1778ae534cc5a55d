import { shellQuote } from "../../machine/shell-quote";
import type { Backend } from "../../project/backend";
import type { CommandContext } from "../../project/context";
import type { LoadedEnvironment } from "../../project/environment";
import { pulumiVariables } from "../../project/pulumi-variables";
import { exitCodes } from "../../terminal/exit-codes";
import { storeTrouble } from "../../project/store-health";
import type { ValueOf } from "../../terminal/shapes";
import type { Inspection } from "../inspection";
import type { variablesShape } from "./shape";

/** What a shell exports so that plain pulumi works on an environment. @throws CommandError (2) */
export async function inspectVariables(
  environment: LoadedEnvironment,
  { io, signal }: Pick<CommandContext, "io" | "signal">,
): Promise<Inspection<ValueOf<typeof variablesShape>>> {
  const { exports, backend, notes: missing } = await pulumiVariables(environment, io.environment);
  const notes = [...missing, ...(await silentStore(environment, backend, signal))];
  return {
    value: { environment: environment.name, variables: exports, backend: backend.origin, notes },
    print: (lines) => {
      for (const [variable, value] of Object.entries(exports)) lines.line(`export ${variable}=${shellQuote(value)}`);
    },
    exitCode: exitCodes.done,
    remark: (talk) => {
      for (const note of notes) talk.warning(note);
      if (backend.folder !== undefined) talk.line(placeText(backend, environment));
    },
  };
}

/** A state on this machine, while the site has a store for it, is there for a while only. */
function placeText({ origin, folder = "" }: Backend, { name }: LoadedEnvironment): string {
  const place = `State is kept on this machine: ${folder}`;
  return origin === "local state" ? `${place} (until lifeboat up ${name}, or lifeboat state return ${name})` : place;
}

/** Plain pulumi would try for long, and then say it in words of its libraries. */
async function silentStore(
  environment: LoadedEnvironment,
  { origin }: Backend,
  signal: AbortSignal,
): Promise<string[]> {
  const store = origin === "state store" ? environment.stateStore() : undefined;
  const trouble = store && (await storeTrouble(store, signal));
  if (trouble === undefined) return [];
  const { name } = environment;
  return [
    `${trouble}; pulumi fails until it does, after up to two minutes; to go on without it: lifeboat state fallback ${name}, then this command again`,
  ];
}
