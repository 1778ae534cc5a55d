import { inFile, type Mutant } from "../mutant";

const failure = "test/unit/scripts/clients/failure.test.ts";

/** What may be done, to what, and what a script is told when it may not. */
export const rightsMutants: readonly Mutant[] = [
  ...inFile("scripts/terminal/exit-codes.ts", [
    {
      name: "exit code: 'refused' is another number",
      from: "refused: 13,",
      to: "refused: 12,",
      killedBy: { file: failure, title: "the numbers are those of the guide, for ever" },
    },
  ]),
  ...inFile("scripts/clients/failure.ts", [
    {
      name: "exit code: a node that answered nothing counts as failed",
      from: '  "lost",\n  "unexpected",\n]);',
      to: '  "unexpected",\n]);',
      killedBy: { file: failure, title: "a node's answer of kind 'lost': 14" },
    },
    {
      name: "exit code: a store that does not answer counts as failed",
      from: 'kind === "failed" ? exitCodes.failed : exitCodes.unavailable',
      to: 'kind !== "denied" ? exitCodes.failed : exitCodes.unavailable',
      killedBy: { file: failure, title: "a store's answer of kind 'unreachable': 14" },
    },
    {
      name: "exit code: a refusal counts as failed",
      from: "const { exitCode, message, hint, details } = error;",
      to: "const { message, hint, details } = error;\n  const exitCode = exitCodes.failed;",
      killedBy: { file: failure, title: "what a command refuses keeps its own number and hint; Ctrl-C is 130" },
    },
  ]),
  ...inFile("proxmox/api/transport.ts", [
    {
      name: "transport: a change goes on a connection that may just be closing",
      from: "this.changes = new Agent({ ...agent, pipelining: 0 });",
      to: "this.changes = new Agent({ ...agent });",
      killedBy: {
        file: "test/unit/proxmox/api/transport.test.ts",
        title: "a kept connection that the node has just closed fails no delete",
      },
    },
    {
      name: "dry run: changes reach the node",
      from: 'request.method === "GET"\n        ? transport.send(request)',
      to: 'request.method !== "DELETE"\n        ? transport.send(request)',
      killedBy: {
        file: "test/unit/proxmox/api/transport.test.ts",
        title: "a read-only client refuses every change before it is sent",
      },
    },
  ]),
  ...inFile("site/state-store/policies.ts", [
    {
      name: "identity: an environment may delete old versions of its states",
      from: 'Action: ["s3:DeleteObjectVersion"]',
      to: "Action: []",
      killedBy: {
        file: "test/unit/site/state-store/names-and-places.test.ts",
        title: "an identity looks at its own bucket, writes and deletes current objects, and nothing else",
      },
    },
    {
      name: "identity: an environment may write into versions of its states that are there",
      from: 'Action: ["s3:PutObject"], Condition',
      to: "Action: [], Condition",
      killedBy: {
        file: "test/unit/site/state-store/names-and-places.test.ts",
        title: "an identity looks at its own bucket, writes and deletes current objects, and nothing else",
      },
    },
  ]),
  ...inFile("site/arguments/container.ts", [
    {
      name: "container: it is not protected",
      from: "environment, protect = true, createTimeout",
      to: "environment, protect = false, createTimeout",
      killedBy: {
        file: "test/components/guests/container.test.ts",
        title: "is protected, and replaced only after its deletion",
      },
    },
  ]),
  ...inFile("components/state-store/versioned-bucket.ts", [
    {
      name: "bucket: it goes when it is taken out of the settings",
      from: "retainOnDelete: true",
      to: "retainOnDelete: false",
      killedBy: {
        file: "test/components/state-store/state-store.test.ts",
        title: "is versioned, old versions expire, and nothing of it is ever deleted",
      },
    },
  ]),
];
