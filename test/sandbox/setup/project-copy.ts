import {
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { isMap, parseDocument, type Document } from "yaml";
import type { Layout, SandboxNode } from "./layout";
import { nodeHostKey } from "./node-shells";
import type { Artifact, Artifacts } from "./services/artifacts";
import { onMirror } from "./services/mirror";
import { fillMonitoringSettings, MONITORING } from "./services/monitoring-settings";
import { registryImages } from "./services/registry";
import { OFFSITE_CA, fillStoreSettings } from "./services/store-settings";

/** What a run of the program needs of the project besides its settings. */
const LINKED = ["components", "node_modules", "package.json", "proxmox", "site", "stacks", "tsconfig.json"];

export interface ProjectCopy {
  layout: Layout;
  projectFolder: string;
  nodes: readonly SandboxNode[];
  /** In a `memory` site a guest proves that it is said to run, and nothing more. */
  guestsRun: boolean;
  /** What the site's mirror offers; left out where the site has no mirror. */
  artifacts?: Artifacts | undefined;
  /** Node's archive on the mirror; left out where the site has no registry of images. */
  node?: Artifact | undefined;
}

/** Name of the site's CA in the copy of the project. */
const SITE_CA = "site-ca.pem";

/**
 * Makes a copy of the project in which `pulumi` and `lifeboat` work on the sandbox: settings files of its own, with the
 * sandbox's addresses, certificate and keys; everything else is linked. The project itself stays as it is in git.
 */
export function copyProject(copy: ProjectCopy): void {
  const { layout, projectFolder } = copy;
  mkdirSync(layout.project, { recursive: true });
  for (const name of LINKED) link(join(projectFolder, name), join(layout.project, name));
  link(layout.ca, join(layout.project, SITE_CA));
  link(layout.ca, join(layout.project, OFFSITE_CA));
  for (const name of readdirSync(projectFolder)) {
    if (/^Pulumi\.ya?ml$/.test(name)) copyFileSync(join(projectFolder, name), join(layout.project, name));
    if (!/^Pulumi\..+\.ya?ml$/.test(name)) continue;
    const place = join(layout.project, name);
    const example = readFileSync(join(projectFolder, name), "utf8");
    // `pulumi` writes into it (the salt of its secrets): a second `up` must not take that away.
    if (!existsSync(place)) writeFileSync(place, sandboxSettings(example, copy));
    if (copy.artifacts !== undefined) fillStoreSettings(place, example, { layout, projectFolder }, copy.artifacts);
    if (copy.node !== undefined) {
      const [digests, node] = [registryImages(layout), onMirror(layout, copy.node)];
      fillMonitoringSettings(place, example, { ca: SITE_CA, digests, node });
    }
  }
}

/** The text of a settings file with the sandbox's values in it. Comments and order stay. */
export function sandboxSettings(text: string, copy: ProjectCopy): string {
  const settings = parseDocument(text);
  const name = settings.getIn(["config", "lifeboat:proxmox", "node"]);
  const node = copy.nodes.find((candidate) => candidate.name === name);
  if (node === undefined) return text;
  settings.setIn(["config", "lifeboat:proxmox", "endpoint"], `https://${node.address}:${node.port}`);
  settings.setIn(["config", "lifeboat:proxmox", "ca"], SITE_CA);
  settings.deleteIn(["config", "lifeboat:proxmox", "fingerprint"]);
  setNodeAccess(settings, copy);
  settings.setIn(["config", "lifeboat:ssh", "user"], "root");
  settings.setIn(["config", "lifeboat:ssh", "identity"], copy.layout.sshKey);
  settings.setIn(["config", "lifeboat:ssh", "keys"], [readFileSync(copy.layout.sshPublicKey, "utf8").trim()]);
  // Its services are images, which a site without a registry has not.
  if (copy.node === undefined) settings.deleteIn(MONITORING);
  if (!copy.guestsRun) {
    checkRunningOnly(settings);
    // Nothing can be installed in a guest that does not run.
    settings.deleteIn(["config", "lifeboat:stateStore"]);
  }
  return settings.toString({ lineWidth: 0 });
}

/** Only nodes with real guests have an SSH server; and only where the settings use it is it used. */
function setNodeAccess(settings: Document, { guestsRun, layout, nodes }: ProjectCopy): void {
  const place = ["config", "lifeboat:proxmox", "ssh"];
  if (!settings.hasIn(place)) return;
  const hostKeys = !guestsRun ? [] : nodes.map(({ name }) => readFileSync(nodeHostKey(layout, name), "utf8").trim());
  if (guestsRun) settings.setIn(place, settings.createNode({ user: "root", identity: layout.sshKey, hostKeys }));
  else settings.deleteIn(place);
}

function checkRunningOnly(settings: Document): void {
  const guests = settings.getIn(["config", "lifeboat:guests"]);
  if (!isMap(guests)) return;
  for (const { value } of guests.items) if (isMap(value)) value.set("checks", settings.createNode(["running"]));
}

/** A link that is right already stays: a run of the program may be reading through it. */
function link(target: string, place: string): void {
  if (lstatSync(place, { throwIfNoEntry: false })?.isSymbolicLink() && readlinkSync(place) === target) return;
  rmSync(place, { force: true });
  symlinkSync(target, place);
}
