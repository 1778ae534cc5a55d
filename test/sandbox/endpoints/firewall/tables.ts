/** Parameters of the firewall's operations, the same at every level. */
import type { ParameterSchema, ParameterTable } from "../../protocol/parameters";
import { FLAG, optional, TEXT } from "../tables";

const NAME_PATTERN = "[A-Za-z][A-Za-z0-9\\-\\_]+";
const LOG_LEVELS = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug", "nolog"];
const LOG_LEVEL: ParameterSchema = { type: "string", enum: LOG_LEVELS, optional: true };
const POLICY: ParameterSchema = { type: "string", enum: ["ACCEPT", "REJECT", "DROP"], optional: true };
const DELETE: ParameterSchema = { type: "string", format: "pve-configid-list", optional: true };

export const DIGEST: ParameterSchema = { type: "string", maxLength: 64, optional: true };
export const NAME: ParameterSchema = { type: "string", pattern: NAME_PATTERN, minLength: 2, maxLength: 64 };
export const GROUP: ParameterSchema = { type: "string", pattern: NAME_PATTERN, minLength: 2, maxLength: 18 };
export const POSITION: ParameterSchema = { type: "integer", minimum: 0, optional: true };
export const CIDR: ParameterSchema = { type: "string", format: "IPorCIDR" };
export const CIDR_OR_ALIAS: ParameterSchema = { type: "string", format: "IPorCIDRorAlias" };
export const COMMENT = TEXT;
export const REFERENCE_TYPE: ParameterSchema = { type: "string", enum: ["alias", "ipset"], optional: true };

/** What a rule is made of, without `type` and `action`. */
const RULE_OPTIONS: ParameterTable = {
  comment: TEXT,
  dest: { type: "string", format: "pve-fw-addr-spec", maxLength: 512, optional: true },
  digest: DIGEST,
  dport: { type: "string", format: "pve-fw-dport-spec", optional: true },
  enable: { type: "integer", minimum: 0, optional: true },
  "icmp-type": { type: "string", format: "pve-fw-icmp-type-spec", optional: true },
  iface: { type: "string", format: "pve-iface", minLength: 2, maxLength: 20, optional: true },
  log: LOG_LEVEL,
  macro: { type: "string", maxLength: 128, optional: true },
  pos: POSITION,
  proto: { type: "string", format: "pve-fw-protocol-spec", optional: true },
  source: { type: "string", format: "pve-fw-addr-spec", maxLength: 512, optional: true },
  sport: { type: "string", format: "pve-fw-sport-spec", optional: true },
};
const TYPE: ParameterSchema = { type: "string", enum: ["in", "out", "forward", "group"] };
const ACTION: ParameterSchema = { type: "string", pattern: NAME_PATTERN, minLength: 2, maxLength: 20 };

export const NEW_RULE: ParameterTable = { ...RULE_OPTIONS, type: TYPE, action: ACTION };
export const CHANGED_RULE: ParameterTable = {
  ...RULE_OPTIONS,
  type: optional(TYPE),
  action: optional(ACTION),
  delete: DELETE,
  moveto: { type: "integer", minimum: 0, optional: true },
};

export const CLUSTER_OPTIONS: ParameterTable = {
  delete: DELETE,
  digest: DIGEST,
  ebtables: FLAG,
  enable: { type: "integer", minimum: 0, optional: true },
  log_ratelimit: {
    type: "string",
    format: {
      enable: { type: "boolean", defaultKey: true },
      burst: { type: "integer", minimum: 0, optional: true },
      rate: { type: "string", pattern: "[1-9][0-9]*\\/(second|minute|hour|day)", optional: true },
    },
    optional: true,
  },
  policy_forward: { type: "string", enum: ["ACCEPT", "DROP"], optional: true },
  policy_in: POLICY,
  policy_out: POLICY,
};

export const NODE_OPTIONS: ParameterTable = {
  delete: DELETE,
  digest: DIGEST,
  enable: FLAG,
  log_level_forward: LOG_LEVEL,
  log_level_in: LOG_LEVEL,
  log_level_out: LOG_LEVEL,
  log_nf_conntrack: FLAG,
  ndp: FLAG,
  nf_conntrack_allow_invalid: FLAG,
  nf_conntrack_helpers: { type: "string", format: "pve-fw-conntrack-helper", optional: true },
  nf_conntrack_max: { type: "integer", minimum: 32_768, optional: true },
  nf_conntrack_tcp_timeout_established: { type: "integer", minimum: 7875, optional: true },
  nf_conntrack_tcp_timeout_syn_recv: { type: "integer", minimum: 30, maximum: 60, optional: true },
  nftables: FLAG,
  nosmurfs: FLAG,
  protection_synflood: FLAG,
  protection_synflood_burst: { type: "integer", optional: true },
  protection_synflood_rate: { type: "integer", optional: true },
  smurf_log_level: LOG_LEVEL,
  tcp_flags_log_level: LOG_LEVEL,
  tcpflags: FLAG,
};

export const GUEST_OPTIONS: ParameterTable = {
  delete: DELETE,
  dhcp: FLAG,
  digest: DIGEST,
  enable: FLAG,
  ipfilter: FLAG,
  log_level_in: LOG_LEVEL,
  log_level_out: LOG_LEVEL,
  macfilter: FLAG,
  ndp: FLAG,
  policy_in: POLICY,
  policy_out: POLICY,
  radv: FLAG,
};
