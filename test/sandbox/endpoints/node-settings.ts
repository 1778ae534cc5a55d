/** What a node is told of itself: names, its clock's zone, notes (PVE::API2::Nodes, PVE::API2::NodeConfig). */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { isIP } from "node:net";
import { dirname } from "node:path";
import { isTimeZone } from "../../../proxmox/rules/time-zones";
import type { Call, Endpoint, PermissionRule } from "../calls/endpoint";
import type { Node } from "../model/site";
import { resolverOf, writeResolver } from "../model/resolver";
import { death, type Json, parameterFailure } from "../protocol/failure";
import type { ParameterSchema, ParameterTable } from "../protocol/parameters";
import { NODE, optional } from "./tables";

const PATH = "/nodes/{node}";
const MAY_AUDIT: PermissionRule = { check: { path: "/nodes/{node}", privileges: ["Sys.Audit"] } };
const MAY_MODIFY: PermissionRule = { check: { path: "/nodes/{node}", privileges: ["Sys.Modify"] } };
const ADDRESS: ParameterSchema = { type: "string", format: "ip", optional: true };

function digestOf(text: string): string {
  return createHash("sha1").update(text).digest("hex");
}

/** @throws where both digests are known and differ (PVE::Tools::assert_if_modified) */
function checkDigest(sent: string | undefined, own: string | undefined): void {
  if (!sent || !own || sent === own) return;
  throw death("detected modified configuration - file changed by other user? Try again.");
}

function readNames({ node }: Call): Json {
  const { search, nameservers } = resolverOf(node);
  const addresses = nameservers.map((address, index) => [`dns${String(index + 1)}`, address] as const);
  return { ...(search !== undefined && { search }), ...Object.fromEntries(addresses) };
}

function writeNames({ node, parameters }: Call): null {
  const addresses = ["dns1", "dns2", "dns3"].map((name) => parameters.text(name) ?? "");
  writeResolver(node, parameters.required("search"), addresses);
  return null;
}

const HOSTS = "/etc/hosts";

function hostsOf(node: Node): string {
  const file = node.path(HOSTS);
  return existsSync(file) ? readFileSync(file, "utf8") : "";
}

function writeHosts({ node, parameters }: Call): null {
  const data = parameters.required("data");
  checkDigest(digestOf(hostsOf(node)), parameters.text("digest"));
  for (const line of data.split("\n").filter((text) => !/^\s*(?:#|$)/u.test(text))) {
    const [address = "", ...names] = line.split(/\s+/u);
    if (isIP(address) === 0) throw parameterFailure({ data: `Invalid IP '${address}'` });
    const wrong = names.find((name) => !/^[.\-a-zA-Z0-9]+$/u.test(name));
    if (wrong !== undefined) throw parameterFailure({ data: `Invalid Hostname '${wrong}'` });
  }
  const file = node.path(HOSTS);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, data);
  return null;
}

function setTimeZone({ node, parameters }: Call): null {
  const wanted = parameters.required("timezone");
  if (!isTimeZone(wanted)) throw parameterFailure({ timezone: "No such timezone" });
  node.state.timezone = wanted;
  return null;
}

const LOCATION: ParameterSchema = {
  type: "string",
  optional: true,
  format: {
    latitude: { type: "number", minimum: -90, maximum: 90 },
    longitude: { type: "number", minimum: -180, maximum: 180 },
    name: { type: "string", optional: true, maxLength: 128 },
  },
};

const WAKE_ON_LAN: ParameterSchema = {
  type: "string",
  optional: true,
  format: {
    mac: { type: "string", format: "mac-addr", defaultKey: true },
    "bind-interface": { type: "string", format: "pve-iface", optional: true },
    "broadcast-address": { type: "string", format: "ipv4", optional: true },
  },
};

const DOMAIN = "[A-Za-z0-9][A-Za-z0-9_-]*(?:\\.[A-Za-z0-9][A-Za-z0-9_-]*)+";

const CERTIFICATE_DOMAIN: ParameterSchema = {
  type: "string",
  optional: true,
  format: {
    domain: { type: "string", pattern: DOMAIN, defaultKey: true },
    plugin: { type: "string", format: "pve-configid", optional: true },
    alias: { type: "string", pattern: DOMAIN.replace("[A-Za-z0-9]", "[A-Za-z0-9_]"), optional: true },
  },
};

const CERTIFICATE: ParameterSchema = {
  type: "string",
  optional: true,
  format: {
    account: { type: "string", format: "pve-configid", optional: true },
    domains: { type: "string", pattern: `${DOMAIN}(?:;${DOMAIN})*`, optional: true },
  },
};

const MOST_DOMAINS = 6;

const CONFIG: ParameterTable = {
  acme: CERTIFICATE,
  "acmedomain[n]": { ...CERTIFICATE_DOMAIN, count: MOST_DOMAINS },
  "ballooning-target": { type: "integer", optional: true, minimum: 0, maximum: 100 },
  description: { type: "string", optional: true, maxLength: 65_536 },
  location: LOCATION,
  "startall-onboot-delay": { type: "integer", optional: true, minimum: 0, maximum: 300 },
  wakeonlan: WAKE_ON_LAN,
};

const PROPERTIES = [
  ...Object.keys(CONFIG).filter((name) => !name.endsWith("[n]")),
  ...Array.from({ length: MOST_DOMAINS }, (_, index) => `acmedomain${String(index)}`),
];

/** The file's text, by which changes are told: notes first, as comments. */
function configText(config: Readonly<Record<string, string>>): string {
  const { description = "", ...rest } = config;
  const notes = description === "" ? [] : description.replace(/\n+$/u, "").split("\n");
  const lines = [
    ...notes.map((line) => `#${line}`),
    ...Object.entries(rest)
      .sort(([one], [two]) => (one < two ? -1 : 1))
      .map(([name, value]) => `${name}: ${value}`),
  ];
  return lines.map((line) => `${line}\n`).join("");
}

/** What the file gives back: each line of the notes with its end; nothing at all of a node without the file. */
function configAnswer({ config = {} }: Node["state"]): Record<string, string> {
  const text = configText(config);
  if (text === "") return {};
  const { description = "", ...rest } = config;
  const notes = description === "" ? "" : `${description.replace(/\n+$/u, "")}\n`;
  return { ...rest, description: notes, digest: digestOf(text) };
}

function readConfig({ node, parameters }: Call): Json {
  const config = configAnswer(node.state);
  const property = parameters.text("property");
  if (property === undefined) return config;
  const value = config[property];
  return value === undefined ? {} : { [property]: value };
}

function writeConfig({ node, parameters }: Call): null {
  checkDigest(parameters.text("digest"), configAnswer(node.state).digest);
  const sent = parameters.entries("node", "delete", "digest");
  const removed = parameters.list("delete");
  const broken = sent.find(([name, value]) => name !== "description" && value.includes("\n"));
  if (broken !== undefined) throw death(`detected invalid newline inside property '${broken[0]}'`);
  const merged = { ...node.state.config, ...Object.fromEntries(sent) };
  node.state.config = Object.fromEntries(Object.entries(merged).filter(([name]) => !removed.includes(name)));
  return null;
}

export const nodeSettingEndpoints: readonly Endpoint[] = [
  { method: "GET", path: `${PATH}/dns`, parameters: { node: NODE }, permissions: MAY_AUDIT, handler: readNames },
  {
    method: "PUT",
    path: `${PATH}/dns`,
    parameters: { node: NODE, search: { type: "string" }, dns1: ADDRESS, dns2: ADDRESS, dns3: ADDRESS },
    permissions: MAY_MODIFY,
    handler: writeNames,
  },
  {
    method: "GET",
    path: `${PATH}/hosts`,
    parameters: { node: NODE },
    permissions: { check: { path: "/", privileges: ["Sys.Audit"] } },
    handler: ({ node }) => ({ data: hostsOf(node), digest: digestOf(hostsOf(node)) }),
  },
  {
    method: "POST",
    path: `${PATH}/hosts`,
    parameters: { node: NODE, data: { type: "string" }, digest: optional({ type: "string", maxLength: 64 }) },
    permissions: MAY_MODIFY,
    handler: writeHosts,
  },
  {
    method: "PUT",
    path: `${PATH}/time`,
    parameters: { node: NODE, timezone: { type: "string" } },
    permissions: MAY_MODIFY,
    handler: setTimeZone,
  },
  {
    method: "GET",
    path: `${PATH}/config`,
    parameters: { node: NODE, property: { type: "string", enum: PROPERTIES, optional: true } },
    permissions: { check: { path: "/", privileges: ["Sys.Audit"] } },
    handler: readConfig,
  },
  {
    method: "PUT",
    path: `${PATH}/config`,
    parameters: {
      ...CONFIG,
      node: NODE,
      delete: { type: "string", format: "pve-configid-list", optional: true },
      digest: optional({ type: "string", maxLength: 40 }),
    },
    permissions: { check: { path: "/", privileges: ["Sys.Modify"] } },
    handler: writeConfig,
  },
];
