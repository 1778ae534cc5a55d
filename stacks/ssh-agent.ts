import { connect } from "node:net";
import * as pulumi from "@pulumi/pulumi";
import { refusal } from "../components/refusal";

/** Milliseconds in which an agent answers. */
const patience = 3_000;

/** An agent's protocol: a length of four bytes, and the question which keys it has. */
const question = Buffer.from([0, 0, 0, 1, 11]);

/**
 * The provider asks the agent whatever key it is given: it fails on one that is gone, and waits without end for one that
 * says nothing. In a preview it asks nobody.
 *
 * @throws pulumi.RunError in an update
 */
export async function requireAgent(environment: string): Promise<void> {
  const path = process.env["SSH_AUTH_SOCK"] ?? "";
  const problem = path === "" ? undefined : await agentProblem(path);
  if (problem === undefined) return;
  const text =
    `Unable to log in to guests of ${environment}: SSH_AUTH_SOCK names ${path}, where no agent answers: ${problem}` +
    "\nHINT: unset SSH_AUTH_SOCK, or start an agent";
  if (!pulumi.runtime.isDryRun()) throw refusal(text);
  await pulumi.log.warn(text);
}

/** One line; undefined where an agent answers. */
function agentProblem(path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const end = (problem: string | undefined): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(problem);
    };
    const timer = setTimeout(() => end(`it says nothing for ${String(patience / 1_000)} s`), patience);
    socket.once("error", ({ message }) => end(message));
    socket.once("close", () => end("it closes the connection"));
    socket.once("data", () => end(undefined));
    socket.write(question);
  });
}
