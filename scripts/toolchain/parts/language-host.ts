import type { Part } from "./part";
import { pulumiRelease, pulumiVersion } from "./pulumi";

/** What the engine starts to run a program in TypeScript. The Go module proxy has it at no version. */
export const languageHost: Part = {
  name: "language-nodejs",
  version: pulumiVersion,
  kind: "tool",
  executable: "pulumi-language-nodejs",
  installed: { on: "path", beside: "pulumi" },
  official: (platform) => pulumiRelease(platform, "pulumi-language-nodejs"),
  standIn: { entryPoint: "language-host/main.ts" },
};
