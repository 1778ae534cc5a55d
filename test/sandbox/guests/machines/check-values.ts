import { isDriveKey, parseNetwork, PropertyStringError } from "../../../../proxmox/rules/property-strings";
import { newVolumeSize, parseVolumeId } from "../../../../proxmox/rules/volume-ids";
import { failureText, parameterFailure, ProxmoxFailure } from "../../protocol/failure";
import { clampCpuUnits } from "../cpu-units";
import { checkPublicKeys } from "../ssh-keys";
import { isOfWholeText, readDrive } from "./drives";

/**
 * Checks the property strings of a machine's options as Proxmox's schema does, all at once, before any right is looked at.
 * @throws the 400 that names every problem
 */
export function checkValues(options: ReadonlyMap<string, string>): void {
  const problems = [...options].flatMap(([key, value]) => {
    const problem = problemOf(key, value);
    return problem === undefined ? [] : [[key, problem] as const];
  });
  if (problems.length > 0) throw parameterFailure(Object.fromEntries(problems));
}

/**
 * What Proxmox does with values before it looks at anything else: keys have to be keys, and shares are no more than cgroup v2
 * knows.
 */
export function settleValues(options: Map<string, string>): void {
  const keys = options.get("sshkeys");
  if (keys !== undefined) checkPublicKeys(unescaped(keys));
  clampCpuUnits(options);
}

/** As Perl's uri_unescape: what is no code of a byte stays as it is. */
function unescaped(text: string): string {
  return text.replaceAll(/%([0-9A-Fa-f]{2})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}

function problemOf(key: string, value: string): string | undefined {
  if (isDriveKey(key)) return driveProblem(key, value);
  if (/^net\d+$/.test(key)) return networkProblem(key, value);
  return undefined;
}

function driveProblem(key: string, value: string): string | undefined {
  try {
    const { file } = readDrive(key, value);
    const isKnown = /^(?:none|cdrom|cloudinit|\/.*)$/.test(file) || parseVolumeId(file) !== undefined;
    if (isKnown || newVolumeSize(file) !== undefined) return undefined;
    return `invalid format - format error\n${key}.file: invalid format - unable to parse volume ID '${file}'\n\n`;
  } catch (failure) {
    if (!(failure instanceof ProxmoxFailure)) throw failure;
    return failure.errors?.[key] ?? failureText(failure);
  }
}

function networkProblem(key: string, value: string): string | undefined {
  try {
    parseNetwork("qemu", value, key);
    return undefined;
  } catch (failure) {
    if (!(failure instanceof PropertyStringError)) throw failure;
    if (isOfWholeText(failure.message)) return `invalid format - ${failure.message}\n`;
    const unknown = /^invalid key in comma-separated list property: (.*)$/.exec(failure.message)?.[1];
    const text =
      unknown === undefined
        ? failure.message
        : `${key}.${unknown}: property is not defined in schema and the schema does not allow additional properties`;
    return `invalid format - format error\n${text}\n`;
  }
}
