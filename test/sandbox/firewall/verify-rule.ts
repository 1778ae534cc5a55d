/** What Proxmox finds wrong with a rule as a whole, in its order (PVE::Firewall::verify_rule). */
import {
  ALIAS_REFERENCE,
  checkAddressList,
  checkPorts,
  checkProtocol,
  ICMP6_TYPES,
  ICMP_TYPES,
} from "../protocol/firewall-formats";
import { FormatError } from "../protocol/format-error";
import { death } from "../protocol/failure";
import type { FirewallFile, FirewallRule } from "./file";
import { macroTraffic, preferredMacro } from "./protocols";

export type RulePlace = "cluster" | "host" | "ct" | "vm" | "group";

/** Where a rule stands, and whose names it may use. */
export interface RuleScope {
  readonly place: RulePlace;
  readonly datacenter: FirewallFile;
  /** The file that the rule is in, where that is a guest's. */
  readonly guest: FirewallFile | undefined;
}

export interface Verdict {
  /** A text for each parameter that is wrong, the first of them first. */
  readonly errors: ReadonlyMap<string, string>;
  readonly ipversion: 4 | 6 | undefined;
}

const DIRECTIONS: Readonly<Record<RulePlace, readonly string[]>> = {
  ct: ["in", "out", "group"],
  vm: ["in", "out", "group"],
  group: ["in", "out", "forward"],
  cluster: ["in", "out", "forward", "group"],
  host: ["in", "out", "forward", "group"],
};

const WITH_PORTS = new Set("udp 17 udplite 136 tcp 6 dccp 33 sctp 132".split(" "));

/** @throws for a rule of both IP versions that no one parameter is to blame for */
export function verifyRule(rule: FirewallRule, scope: RuleScope): Verdict {
  const found = new Findings();
  verifyAction(rule, scope, found);
  verifyInterface(rule, scope, found);
  const macro = rule.options.get("macro");
  if (macro !== undefined && preferredMacro(macro) === undefined) found.add("macro", `unknown macro '${macro}'`);
  verifyTraffic(rule, found);
  for (const side of ["source", "dest"] as const) verifySide(rule, side, scope, found);
  if (macro !== undefined && found.errors.size === 0) verifyMacro(rule, macro, found);
  return { errors: found.errors, ipversion: found.ipversion };
}

class Findings {
  readonly errors = new Map<string, string>();
  ipversion: 4 | 6 | undefined;

  add(parameter: string, text: string): void {
    if (!this.errors.has(parameter)) this.errors.set(parameter, text);
  }

  /** Adds what the check throws. */
  check(parameter: string, check: () => void): void {
    try {
      check();
    } catch (failure) {
      if (!(failure instanceof FormatError)) throw failure;
      this.add(parameter, failure.message);
    }
  }

  isOf(version: 4 | 6 | undefined, fail: (text: string) => Error): void {
    if (version === undefined) return;
    if (this.ipversion !== undefined && this.ipversion !== version) {
      throw fail("detected mixed ipv4/ipv6 addresses in rule");
    }
    this.ipversion = version;
  }
}

function verifyAction({ type, action }: FirewallRule, { place }: RuleScope, found: Findings): void {
  if (!DIRECTIONS[place].includes(type)) found.add("type", `invalid rule type '${type}' for rule_env '${place}'`);
  if (type === "group") return;
  if (type === "forward" && action === "REJECT") {
    found.add("action", "cannot define REJECT rules on forward chain");
  }
  if (!/^(?:ACCEPT|DROP|REJECT)$/u.test(action)) found.add("action", `unknown action '${action}'`);
}

function verifyInterface({ options }: FirewallRule, { place }: RuleScope, found: Findings): void {
  const iface = options.get("iface");
  if (iface === undefined) return;
  if (place === "group") found.add("type", "parameter -i not allowed for this rule type");
  if ((place === "vm" || place === "ct") && !/^net\d+$/u.test(iface)) {
    found.add("iface", "value does not match the regex pattern 'net\\d+'");
  }
}

function verifyTraffic({ options }: FirewallRule, found: Findings): void {
  const proto = options.get("proto");
  const isIcmp6 = proto === "icmpv6" || proto === "ipv6-icmp";
  const isIcmp = proto === "icmp" || isIcmp6;
  if (proto !== undefined) {
    found.check("proto", () => checkProtocol(proto));
    found.isOf(proto === "icmp" ? 4 : isIcmp6 ? 6 : undefined, death);
  }
  verifyPort(options, "dport", isIcmp, found);
  const type = options.get("icmp-type");
  if (type !== undefined) {
    if (!isIcmp) found.add("proto", "missing property - 'icmp-type' requires this property");
    if (options.has("dport")) found.add("icmp-type", "'icmp-type' cannot be specified together with 'dport'");
    if ((proto === "icmp" && !ICMP_TYPES.has(type)) || (isIcmp6 && !ICMP6_TYPES.has(type))) {
      found.add("icmp-type", `invalid icmp-type '${type}' for proto '${proto ?? ""}'`);
    }
  }
  verifyPort(options, "sport", false, found);
}

function verifyPort(
  options: ReadonlyMap<string, string>,
  name: "dport" | "sport",
  isIcmp: boolean,
  found: Findings,
): void {
  const port = options.get(name);
  if (port === undefined) return;
  found.check(name, () => checkPorts(port, isIcmp));
  const proto = options.get("proto");
  if (proto === undefined) found.add("proto", `missing property - '${name}' requires this property`);
  if (!WITH_PORTS.has(proto ?? "") && !isIcmp) found.add(name, `protocol '${proto ?? ""}' does not support ports`);
}

function verifySide({ options }: FirewallRule, side: "source" | "dest", scope: RuleScope, found: Findings): void {
  const value = options.get(side);
  if (value === undefined) return;
  found.check(side, () => found.isOf(checkAddressList(value), (text) => new FormatError(text)));
  if (value.startsWith("+")) return verifySet(value, side, scope, found);
  const [, place, name] = ALIAS_REFERENCE.exec(value) ?? [];
  if (name === undefined) return;
  const named = ({ aliases }: FirewallFile): string | undefined =>
    aliases.find((alias) => alias.name.toLowerCase() === name.toLowerCase())?.cidr;
  const [own, common] = [scope.guest === undefined ? undefined : named(scope.guest), named(scope.datacenter)];
  if (own === undefined && common === undefined) found.add(side, `no such alias '${value}'`);
  const cidr = (place === "dc/" ? undefined : own) ?? (place === "guest/" ? undefined : common);
  if (cidr !== undefined) found.isOf(cidr.includes(":") ? 6 : 4, death);
}

function verifySet(value: string, side: "source" | "dest", { guest, datacenter }: RuleScope, found: Findings): void {
  const [, name] = /^\+(?:guest\/|dc\/|sdn\/)?([A-Za-z][A-Za-z0-9\-_]+)$/u.exec(value) ?? [];
  if (name === undefined) return found.add(side, `invalid ipset name '${value}'`);
  const isThere = [guest, datacenter].some((file) => file?.ipsets.some((set) => set.name === name));
  if (!isThere) found.add(side, `no such ipset '${name}'`);
}

/** What a macro sets cannot be set otherwise; only those whose traffic is known here are looked at. */
function verifyMacro({ options }: FirewallRule, macro: string, found: Findings): void {
  for (const traffic of macroTraffic(macro) ?? []) {
    for (const name of ["proto", "dport", "sport"] as const) {
      const [set, sent] = [traffic[name], options.get(name)];
      if (set !== undefined && sent !== undefined && set !== sent) {
        found.add(name, `parameter '${name}' already define in macro (value = '${set}')`);
      }
    }
  }
}
