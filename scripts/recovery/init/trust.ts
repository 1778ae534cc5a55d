import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { lookAtCertificate, readCertificate } from "../../../proxmox/api/certificate";
import { ProxmoxError } from "../../../proxmox/api/errors";
import type { Trust } from "../../../proxmox/api/trust";
import { dayOf } from "../../../site/opt-outs";
import { messageOf } from "../../machine/error-code";
import type { CommandContext } from "../../project/context";
import { CommandError, usageError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";
import { alsoMissing } from "./answers";
import { answered, expandHome, type InitRequest } from "./request";

/** How the node proves itself from now on; of an authority also where its file was found. */
export type ChosenTrust = Exclude<Trust, { kind: "ca" }> | (Trust & { readonly kind: "ca"; readonly path: string });

/** Where a person finds the fingerprint, apart from the connection that is to be proven. */
const compare = "compare it on the node itself: pvenode cert info, or its web interface: System, Certificates";

/**
 * Finds out whom to trust. A certificate that nobody vouches for is shown, and used only when somebody brings the same
 * fingerprint, or the authority, from the node.
 *
 * @throws CommandError (2, 14)
 */
export async function chooseTrust(
  endpoint: string,
  request: InitRequest,
  context: CommandContext,
): Promise<ChosenTrust> {
  const { ca, fingerprint } = request;
  const given = ca ?? fingerprint;
  if (given === undefined && (await isKnown(endpoint))) {
    context.talk.paragraph(`${endpoint} shows a certificate of an authority that this machine knows.`);
    return { kind: "system" };
  }
  if (given === undefined) await showCertificate(endpoint, request, context);
  const question = {
    text: "Its fingerprint as the node shows it, or the file of its CA?",
    flag: "--fingerprint or --ca",
  };
  const trust = await answered(
    given,
    (asked) => context.prompts.ask(asked),
    question,
    (text) => proven(endpoint, ca === undefined ? readAnswer(text, context) : readAuthority(text, context)),
    context,
  );
  await requireNamed(endpoint, trust);
  return trust;
}

/** Whether the machine's own authorities vouch for it. @throws ProxmoxError of kind `unreachable` */
async function isKnown(endpoint: string): Promise<boolean> {
  try {
    await readCertificate(endpoint, { kind: "system" });
    return true;
  } catch (error) {
    if (error instanceof ProxmoxError && error.kind === "untrusted") return false;
    throw error;
  }
}

/** @throws CommandError (14) where nobody is there to compare it */
async function showCertificate(endpoint: string, request: InitRequest, context: CommandContext): Promise<void> {
  const { talk, prompts } = context;
  const shown = await lookAtCertificate(endpoint);
  if (!prompts.canAsk) {
    throw new CommandError(
      `the certificate of ${endpoint} is signed by nobody that this machine knows; its SHA-256 is ${shown.fingerprint}`,
      {
        exitCode: exitCodes.unavailable,
        hint: `${compare}; then add --fingerprint, or --ca with the file of its CA${alsoMissing(request, context)}`,
      },
    );
  }
  talk.paragraph(`${endpoint} shows a certificate that no authority known here has signed:`);
  talk.hanging("  for      ", shown.names);
  talk.hanging("  from     ", shown.issuer);
  talk.line(`  until    ${dayOf(shown.validTo, "UTC")}`);
  talk.hanging("  SHA-256  ", shown.fingerprint);
  talk.paragraph(
    "Whoever is between you and the node could show another one. So bring the fingerprint from the node: there, pvenode cert info prints it; or System, Certificates in its web interface. A renewal changes it: with the node's /etc/pve/pve-root-ca.pem, copied to this machine, renewed certificates are accepted too.",
  );
}

function readAnswer(text: string, context: CommandContext): ChosenTrust {
  const digits = text.replaceAll(/[\s:]/gu, "");
  if (!/^[0-9a-f]{64}$/iu.test(digits)) return readAuthority(text, context);
  return { kind: "fingerprint", sha256: (digits.toUpperCase().match(/../gu) ?? []).join(":") };
}

/** @throws CommandError (2) */
function readAuthority(file: string, { io }: CommandContext): ChosenTrust {
  const path = resolve(io.workingDirectory, expandHome(file, io.environment));
  if (!existsSync(path)) {
    throw usageError(
      `'${file}' is neither a fingerprint (32 pairs of hex digits) nor a file`,
      "the CA is /etc/pve/pve-root-ca.pem on the node",
    );
  }
  try {
    const pem = readFileSync(path, "utf8");
    if (/-----BEGIN CERTIFICATE-----/u.test(pem) && !/PRIVATE KEY/u.test(pem)) return { kind: "ca", pem, path };
  } catch (error) {
    throw usageError(`${path} cannot be read: ${messageOf(error)}`);
  }
  throw usageError(`${path} is no certificate in PEM form`, "the CA is /etc/pve/pve-root-ca.pem on the node");
}

/** @throws CommandError (14) with what it shows instead */
async function proven(endpoint: string, trust: ChosenTrust): Promise<ChosenTrust> {
  try {
    await readCertificate(endpoint, trust);
    return trust;
  } catch (error) {
    if (!(error instanceof ProxmoxError) || error.kind !== "untrusted") throw error;
    throw new CommandError(`the certificate of ${endpoint} is not the one that you expect: ${error.reason}`, {
      exitCode: exitCodes.unavailable,
      hint: `do not go on before they agree: somebody may be between you and the node; ${compare}`,
    });
  }
}

/** A pinned certificate is used here whatever name it bears; by Pulumi it is not. @throws CommandError (14) */
async function requireNamed(endpoint: string, trust: ChosenTrust): Promise<void> {
  if ((await readCertificate(endpoint, trust)).namesEndpoint) return;
  throw new CommandError(`the certificate of ${endpoint} was issued for another name, and pulumi would refuse it`, {
    exitCode: exitCodes.unavailable,
    hint: `use a name or address that is in it: ${(await lookAtCertificate(endpoint)).names}`,
  });
}
