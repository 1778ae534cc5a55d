import { pulumiEnvironment } from "../child-environment";
import { type ProgramOptions, type ProgramResult, runProgramFile } from "../run-program";

/** What people are told where there is no `pulumi`. */
export const missingCli = "the pulumi CLI is not installed here";

/** Where a stack's program is, and with what `pulumi` works on it. */
export interface PulumiRun extends Pick<ProgramOptions, "timeout" | "signal"> {
  /** Folder of `Pulumi.yaml`. */
  readonly folder: string;
  /** Environment of the process: the backend, the passphrase and all other secrets are named in it, never in arguments. */
  readonly variables: Readonly<Record<string, string | undefined>>;
}

/** Runs `pulumi` for what it prints. What changes something and takes long is run by `runLong`. @throws ProgramMissing */
export function runPulumi(argv: readonly string[], { folder, variables, ...rest }: PulumiRun): Promise<ProgramResult> {
  const options = { environment: pulumiEnvironment(variables), workingDirectory: folder, ...rest };
  return runProgramFile("pulumi", [...argv, ...plain], options);
}

/** Nobody is asked, and nothing is coloured. */
export const plain = ["--non-interactive", "--color", "never"] as const;

/** Words of a preview for programs. */
export function previewArguments(stack: string, refresh: boolean): string[] {
  return ["preview", "--stack", stack, ...(refresh ? ["--refresh"] : []), "--json"];
}
