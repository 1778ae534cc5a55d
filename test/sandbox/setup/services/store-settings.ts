import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { parseDocument } from "yaml";
import type { Layout } from "../layout";
import type { Artifacts } from "./artifacts";
import { onMirror } from "./mirror";
import { offsite, OFFSITE_BUCKET } from "./offsite";
import { contentAt } from "./content-at";
import { typeScript } from "../../machine/type-script";

const STORE = ["config", "lifeboat:stateStore"];
const SERVER = [...STORE, "server"];
const OFFSITE = [...STORE, "copies", "offsite"];
const OFFSITE_KEY = "lifeboat:stateStoreOffsiteKey";

/** Name of the provider's CA in the copy of the project. */
export const OFFSITE_CA = "offsite-ca.pem";

export interface StorePlaces {
  layout: Layout;
  projectFolder: string;
}

/**
 * Makes the settings of a state store those of the sandbox: the server as its mirror has it, the provider's address and
 * key. The example can know none of them, for programs and keys are made on each machine. What somebody has changed in
 * the copy since it was made stays, and settings without a store stay as they are.
 *
 * @param file settings file of the copy
 * @param example text of the project's own
 */
export function fillStoreSettings(file: string, example: string, places: StorePlaces, artifacts: Artifacts): void {
  const text = readFileSync(file, "utf8");
  const filled = withSandboxStore(text, example, onMirror(places.layout, artifacts.minio));
  if (filled !== text) writeFileSync(file, filled);
  const settings = parseDocument(filled);
  if (settings.hasIn(OFFSITE) && !settings.hasIn(["config", OFFSITE_KEY])) sealOffsiteKey(file, places);
}

/** The text of a settings file with the sandbox's server and provider, where it still has those of the example. */
export function withSandboxStore(text: string, example: string, server: { url: string; sha256: string }): string {
  const settings = parseDocument(text);
  const original = parseDocument(example);
  const isExample = (place: readonly string[]): boolean =>
    settings.hasIn(place) && isDeepStrictEqual(contentAt(settings, place), contentAt(original, place));
  const [isServer, isProvider] = [isExample(SERVER), isExample([...OFFSITE, "endpoint"])];
  if (isServer) settings.setIn(SERVER, settings.createNode(server, { flow: true }));
  if (isProvider) {
    settings.setIn([...OFFSITE, "endpoint"], offsite.url);
    settings.setIn([...OFFSITE, "bucket"], OFFSITE_BUCKET);
    settings.setIn([...OFFSITE, "ca"], OFFSITE_CA);
  }
  return isServer || isProvider ? settings.toString({ lineWidth: 0 }) : text;
}

/** By a program of the project's own: the sandbox shares no code with it. The key reaches it on its standard input. */
function sealOffsiteKey(file: string, { layout, projectFolder }: StorePlaces): void {
  const [node = "", ...words] = typeScript(projectFolder, "test/support/seal-setting.ts");
  execFileSync(node, [...words, file, OFFSITE_KEY, layout.passphraseFile], {
    cwd: projectFolder,
    input: readFileSync(layout.offsiteKeyFile),
  });
}
