import { existsSync, readFileSync, realpathSync } from "node:fs";
import { dirname, isAbsolute, join, posix, resolve } from "node:path";
import * as z from "zod";
import { plainText } from "../../../proxmox/api/plain-text";
import { runProgramFile } from "../../clients/run-program";
import type { CommandContext } from "../../project/context";
import type { PulumiProject } from "../../project/pulumi-project";
import { programName } from "./kit-files";
import type { PackedFile, PackedLink } from "./tar-file";

/** What `pulumi` runs, as far as a kit can hold it. */
export type StackProgram =
  | {
      readonly files: readonly (PackedFile | PackedLink)[];
      /** Where its package.json lies in the kit. */
      readonly folder: string;
    }
  /** Why it holds none. */
  | { readonly why: string };

/** Milliseconds: a build takes a second. */
const longestBuild = 60_000;

/** What the built program is loaded by, and what says which libraries it needs. */
const carried = ["stacks/start.cjs", "stacks/build.cjs", "stacks/load-pulumi.cjs", "package.json", "package-lock.json"];

/**
 * Lifeboat's own stacks as one file, which is built anew where a source is newer: with them, the libraries of package-lock.json and
 * the pulumi CLI a machine without the repository brings stacks up.
 */
export async function readStackProgram(
  { folder, main }: PulumiProject,
  { signal }: Pick<CommandContext, "signal">,
): Promise<StackProgram> {
  const own = main === undefined ? undefined : programFolder(resolve(folder, main));
  if (main === undefined || own === undefined) {
    return { why: `what pulumi runs, ${main ?? "the project's own program"}, which is not Lifeboat's` };
  }
  const place = posix.normalize(posix.join(main, "../.."));
  if (isAbsolute(main) || place.startsWith(".."))
    return { why: `what pulumi runs, ${main}, which is outside of the project` };
  const line = "process.stdout.write(require(process.argv[1]).builtProgram())";
  const { code, stdout, stderr } = await runProgramFile(process.execPath, ["-e", line, join(own, "stacks/build.cjs")], {
    timeout: longestBuild,
    signal,
  });
  if (code !== 0) return { why: `what pulumi runs, which cannot be built: ${lastWords(plainText(stderr))}` };
  const inKit = (name: string): string => posix.join("project", place, name);
  const files = [
    ...carried.map((name) => ({ name: inKit(name), content: readFileSync(join(own, name)) })),
    { name: inKit("dist/program.cjs"), content: readFileSync(stdout) },
    // Monitoring's guest runs it, and gets it from beside the stacks.
    { name: inKit(`dist/${programName}`), linkTo: programName },
  ];
  return { files, folder: posix.join("project", place) };
}

/** Lifeboat's own folder, where it is Lifeboat that `pulumi` starts: of nobody else's project a file is run. */
function programFolder(start: string): string | undefined {
  if (!existsSync(start)) return undefined;
  const own = resolve(dirname(realpathSync(start)), "..");
  if (realpathSync(start) !== join(own, "stacks/start.cjs")) return undefined;
  if (!carried.every((name) => existsSync(join(own, name)))) return undefined;
  const { success, data } = packageSchema.safeParse(JSON.parse(readFileSync(join(own, "package.json"), "utf8")));
  return success && data.name === "lifeboat" ? own : undefined;
}

const packageSchema = z.object({ name: z.string() });

/** The line of an error that says what it is. */
function lastWords(text: string): string {
  const lines = text.split("\n").map((line) => line.trim());
  return (
    lines.find((line) => /Unable to|Error:/u.test(line)) ?? lines.find((line) => line !== "") ?? "it cannot be built"
  );
}
