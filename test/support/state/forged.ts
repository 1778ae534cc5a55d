/** What somebody writes into a state who wants Pulumi to run a command where it works: it deletes what no program declares. */
export function withForgedCommand(checkpoint: string, runs = "touch hit"): string {
  const value = JSON.parse(checkpoint);
  const [, project, stack] = value.checkpoint.stack.split("/");
  const own = `urn:pulumi:${stack}::${project}::`;
  const provider = { urn: `${own}pulumi:providers:command::default_1_2_1`, type: "pulumi:providers:command", id: "1" };
  const inputs = { create: "true", delete: runs };
  const command = { urn: `${own}command:local:Command::evil`, type: "command:local:Command", id: "2" };
  value.checkpoint.latest.resources.push(
    { ...provider, custom: true, inputs: { __internal: {} } },
    { ...command, custom: true, inputs, outputs: inputs, provider: `${provider.urn}::1` },
  );
  return JSON.stringify(value);
}

/** How it is told. */
export const toldForged = (): unknown =>
  expect.stringMatching(
    /holds a part that the program never makes: urn:pulumi:\w+::\w+::command:local:Command::evil: the program makes nothing of the type command:local:Command\nHINT: /u,
  );
