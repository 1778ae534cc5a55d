import { foreignAdvice } from "../../../site/state/foreign-parts";
import type { LoadedEnvironment } from "../../project/environment";
import type { Difference, ReadPreview } from "../../clients/pulumi-cli/preview";
import { previewEnvironment } from "../../project/pulumi-variables";
import { type Change, failed, type Operation, previewed, type StackPreview } from "./preview-file";

/** Milliseconds. Pulumi may have to ask a node about every guest. */
const timeout = 10 * 60_000;

export interface PreviewOptions {
  variables: Readonly<Record<string, string | undefined>>;
  /** Looks at the real world first, so that what was changed by hand is a change too. */
  refresh: boolean;
  signal: AbortSignal;
}

/**
 * What `pulumi up` would do to the stack of an environment. Writes nothing, on the site or in the state.
 *
 * @throws CommandError (2, 12) when the token or the passphrase is missing or wrong.
 */
export async function takePreview(environment: LoadedEnvironment, options: PreviewOptions): Promise<StackPreview> {
  // A token that cannot be read has a clearer message here than in the program.
  await environment.token();
  const { variables, ...rest } = options;
  const found = await previewEnvironment(environment, variables, { ...rest, timeout });
  return toStackPreview(environment.name, found);
}

export function toStackPreview(stack: string, found: ReadPreview): StackPreview {
  if (found.failure !== undefined) return failed(stack, explain(found.failure, stack), found.warnings);
  const differences = found.differences.filter((difference) => !isOwnCredential(difference));
  const same = found.same + found.differences.length - differences.length;
  return previewed(stack, { warnings: found.warnings, same, changes: differences.flatMap(changeOf) });
}

/** Settings of providers that hold a credential. */
const credentials: ReadonlySet<string> = new Set(["apiToken", "username", "password", "minioUser", "minioPassword"]);

/** A preview has its own token, which can only look; that it is not the one of the last deployment is no change. */
function isOwnCredential({ operation, type, properties }: Difference): boolean {
  const isProvider = type.startsWith("pulumi:providers:") && operation === "update" && properties.length > 0;
  return isProvider && properties.every((property) => credentials.has(property));
}

/** Pulumi's steps of a preview. The two halves of a replacement come with the step `replace` that stands for both. */
const operationOf: Readonly<Record<string, Operation | undefined>> = {
  create: "create",
  import: "import",
  update: "update",
  replace: "replace",
  "import-replacement": "replace",
  delete: "delete",
};
const halves: ReadonlySet<string> = new Set([
  "create-replacement",
  "delete-replaced",
  "read-replacement",
  "discard-replaced",
  "remove-pending-replace",
  "discard",
]);

function changeOf({ operation: step, ...rest }: Difference): Change[] {
  if (halves.has(step)) return [];
  // A step that this version does not know is shown rather than left out.
  return [{ ...rest, operation: operationOf[step] ?? "update", properties: [...rest.properties] }];
}

/** Failures that everybody meets once, with the next command. */
const explanations: readonly { readonly sign: RegExp; readonly hint: (stack: string) => string }[] = [
  {
    // What `storeTrouble` says, and what Pulumi's S3 library does where the store went away later.
    sign: /the state store at \S+ (?:does not answer|answers \d)|exceeded maximum number of attempts/u,
    hint: (stack) =>
      `lifeboat status ${stack} tells when the store answers again; to go on without it: lifeboat state fallback ${stack}`,
  },
  {
    // That the mark cannot be read says nothing of whether it is there.
    sign: /^(?![^]*read "\.pulumi\/meta\.yaml")[^]*meta\.yaml/u,
    hint: (stack) =>
      `the place of the state is empty, and Pulumi marks an empty one as its own, which read-only credentials may not: deploy once (lifeboat up ${stack})`,
  },
  {
    sign: /that the program never makes/u,
    hint: (stack) => foreignAdvice(`go back to an earlier one: lifeboat restore state ${stack} --list`),
  },
  {
    sign: /no stack named/u,
    hint: (stack) => `this environment is not deployed yet, so that all of it would be new: lifeboat up ${stack}`,
  },
  {
    sign: /AccessDenied|InvalidAccessKeyId|SignatureDoesNotMatch|StatusCode: 403/u,
    hint: () => "the place of the state does not accept this key: docs/guides/pull-requests.md has what it needs",
  },
  {
    sign: /incorrect passphrase|passphrase must be set/u,
    hint: (stack) => `PULUMI_CONFIG_PASSPHRASE has to be the passphrase of ${stack}`,
  },
];

function explain(failure: string, stack: string): string {
  const hints = explanations.filter(({ sign }) => sign.test(failure)).map(({ hint }) => `HINT: ${hint(stack)}`);
  return [failure, ...hints].join("\n");
}
