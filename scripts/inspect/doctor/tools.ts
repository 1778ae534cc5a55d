import { existsSync } from "node:fs";
import { join } from "node:path";
import { shellQuote } from "../../machine/shell-quote";
import { plainText } from "../../../proxmox/api/plain-text";
import { passphraseSource, shellCredential } from "../../../site/settings/credentials";
import { toolEnvironment } from "../../clients/child-environment";
import { ProgramMissing, runProgramFile } from "../../clients/run-program";
import { backendOf, pulumiHome } from "../../project/backend";
import { readPassphrase } from "../../project/passphrase-source";
import { parts } from "../../toolchain/parts";
import { aws } from "../../toolchain/parts/aws";
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
    inspectPlugins(environments, variables),
    ...inspectBackends(environments, variables),
    inspectPassphrase(environments, variables),
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
  const hint = "npm run toolchain in Lifeboat's own folder gets it; restores work without it";
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
function inspectPlugins(environments: readonly LoadedEnvironment[], variables: Variables): Check {
  const home = pulumiHome(variables);
  const makesBucket = environments.some(({ settings }) => settings.offsite?.adopt === false);
  const plugins = [...parts.filter(({ kind }) => kind === "plugin"), ...(makesBucket ? [aws] : [])];
  const missing = plugins.filter((plugin) => !existsSync(join(pluginFolder(home, plugin), plugin.executable)));
  const named = (some: typeof plugins): string => some.map(({ name, version }) => `${name} ${version}`).join(", ");
  if (missing.length === 0) return ok("plugins", named(plugins));
  return warning(
    "plugins",
    `not in ${join(home, "plugins")}: ${named(missing)}; pulumi fetches none by itself for Lifeboat: a state could name what to fetch`,
    // `pulumi install` looks below stacks/ only, and finds none.
    missing.length === 1 && missing.includes(aws)
      ? `npm run toolchain -- --artifact aws && pulumi plugin install resource aws ${aws.version} -f "$(npm run -s toolchain -- --artifact aws)"`
      : `in Lifeboat's own folder: npm run toolchain && npm run toolchain -- --install-plugins ${shellQuote(home)}`,
  );
}

/** One for all environments, or each its own. */
function inspectPassphrase(environments: readonly LoadedEnvironment[], variables: Variables): Check {
  const names = environments.length === 0 ? [""] : environments.map(({ name }) => name);
  const places = names.map((name) => ({ name, ...passphrasePlace(name, variables) }));
  const unreadable = new Set(places.flatMap(({ why }) => why ?? []));
  if (unreadable.size > 0) {
    return warning("passphrase", [...unreadable].join("; "), `name the file that holds it, or write it there`);
  }
  const missing = places.filter(({ place }) => place === undefined).map(({ name }) => name);
  if (missing.length === 0) {
    const all = [...new Set(places.map(({ place = "" }) => place))];
    return ok(
      "passphrase",
      all.length === 1 ? all.join("") : places.map(({ name, place = "" }) => `${name} ${place}`).join(", "),
    );
  }
  const whose = missing.length === places.length ? "" : ` for ${missing.join(" and ")}`;
  return warning(
    "passphrase",
    `not set${whose}: pulumi and secrets in the settings need it`,
    `put it into a file that only you can read, and set ${passphraseSource.fileVariable}`,
  );
}

/** Where a passphrase comes from, or why it cannot be read; nothing where none is given. */
function passphrasePlace(
  environment: string,
  variables: Variables,
): { readonly place?: string; readonly why?: string } {
  const found = readPassphrase(environment, variables);
  if (found.kind === "none") return {};
  const given = shellCredential(passphraseSource, environment, variables);
  const variable = given?.variable ?? passphraseSource.variable;
  if (found.kind === "unreadable") return { why: `${variable}: ${found.why}` };
  const place = given?.kind === "file" ? `from the file ${given.path}` : `from ${variable}`;
  return { place: found.passphrase === "" ? `${place}, which is empty` : place };
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
