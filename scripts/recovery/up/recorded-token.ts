import { stackType } from "../../../site/program-types";
import { exporterTokenOutput } from "../../../site/resources";
import type { Checkpoint } from "../../../site/state/checkpoint";
import { secretSignature, signatureKey } from "../../../site/state/state-diff";
import { isMapping } from "../../../site/settings/schema-tools";
import { parseToken } from "../../../site/settings/credentials";
import { failureOf } from "../../clients/failure";
import { backendOf } from "../../project/backend";
import { StateSecrets } from "../steps/state/state-secrets";
import type { StackWork } from "./stack-work";

/** The exporter's token in the state of an environment, or why there is none, as half a sentence. */
export type RecordedToken = { readonly token: string } | { readonly why: string };

/** Reads it where the environment's state is now. Nothing is asked of Proxmox, which does not tell a token's secret twice. */
export async function recordedToken(work: StackWork): Promise<RecordedToken> {
  const { environment, context } = work;
  const { signal, redactor, io } = context;
  try {
    const look = await work.look(backendOf(environment, io.environment).url);
    const checkpoint = look?.checkpoint;
    const sealed = checkpoint && sealedOutput(checkpoint);
    if (checkpoint === undefined || sealed === undefined) return { why: "its stack has made none yet" };
    const opening = await new StateSecrets(environment.name, io.environment, redactor).try(checkpoint.keeper);
    if (opening.kind !== "open") return { why: opening.why };
    const opened: unknown = JSON.parse(opening.open(sealed) ?? '""');
    if (typeof opened !== "string" || parseToken(opened) === undefined)
      return { why: "what its state has is no token" };
    return { token: redactor.remember(opened) };
  } catch (error) {
    signal.throwIfAborted();
    return { why: failureOf(error, undefined).message };
  }
}

function sealedOutput({ resources }: Checkpoint): string | undefined {
  const output = resources.find(({ type }) => type === stackType)?.outputs?.[exporterTokenOutput];
  if (!isMapping(output) || output[signatureKey] !== secretSignature) return undefined;
  const { ciphertext } = output;
  return typeof ciphertext === "string" ? ciphertext : undefined;
}
