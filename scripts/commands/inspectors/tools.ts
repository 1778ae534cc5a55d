import { plainText } from "../../../proxmox/api/plain-text";
import { backendOf } from "../../clients/pulumi";
import { ProgramMissing, runProgramFile } from "../../clients/run-program";
import type { PulumiProject } from "../../project/pulumi-project";
import { type Finding, ok, warning } from "./finding";

type Variables = Readonly<Record<string, string | undefined>>;

/** Oldest `pulumi` that the program runs with. Source: design, tried. */
const oldestPulumi = [3, 258] as const;

/** Looks at the programs and variables of this machine. Nothing here stops a restore, so nothing is a problem. */
export async function inspectTools(project: PulumiProject, variables: Variables): Promise<Finding[]> {
  const backend = backendOf(project, variables);
  return [
    await inspectPulumi(variables),
    ok("backend", `${backend.url} (${backend.origin})`),
    inspectPassphrase(variables),
    await inspectProgram("ssh", ["-V"], "guests are not checked by logging in"),
    await inspectProgram("ping", ["-V"], "guests are not checked by ping"),
  ];
}

async function inspectPulumi(variables: Variables): Promise<Finding> {
  const hint = "npm run toolchain gets it; restores work without it";
  const environment = { ...variables, PULUMI_SKIP_UPDATE_CHECK: "1" };
  try {
    const { stdout } = await runProgramFile("pulumi", ["version"], { timeout: 10_000, environment });
    const version = plainText(stdout).replace(/^v/u, "");
    const [major = 0, minor = 0] = version.split(".").map(Number);
    if (major > oldestPulumi[0] || (major === oldestPulumi[0] && minor >= oldestPulumi[1]))
      return ok("pulumi", version);
    return warning("pulumi", `${version} is too old: ${oldestPulumi.join(".")} or newer is needed`, hint);
  } catch (error) {
    if (error instanceof ProgramMissing) return warning("pulumi", "not installed here", hint);
    throw error;
  }
}

function inspectPassphrase(variables: Variables): Finding {
  const { PULUMI_CONFIG_PASSPHRASE: direct, PULUMI_CONFIG_PASSPHRASE_FILE: file } = variables;
  if (direct !== undefined) return ok("passphrase", "from PULUMI_CONFIG_PASSPHRASE");
  if (file !== undefined && file !== "") return ok("passphrase", `from the file ${file}`);
  return warning(
    "passphrase",
    "not set: pulumi and secrets in the settings need it",
    "put it into a file that only you can read, and set PULUMI_CONFIG_PASSPHRASE_FILE",
  );
}

async function inspectProgram(program: string, argv: readonly string[], without: string): Promise<Finding> {
  try {
    const { stdout, stderr } = await runProgramFile(program, argv, { timeout: 10_000 });
    return ok(program, plainText(`${stdout}${stderr}`.split("\n")[0] ?? ""));
  } catch (error) {
    if (error instanceof ProgramMissing) return warning(program, `not installed here: ${without}`);
    throw error;
  }
}
