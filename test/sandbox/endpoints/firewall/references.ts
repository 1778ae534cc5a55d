import { parseFirewall } from "../../firewall/file";
import type { Call, Endpoint } from "../../calls/endpoint";
import type { Json } from "../../protocol/failure";
import { datacenter, given, type Level } from "./levels";
import { REFERENCE_TYPE } from "./tables";

/** What rules of a place can name. */
export function referenceEndpoint(level: Level): Endpoint {
  const refs = (call: Call): Json => {
    const type = call.parameters.text("type");
    const scopes =
      level === datacenter
        ? ([["dc", level]] as const)
        : ([
            ["dc", datacenter],
            ["guest", level],
          ] as const);
    return scopes.flatMap(([scope, place]) => {
      const { aliases, ipsets } = parseFirewall(place.read(call) ?? "");
      return [
        ...(type === "ipset"
          ? []
          : aliases.map(({ name, comment }) => ({
              type: "alias",
              name,
              scope,
              ref: `${scope}/${name}`,
              ...given(comment),
            }))),
        ...(type === "alias"
          ? []
          : ipsets.map(({ name, comment }) => ({
              type: "ipset",
              name,
              scope,
              ref: `+${scope}/${name}`,
              ...given(comment),
            }))),
      ];
    });
  };
  return {
    method: "GET",
    path: `${level.path}/refs`,
    parameters: { ...level.place, type: REFERENCE_TYPE },
    permissions: level.audit,
    handler: refs,
  };
}
