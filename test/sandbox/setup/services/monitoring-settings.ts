import { readFileSync, writeFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { type Document, parseDocument } from "yaml";
import { DOCKER_TEMPLATE, TEMPLATE } from "../template";
import { contentAt } from "./content-at";
import { REGISTRY } from "./registry";

/** Where the settings say what watches the site. */
export const MONITORING = ["config", "lifeboat:monitoring"];
const IMAGES = [...MONITORING, "images"];
const NODE = [...MONITORING, "exporter", "node"];

/** What the site has for it. */
export interface MonitoringPlaces {
  /** Name of the site's CA in the copy of the project. */
  ca: string;
  /** Digests of the registry's images, by their names. */
  digests: Readonly<Record<string, string>>;
  /** Where Node's archive is on the mirror. */
  node: { url: string; sha256: string };
}

/**
 * Makes the settings of monitoring those of the sandbox: images of its registry, Node's archive of its mirror, and for the guest
 * the template with Docker. What somebody has changed in the copy since it was made stays. A copy of a site that had no registry
 * then gets the settings of the example.
 *
 * @param file settings file of the copy
 * @param example text of the project's own
 */
export function fillMonitoringSettings(file: string, example: string, places: MonitoringPlaces): void {
  const text = readFileSync(file, "utf8");
  const filled = withSandboxMonitoring(text, example, places);
  if (filled !== text) writeFileSync(file, filled);
}

/** The text of a settings file with what the sandbox has, where it still has what the example says. */
export function withSandboxMonitoring(text: string, example: string, places: MonitoringPlaces): string {
  const settings = parseDocument(text);
  const original = parseDocument(example);
  if (!original.hasIn(MONITORING)) return text;
  if (!settings.hasIn(MONITORING)) settings.setIn(MONITORING, settings.createNode(contentAt(original, MONITORING)));
  const setIfExample = (place: readonly string[], make: () => unknown): void => {
    const isExample = isDeepStrictEqual(contentAt(settings, place), contentAt(original, place));
    if (settings.hasIn(place) && isExample) settings.setIn(place, settings.createNode(make()));
  };
  setIfExample(IMAGES, () => imagesOf(original, places));
  setIfExample(NODE, () => places.node);
  const guest = String(original.getIn([...MONITORING, "guest"]));
  const template = ["config", "lifeboat:guests", guest, "template"];
  if (original.getIn(template) === onLocal(TEMPLATE)) setIfExample(template, () => onLocal(DOCKER_TEMPLATE));
  const filled = settings.toString({ lineWidth: 0 });
  return parseDocument(text).toString({ lineWidth: 0 }) === filled ? text : filled;
}

/** The example's images as the registry has them. It may have none of Grafana, which Debian has no package of. */
function imagesOf(example: Document, { ca, digests }: MonitoringPlaces): object {
  const named = ["prometheus", "alertmanager", "grafana"].map((service) => {
    const name = example.getIn([...IMAGES, service, "name"]);
    const digest = digests[String(name)];
    return [service, digest === undefined ? false : { name, digest }] as const;
  });
  return { registry: REGISTRY, ca, ...Object.fromEntries(named) };
}

function onLocal(template: string): string {
  return `local:vztmpl/${template}`;
}
