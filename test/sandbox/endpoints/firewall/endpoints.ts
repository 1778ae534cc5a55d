import type { Endpoint } from "../../calls/endpoint";
import { aliasEndpoints } from "./aliases";
import { groupEndpoints } from "./groups";
import { ipSetEndpoints } from "./ip-sets";
import { datacenter, guestLevel, host, type Level } from "./levels";
import { optionEndpoints } from "./options";
import { referenceEndpoint } from "./references";
import { ruleListEndpoints } from "./rules";

function levelEndpoints(level: Level): Endpoint[] {
  return [...optionEndpoints(level), ...ruleListEndpoints(level, level.path, level.place, ({ rules }) => rules)];
}

/** Levels with names of their own: a node has neither aliases nor sets. */
function namedEndpoints(level: Level): Endpoint[] {
  return [...aliasEndpoints(level), ...ipSetEndpoints(level), referenceEndpoint(level)];
}

/** The firewall's trees. */
export const firewallEndpoints: readonly Endpoint[] = [
  ...[datacenter, host, guestLevel("lxc"), guestLevel("qemu")].flatMap(levelEndpoints),
  ...[datacenter, guestLevel("lxc"), guestLevel("qemu")].flatMap(namedEndpoints),
  ...groupEndpoints(),
];
