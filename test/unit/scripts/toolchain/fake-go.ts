import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { artifacts, parts } from "../../../../scripts/toolchain/parts";
import type { Part } from "../../../../scripts/toolchain/parts/part";
import { Trials } from "../../../../scripts/toolchain/trials";
import { writeScript } from "./scratch";

/**
 * Puts a program called `go` into `tools/` of a folder. For each part it builds a script that tells the right version,
 * which it knows by the variables that the linker is to set. Its builds note what they were given in the file `builds`
 * and their process in `go-process`, and do what a test adds.
 */
export function writeGo(folder: string, atBuild: string): void {
  mkdirSync(path.join(folder, "tools"), { recursive: true });
  passTrials(folder);
  writeScript(
    path.join(folder, "tools", "go"),
    `[ "$1" = env ] && { echo go1.99.0; exit; }
[ "$1" = list ] && { echo "go: downloading some.module v1.0.0" >&2; echo "package one"; exit; }
words="$*"
echo "$GOTOOLCHAIN|$GOFLAGS|$GOMODCACHE|$GOCACHE|$words" >> ${folder}/builds
echo $$ > ${folder}/go-process
while [ "$1" != -o ]; do shift; done
mkdir -p "$(dirname "$2")" "$GOMODCACHE"
${atBuild}
answer=
case "$words" in
${[...parts, ...artifacts].flatMap(answerOf).join("\n")}
esac
printf '${builtScript("%s").replaceAll("\n", String.raw`\n`)}' "$answer" > "$2"
chmod +x "$2"`,
  );
}

/** No script makes storages and buckets: the cache says of each plugin that it has passed its trial. */
function passTrials(folder: string): void {
  const program = path.join(folder, "tools", "built");
  for (const { name, trial, upstream, versionCheck } of parts) {
    if (trial !== undefined && upstream && versionCheck) {
      writeFileSync(program, builtScript(versionCheck.output));
      new Trials(path.join(folder, "lifeboat", "toolchain")).note(name, program, null);
    }
  }
}

function builtScript(answer: string): string {
  return `#!/bin/sh\necho "${answer}"\necho more\n`;
}

/** The words of each build that was begun, after the settings of Go. */
export function buildsIn(folder: string): string[] {
  return readFileSync(path.join(folder, "builds"), "utf8").trim().split("\n");
}

function answerOf({ upstream, versionCheck }: Part): string[] {
  if (!upstream || !versionCheck) return [];
  const variables = Object.entries(upstream.variables).map(([name, value]) => `*"-X ${name}=${value}"[\\ ]*`);
  return [`${variables.at(1) ?? variables[0]}) answer='${versionCheck.output}';;`];
}
