import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import * as z from "zod";

const lock = z.object({
  packages: z.record(
    z.string(),
    z.object({
      dependencies: z.record(z.string(), z.string()).optional(),
      optionalDependencies: z.record(z.string(), z.string()).optional(),
    }),
  ),
});

/** Where Node looks for a package that the one in a folder asks for, the nearest first. */
function places(folder: string, name: string): string[] {
  const parts = folder === "" ? [] : folder.split("/node_modules/");
  const above = parts.map((_, index) => parts.slice(0, parts.length - index).join("/node_modules/"));
  return [...above.map((place) => `${place}/node_modules/${name}`), `node_modules/${name}`];
}

// `npm install` leaves out what the registry has for other platforms only in part, and `npm ci` then refuses the file.
test("package-lock.json holds every package that another one in it asks for, those of other platforms too", () => {
  const text = readFileSync(join(resolve(__dirname, "../.."), "package-lock.json"), "utf8");
  const { packages } = lock.parse(JSON.parse(text));
  const missing = Object.entries(packages).flatMap(([folder, { dependencies, optionalDependencies }]) =>
    Object.keys({ ...dependencies, ...optionalDependencies })
      .filter((name) => places(folder, name).every((place) => packages[place] === undefined))
      .map((name) => `${folder}: ${name}`),
  );
  expect(missing).toEqual([]);
});
