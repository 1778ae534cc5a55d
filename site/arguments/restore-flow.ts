import type { DeclaredRestore } from "../settings/environment";
import { choicesFit, restoreKeys } from "../settings/restore-schema";
import { checked, mapping, optional } from "../settings/schema-tools";
import { formatDuration } from "../settings/values/durations";
import { requestId, sentence } from "../settings/values/names";
import { type ArgumentRules, checkBy } from "./checked";
import { environmentName } from "./guest";

/** Every argument of a restore that a program carries out. */
export const restoreFlowSchema = mapping({
  ...restoreKeys,
  /** Name of the component: the id of the request. */
  name: requestId,
  environment: environmentName,
  /** How the command line is called. */
  program: optional(sentence),
});

/** Where a restore is carried out. */
export interface RestorePlace {
  readonly environment: string;
  /** Words that call `lifeboat`, as a shell reads them. */
  readonly program: string;
}

/** How the arguments of a restore are read. */
export const restoreFlowRules: ArgumentRules<ReturnType<typeof restoreInputs>> = {
  check: (raw) =>
    checkBy(checked(restoreFlowSchema, choicesFit), raw, ({ name, environment, program = "lifeboat", ...restore }) => ({
      inputs: restoreInputs({ id: name, ...restore }, { environment, program }),
    })),
  uses: Object.fromEntries(Object.keys(restoreKeys).map((key) => [key, ["create"]])),
  samples: { guest: "guest" },
};

/**
 * What the provider's command is given. All of it follows from the request and from nothing else: another word would be a change
 * of a request that was carried out, which is refused. No secrets: the command has those of the process that runs Pulumi. And
 * no command for the deletion: what is restored stays.
 */
export function restoreInputs(restore: DeclaredRestore, place: RestorePlace) {
  return {
    create: restoreCommand(restore, place),
    update: `printf '%s\\n' '${changedText(restore.id)}' >&2; exit 1`,
    addPreviousOutputInEnv: false,
    logging: "stderr" as const,
  };
}

/** A restore of the settings as arguments of its component. */
export function restoreFlowArguments(
  { id: _id, targetId, checkTimeout, ...others }: DeclaredRestore,
  place: RestorePlace,
) {
  return {
    ...others,
    ...(targetId === undefined ? {} : { targetId: String(targetId) }),
    ...(checkTimeout === undefined ? {} : { checkTimeout: formatDuration(checkTimeout) }),
    ...place,
  };
}

/** `lifeboat restore guest prod/web --request=2026-11-21-web --stop --force --json` */
export function restoreCommand(restore: DeclaredRestore, { environment, program }: RestorePlace): string {
  const { id, guest, at, archive, targetId, reuseId, node, storage, checkTimeout } = restore;
  const values = { at, archive, "target-id": targetId, "reuse-id": reuseId, node, storage, request: id };
  const consents = [
    ...(restore.stop === true ? ["--stop"] : []),
    ...(restore.acceptLoss === true ? ["--accept-loss"] : []),
    ...(restore.withoutSavePoint === true ? [`--without-save-point=${guest}`] : []),
  ];
  const words = [
    "restore",
    "guest",
    `${environment}/${guest}`,
    ...Object.entries({ ...values, "check-timeout": checkTimeout }).flatMap(([flag, value]) =>
      value === undefined ? [] : [`--${flag}=${String(value)}`],
    ),
    ...consents,
    "--force",
    "--json",
  ];
  return [program, ...words.map(quoted)].join(" ");
}

/** What is said where a request is no more what it was when it was carried out. */
export function changedText(id: string): string {
  return `restore request ${id} was carried out as it was before, and is not carried out again; put it back, or ask for another restore under a new id`;
}

/** No value that the schema lets through has a quote. */
function quoted(word: string): string {
  return /^[\w./:=,+-]+$/u.test(word) ? word : `'${word}'`;
}
