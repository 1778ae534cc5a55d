import type { FirewallAlias, FirewallFile } from "../../firewall/file";
import type { Call, Endpoint } from "../../calls/endpoint";
import { parameterFailure } from "../../protocol/failure";
import { optional } from "../tables";
import { changing, checkDigest, given, type Level, type Plain, reading, withDigest } from "./levels";
import { CIDR, COMMENT, DIGEST, NAME } from "./tables";

function aliasAnswer({ name, cidr, comment }: FirewallAlias): Plain {
  return { name, cidr, ...given(comment), ipversion: cidr.includes(":") ? 6 : 4 };
}

function aliasNamed({ aliases }: FirewallFile, name: string): FirewallAlias {
  const alias = aliases.find((entry) => entry.name.toLowerCase() === name.toLowerCase());
  if (alias === undefined) throw parameterFailure({ name: "no such alias" });
  return alias;
}

function changeAlias(file: FirewallFile, { parameters }: Call): void {
  checkDigest(parameters, file.aliases.map(aliasAnswer));
  const name = parameters.required("name");
  const alias = aliasNamed(file, name);
  // It is written as the request writes it.
  alias.name = name;
  alias.cidr = parameters.required("cidr");
  const comment = parameters.text("comment");
  if (comment === undefined || comment === "") delete alias.comment;
  else alias.comment = comment;
  const rename = parameters.text("rename");
  if (rename === undefined || rename.toLowerCase() === alias.name.toLowerCase()) return;
  if (file.aliases.some(({ name }) => name.toLowerCase() === rename.toLowerCase())) {
    throw parameterFailure({ name: `alias '${rename}' already exists` });
  }
  alias.name = rename;
}

/** Names of networks. */
export function aliasEndpoints(level: Level): Endpoint[] {
  const path = `${level.path}/aliases`;
  const named = { ...level.place, name: NAME };
  const create = changing(level, ({ aliases }, { parameters }) => {
    const name = parameters.required("name");
    if (aliases.some((entry) => entry.name.toLowerCase() === name.toLowerCase())) {
      throw parameterFailure({ name: `alias '${name}' already exists` });
    }
    aliases.push({ name, cidr: parameters.required("cidr"), ...given(parameters.text("comment")) });
  });
  // One that is not there is gone already.
  const remove = changing(level, (file, { parameters }) => {
    checkDigest(parameters, file.aliases.map(aliasAnswer));
    const name = parameters.required("name").toLowerCase();
    file.aliases = file.aliases.filter((entry) => entry.name.toLowerCase() !== name);
  });
  const list = reading(level, ({ aliases }) => withDigest(aliases.map(aliasAnswer)));
  const read = reading(level, (file, { parameters }) => aliasAnswer(aliasNamed(file, parameters.required("name"))));
  const changed = { ...named, cidr: CIDR, comment: COMMENT, digest: DIGEST, rename: optional(NAME) };
  return [
    { method: "GET", path, parameters: level.place, permissions: level.audit, handler: list },
    {
      method: "POST",
      path,
      parameters: { ...named, cidr: CIDR, comment: COMMENT },
      permissions: level.modify,
      handler: create,
    },
    { method: "GET", path: `${path}/{name}`, parameters: named, permissions: level.audit, handler: read },
    {
      method: "PUT",
      path: `${path}/{name}`,
      parameters: changed,
      permissions: level.modify,
      handler: changing(level, changeAlias),
    },
    {
      method: "DELETE",
      path: `${path}/{name}`,
      parameters: { ...named, digest: DIGEST },
      permissions: level.modify,
      handler: remove,
    },
  ];
}
