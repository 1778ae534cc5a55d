import { existsSync } from "node:fs";
import { join } from "node:path";
import { plainText } from "../../../proxmox/api/plain-text";
import { toolEnvironment } from "../../clients/child-environment";
import { ProgramMissing, runProgramFile } from "../../clients/run-program";
import { backendOf, pulumiHome } from "../../project/backend";
import { parts } from "../../toolchain/parts";
import { pluginFolder } from "../../toolchain/plugin-folder";
import { CommandError } from "../../terminal/command-error";
import type { LoadedEnvironment } from "../../project/site";
import { type Check, ok, warning } from "./check";

type Variables = Readonly<Record<string, string | undefined>>;

/** Oldest `pulumi` that the program runs with. Source: design, tried. */
const oldestPulumi = [3, 258] as const;

/** Looks at the programs and variables of this machine. Nothing here stops a restore, so nothing is a problem. */
export async function inspectTools(environments: readonly LoadedEnvironment[], variables: Variables): Promise<Check[]> {
  return [
    await inspectPulumi(variables),
    inspectPlugins(variables),
    ...inspectBackends(environments, variables),
    inspectPassphrase(variables),
    await inspectProgram("ssh", ["-V"], "guests are not checked by logging in"),
    await inspectProgram("ping", ["-V"], "guests are not checked by ping"),
  ];
}

/** One line where all environments keep their states in one place. */
function inspectBackends(environments: readonly LoadedEnvironment[], variables: Variables): Check[] {
  const places = environments.map((environment) => {
    try {
      const { url, origin } = backendOf(environment, variables);
      return { name: environment.name, finding: ok("backend", `${url.split("&profile=")[0] ?? url} (${origin})`) };
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      return { name: environment.name, finding: warning("backend", error.message, error.hint) };
    }
  });
  const [first] = places;
  if (first !== undefined && places.every(({ finding }) => finding.text === first.finding.text)) return [first.finding];
  return places.map(({ name, finding }) => ({ ...finding, subject: `backend of ${name}` }));
}

async function inspectPulumi(variables: Variables): Promise<Check> {
  const hint = "npm run toolchain gets it; restores work without it";
  const environment = { ...toolEnvironment(variables), PULUMI_SKIP_UPDATE_CHECK: "1" };
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

/** The plugins that the program's packages ask for, in their exact versions. */
function inspectPlugins(variables: Variables): Check {
  const home = pulumiHome(variables);
  const plugins = parts.filter(({ kind }) => kind === "plugin");
  const missing = plugins.filter((plugin) => !existsSync(join(pluginFolder(home, plugin), plugin.executable)));
  const named = (some: typeof plugins): string => some.map(({ name, version }) => `${name} ${version}`).join(", ");
  if (missing.length === 0) return ok("plugins", named(plugins));
  return warning(
    "plugins",
    `not in ${join(home, "plugins")}: ${named(missing)}; pulumi fetches none by itself for Lifeboat: a state could name what to fetch`,
    `pulumi install; or, without a way to the internet: npm run toolchain && npm run toolchain -- --install-plugins ${home}`,
  );
}

function inspectPassphrase(variables: Variables): Check {
  const { PULUMI_CONFIG_PASSPHRASE: direct, PULUMI_CONFIG_PASSPHRASE_FILE: file } = variables;
  if (direct !== undefined) return ok("passphrase", "from PULUMI_CONFIG_PASSPHRASE");
  if (file !== undefined && file !== "") return ok("passphrase", `from the file ${file}`);
  return warning(
    "passphrase",
    "not set: pulumi and secrets in the settings need it",
    "put it into a file that only you can read, and set PULUMI_CONFIG_PASSPHRASE_FILE",
  );
}

async function inspectProgram(program: string, argv: readonly string[], without: string): Promise<Check> {
  try {
    const { stdout, stderr } = await runProgramFile(program, argv, { timeout: 10_000 });
    return ok(program, plainText(`${stdout}${stderr}`.split("\n")[0] ?? ""));
  } catch (error) {
    if (error instanceof ProgramMissing) return warning(program, `not installed here: ${without}`);
    throw error;
  }
}
