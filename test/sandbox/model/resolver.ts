/** What a node knows of names: /etc/resolv.conf, as Proxmox reads and writes it (PVE::INotify). */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { isIP } from "node:net";
import { dirname } from "node:path";
import type { Node } from "./site";

const FILE = "/etc/resolv.conf";

/** Name servers that Proxmox keeps. */
const MOST = 3;

interface Resolver {
  search: string | undefined;
  nameservers: readonly string[];
}

export function resolverOf(node: Node): Resolver {
  const lines = linesOf(node);
  const search = lines
    .map((line) => /^(?:search|domain)\s+(\S+)/u.exec(line)?.[1])
    .findLast((one) => one !== undefined);
  const nameservers = lines
    .map((line) => /^\s*nameserver\s+(\S+)/u.exec(line)?.[1] ?? "")
    .filter((address) => isIP(address) !== 0);
  return { search, nameservers: nameservers.slice(0, MOST) };
}

/** Other lines of the file stay, behind these. */
export function writeResolver(node: Node, search: string, nameservers: readonly string[]): void {
  const addresses = [...new Set(nameservers)].filter((address) => address !== "" && address !== "0.0.0.0");
  const kept = linesOf(node).filter((line) => line !== "" && !/^(?:search|domain|nameserver)\s+/u.test(line));
  const lines = [
    ...(search === "" ? [] : [`search ${search}`]),
    ...addresses.map((one) => `nameserver ${one}`),
    ...kept,
  ];
  const file = node.path(FILE);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, lines.map((line) => `${line}\n`).join(""));
}

function linesOf(node: Node): string[] {
  const file = node.path(FILE);
  return existsSync(file) ? readFileSync(file, "utf8").split("\n") : [];
}
