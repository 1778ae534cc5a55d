import { inFile, type Mutant } from "../mutant";

const obtain = "test/unit/scripts/toolchain/obtain.test.ts";
const download = "test/unit/scripts/toolchain/download.test.ts";
const store = "test/components/state-store/state-store.test.ts";

/** What is downloaded, what is tried before it is used, and what the provider does not keep secret. */
export const toolchainMutants: readonly Mutant[] = [
  ...inFile("scripts/toolchain/download.ts", [
    {
      name: "download: whatever arrives is taken",
      from: "if (sum !== expectedSha256) {",
      to: 'if (sum === "") {',
      killedBy: { file: download, title: "a file with another sum leaves nothing" },
    },
    {
      name: "download: a sum without a name is one for every file",
      from: "&& name === fileName",
      to: "&& (name === fileName || name === undefined)",
      killedBy: { file: download, title: "a sum is found by the name of its file" },
    },
  ]),
  ...inFile("scripts/toolchain/cache.ts", [
    {
      name: "toolchain: what was downloaded once is trusted whatever is pinned now",
      from: "(receipt.sum === undefined || receipt.sum !== this.pinnedSum(part))",
      to: "receipt.sum === undefined",
      killedBy: { file: obtain, title: "what was downloaded under another sum than is pinned now" },
    },
  ]),
  ...inFile("scripts/toolchain/obtain.ts", [
    {
      name: "toolchain: a stand-in takes the place of an official part whose sum is not pinned",
      from: 'if (way.origin === "stand-in" && couldBeHad) {',
      to: 'if (way.origin === "stand-in" && couldBeHad && part.name === "") {',
      killedBy: { file: obtain, title: "no stand-in is taken where the official part is there" },
    },
  ]),
  ...inFile("scripts/toolchain/trials.ts", [
    {
      name: "toolchain: a plugin that failed its trial is used",
      from: 'if (known !== "passed") {',
      to: 'if (known !== "passed" && known.reason === "") {',
      killedBy: { file: obtain, title: "and fails is refused with its reason" },
    },
    {
      name: "toolchain: a plugin is tried at every start",
      from: "this.note(part.name, program, null);",
      to: "",
      killedBy: { file: obtain, title: "and does what it should is used, and tried once" },
    },
  ]),
  ...inFile("components/state-store/state-store.ts", [
    {
      name: "state store: what its installation prints stands in clear in the state",
      from: "      additionalSecretOutputs: [...printed],\n",
      to: "",
      killedBy: { file: store, title: "what its installation prints is a secret" },
    },
  ]),
];
