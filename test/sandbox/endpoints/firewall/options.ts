import { digestOf, type FirewallFile } from "../../firewall/file";
import type { Endpoint } from "../../calls/endpoint";
import { parameterFailure } from "../../protocol/failure";
import type { ParameterTable } from "../../protocol/parameters";
import { changing, checkDigest, type Level, type Plain, reading } from "./levels";

/** Parameters of a change that are no options. */
const KEYWORDS = ["digest", "delete"];

function optionsAnswer({ options }: FirewallFile, table: ParameterTable): Plain {
  return Object.fromEntries(
    [...options].map(([name, value]) => [name, table[name]?.type === "string" ? value : Number(value)]),
  );
}

/** What a place allows and refuses at all, and what it logs. */
export function optionEndpoints(level: Level): Endpoint[] {
  const path = `${level.path}/options`;
  const read = reading(level, (file) => {
    const answer = optionsAnswer(file, level.options);
    return { ...answer, digest: digestOf([answer]) };
  });
  const change = changing(level, (file, { parameters }) => {
    checkDigest(parameters, [optionsAnswer(file, level.options)]);
    const unknown = parameters
      .list("delete")
      .find((name) => !Object.hasOwn(level.options, name) || KEYWORDS.includes(name));
    if (unknown !== undefined) throw parameterFailure({ delete: `no such option '${unknown}'` });
    for (const name of parameters.list("delete")) file.options.delete(name);
    const without = [...KEYWORDS, ...Object.keys(level.place)];
    for (const [name, value] of parameters.entries(...without)) file.options.set(name, value);
  });
  return [
    { method: "GET", path, parameters: level.place, permissions: level.audit, handler: read },
    {
      method: "PUT",
      path,
      parameters: { ...level.place, ...level.options },
      permissions: level.modify,
      handler: change,
    },
  ];
}
