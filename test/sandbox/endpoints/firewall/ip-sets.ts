import { digestOf, type FirewallAlias, type FirewallFile, type IpSet, type IpSetEntry } from "../../firewall/file";
import type { RuleScope } from "../../firewall/verify-rule";
import type { Call, Endpoint, Method } from "../../calls/endpoint";
import { death, type Json, parameterFailure } from "../../protocol/failure";
import { networkOf, withoutHostPrefix } from "../../protocol/addresses";
import { ALIAS_REFERENCE } from "../../protocol/firewall-formats";
import type { Parameters, ParameterTable } from "../../protocol/parameters";
import { FLAG, optional } from "../tables";
import {
  changing,
  checkDigest,
  given,
  type Level,
  type Plain,
  reading,
  scopeOf,
  setComment,
  withDigest,
} from "./levels";
import { CIDR_OR_ALIAS, COMMENT, DIGEST, NAME } from "./tables";

function ipSetNamed({ ipsets }: FirewallFile, parameters: Parameters): IpSet {
  const name = parameters.required("name");
  const set = ipsets.find((entry) => entry.name === name);
  if (set === undefined) throw death(`no such IPSet '${name}'`);
  return set;
}

function entryAnswer({ cidr, nomatch, comment }: IpSetEntry): Plain {
  return { cidr, ...(nomatch && { nomatch: 1 }), ...given(comment) };
}

function entryOf(set: IpSet, parameters: Parameters): IpSetEntry {
  const cidr = parameters.required("cidr");
  const entry = set.entries.find((candidate) => candidate.cidr === cidr);
  if (entry === undefined) throw parameterFailure({ cidr: "no such IP/Network" });
  return entry;
}

/** `rename` is the set's name until now, `name` the new one. */
function createIpSet(file: FirewallFile, { parameters }: Call): void {
  const name = parameters.required("name");
  const rename = parameters.text("rename");
  const there = file.ipsets.find((set) => set.name === name);
  if (rename !== undefined) {
    checkDigest(parameters, file.ipsets.map(setAnswer));
    const set = file.ipsets.find((other) => other.name === rename);
    if (set === undefined) throw parameterFailure({ name: `IPSet '${rename}' does not exist` });
    if (there !== undefined && there !== set) throw parameterFailure({ name: `IPSet '${name}' does already exist` });
    set.name = name;
    setComment(set, parameters);
    return;
  }
  if (there !== undefined) throw parameterFailure({ name: `IPSet '${name}' already exists` });
  file.ipsets.push({ name, entries: [], ...given(parameters.text("comment")) });
}

function setAnswer({ name, comment }: IpSet): Plain {
  return { name, ...given(comment) };
}

function removeIpSet(file: FirewallFile, { parameters }: Call): void {
  const set = ipSetNamed(file, parameters);
  if (set.entries.length > 0 && parameters.flag("force") !== true) throw death(`IPSet '${set.name}' is not empty`);
  file.ipsets = file.ipsets.filter((other) => other !== set);
}

function addEntry(level: Level) {
  return (file: FirewallFile, call: Call): void => {
    const { parameters } = call;
    const set = ipSetNamed(file, parameters);
    const sent = parameters.required("cidr");
    const [, place, alias] = ALIAS_REFERENCE.exec(sent) ?? [];
    if (alias !== undefined) checkAlias(scopeOf(call, level.rules, file), place, alias);
    const cidr = alias === undefined ? withoutHostPrefix(networkOf(sent)) : sent;
    if (set.entries.some((entry) => entry.cidr === cidr)) {
      throw parameterFailure({ cidr: `address '${cidr}' already exists` });
    }
    if (/\/0+$/u.test(cidr)) throw parameterFailure({ cidr: "a zero prefix is not allowed in ipset entries" });
    set.entries.push({ cidr, nomatch: parameters.flag("nomatch") ?? false, ...given(parameters.text("comment")) });
  };
}

function checkAlias({ guest, datacenter: common }: RuleScope, place: string | undefined, name: string): void {
  const files = [place === "dc/" ? undefined : guest, place === "guest/" && guest !== undefined ? undefined : common];
  const isNamed = (alias: FirewallAlias): boolean => alias.name.toLowerCase() === name.toLowerCase();
  if (!files.some((file) => file?.aliases.some(isNamed))) throw death(`no such alias '${name}'`);
}

function changeEntry(file: FirewallFile, { parameters }: Call): void {
  const set = ipSetNamed(file, parameters);
  checkDigest(parameters, set.entries.map(entryAnswer));
  const entry = entryOf(set, parameters);
  entry.nomatch = parameters.flag("nomatch") ?? false;
  delete entry.comment;
  Object.assign(entry, given(parameters.text("comment")));
}

function removeEntry(file: FirewallFile, { parameters }: Call): void {
  const set = ipSetNamed(file, parameters);
  checkDigest(parameters, set.entries.map(entryAnswer));
  const cidr = parameters.required("cidr");
  set.entries = set.entries.filter((entry) => entry.cidr !== cidr);
}

/** Named sets of networks. */
export function ipSetEndpoints(level: Level): Endpoint[] {
  const path = `${level.path}/ipset`;
  const named = { ...level.place, name: NAME };
  const member = { ...named, cidr: CIDR_OR_ALIAS };
  const details = { comment: COMMENT, nomatch: FLAG };
  const endpoint = (
    method: Method,
    at: string,
    parameters: ParameterTable,
    handler: (call: Call) => Json,
  ): Endpoint => ({
    method,
    path: `${path}${at}`,
    parameters,
    permissions: method === "GET" ? level.audit : level.modify,
    handler,
  });
  const sets = reading(level, ({ ipsets }) => withDigest(ipsets.map(setAnswer)));
  const entries = reading(level, (file, { parameters }) =>
    withDigest(ipSetNamed(file, parameters).entries.map(entryAnswer)),
  );
  const entry = reading(level, (file, { parameters }) => {
    const set = ipSetNamed(file, parameters);
    return { ...entryAnswer(entryOf(set, parameters)), digest: digestOf(set.entries.map(entryAnswer)) };
  });
  const newSet = { ...named, comment: COMMENT, digest: DIGEST, rename: optional(NAME) };
  return [
    endpoint("GET", "", level.place, sets),
    endpoint("POST", "", newSet, changing(level, createIpSet)),
    endpoint("GET", "/{name}", named, entries),
    endpoint("POST", "/{name}", { ...member, ...details }, changing(level, addEntry(level))),
    endpoint("DELETE", "/{name}", { ...named, force: FLAG }, changing(level, removeIpSet)),
    endpoint("GET", "/{name}/{cidr}", member, entry),
    endpoint("PUT", "/{name}/{cidr}", { ...member, ...details, digest: DIGEST }, changing(level, changeEntry)),
    endpoint("DELETE", "/{name}/{cidr}", { ...member, digest: DIGEST }, changing(level, removeEntry)),
  ];
}
