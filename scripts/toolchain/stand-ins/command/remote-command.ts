import * as z from "zod";
import { commonInputs, loggedStreams, previousOutputs, problemsOf } from "./command-inputs";
import { checkConnection, connectionSchema } from "./connection";
import type { Call, Problem, ResourceKind } from "./resource";
import { SshMachine } from "./ssh";
import { containsSecret, reveal, type Properties } from "./values";

const schema = z.strictObject({ ...commonInputs, connection: connectionSchema });

/** command:remote:Command: a command that runs on another machine, over SSH. */
export class RemoteCommand implements ResourceKind {
  readonly outputs = ["stdout", "stderr"];
  readonly replacing = ["triggers"];

  idPrefix(name: string): string {
    return name;
  }

  check(inputs: Properties): { inputs: Properties; problems: readonly Problem[] } {
    const { connection, rest, problems } = checkConnection(reveal(inputs["connection"]));
    return {
      inputs: { addPreviousOutputInEnv: true, ...inputs, connection },
      problems: [
        ...problems,
        ...["create", "update", "delete"].flatMap((name) => secretCommand(name, inputs[name])),
        ...environmentProblem(inputs["environment"]),
        ...problemsOf(schema, { ...inputs, connection: rest }),
      ],
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

/** The system's ssh takes the command as an argument, where everybody on this machine can read it. */
function secretCommand(property: string, value: unknown): Problem[] {
  return containsSecret(value)
    ? [
        {
          property,
          reason: "the stand-in for the command provider keeps no secret in a remote command: use stdin",
        },
      ]
    : [];
}

/** The official provider fails in the middle of an update then; ssh does not say what a server did not take. */
function environmentProblem(value: unknown): Problem[] {
  return value === undefined || value === null
    ? []
    : [
        {
          property: "environment",
          reason: "a server takes only what its AcceptEnv names: use stdin, or NAME=value COMMAND",
        },
      ];
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
  const { stdout, stderr } = await new SshMachine(parsed.connection).run(
    {
      command,
      description: JSON.stringify(command),
      environment: previousOutputs(parsed, state),
      standardInput: parsed.stdin,
      logged: loggedStreams(parsed),
    },
    call,
  );
  return { stdout, stderr };
}
