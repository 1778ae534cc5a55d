import * as z from "zod";
import { commonInputs, loggedStreams, previousOutputs, problemsOf, refusals, text, texts } from "./command-inputs";
import type { Call, Problem, ResourceKind } from "./resource";
import { runProgram } from "./run-program";
import { reveal, type Properties } from "./values";

const schema = z.strictObject({ ...commonInputs, dir: text, interpreter: texts });
const refused = ["assetPaths", "archivePaths"];

/** command:local:Command: a command that runs where Pulumi runs. */
export class LocalCommand implements ResourceKind {
  readonly outputs = ["stdout", "stderr"];
  readonly replacing = ["triggers"];

  idPrefix(name: string): string {
    return name;
  }

  check(inputs: Properties): { inputs: Properties; problems: readonly Problem[] } {
    const { assetPaths: _assets, archivePaths: _archives, ...rest } = inputs;
    return {
      inputs: { addPreviousOutputInEnv: true, ...inputs },
      problems: [...refusals(inputs, refused), ...problemsOf(schema, rest)],
    };
  }

  create(inputs: Properties, call: Call): Promise<Properties> {
    return run("create", inputs, {}, call);
  }

  update(inputs: Properties, state: Properties, call: Call): Promise<Properties> {
    return run(inputs["update"] === undefined ? "create" : "update", inputs, state, call);
  }

  async delete(state: Properties, call: Call): Promise<void> {
    const { stdout: _stdout, stderr: _stderr, ...inputs } = state;
    await run("delete", inputs, state, call);
  }
}

async function run(
  which: "create" | "update" | "delete",
  inputs: Properties,
  state: Properties,
  call: Call,
): Promise<Properties> {
  const parsed = schema.parse(reveal(inputs));
  const command = parsed[which];
  if (command === undefined) {
    return { stdout: state["stdout"] ?? "", stderr: state["stderr"] ?? "" };
  }
  const [program = "/bin/sh", ...options] = (parsed.interpreter ?? []).filter((word) => word !== undefined);
  const words = parsed.interpreter?.length ? options : ["-c"];
  const { stdout, stderr } = await runProgram(
    {
      words: [program, ...words, command],
      description: JSON.stringify(command),
      ended: "exit status",
      stop: call.signal,
      folder: parsed.dir,
      environment: { ...process.env, ...parsed.environment, ...previousOutputs(parsed, state) },
      standardInput: parsed.stdin,
      logged: loggedStreams(parsed),
    },
    call,
  );
  return { stdout, stderr };
}
