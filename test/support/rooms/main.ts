// Part of `npm run lint`: imports go from room to room the way that rooms.ts says, and nowhere in a circle. Ends with 1 and
// one line for each that does not.
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { circles, wrongArrows } from "./check";
import { importsOf, sourcesIn } from "./imports";
import { arrows } from "./rooms";

const project = resolve(__dirname, "../../..");
const folders = ["proxmox", "site", "components", "stacks", "scripts", "examples", "test"];

const sources = sourcesIn(
  project,
  folders.filter((folder) => existsSync(join(project, folder))),
);
const imports = importsOf(project, sources);
const problems = [...wrongArrows(imports, arrows), ...circles(imports)];
for (const problem of problems) process.stderr.write(`${problem}\n`);
if (problems.length > 0) process.exitCode = 1;
