import { mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { artifacts, parts } from "../../../../scripts/toolchain/parts";
import type { Part } from "../../../../scripts/toolchain/parts/part";
import { writeScript } from "./scratch";

/**
 * Puts a program called `go` into `tools/` of a folder. For each part it builds a script that tells the right version,
 * which it knows by the variables that the linker is to set. Its builds note what they were given in the file `builds`
 * and their process in `go-process`, and do what a test adds.
 */
export function writeGo(folder: string, atBuild: string): void {
  mkdirSync(path.join(folder, "tools"), { recursive: true });
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
printf '#!/bin/sh\\necho "%s"\\necho more\\n' "$answer" > "$2"
chmod +x "$2"`,
  );
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
