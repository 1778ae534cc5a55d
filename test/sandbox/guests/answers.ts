import type { Json } from "../protocol/failure";
import { splitList } from "../protocol/parameters";
import type { Configuration, Section } from "./configuration";

/** How a value of a guest's type is carried: as text or as a number. */
export type ValueOf = (key: string, value: string) => string | number;

/**
 * A configuration as `GET …/config` answers it.
 * @param environment whether the caller may see the variables of a container's processes
 */
export function configurationAnswer(
  section: Section,
  digest: string | undefined,
  valueOf: ValueOf,
  environment: boolean,
): Record<string, Json> {
  const variables = section.raw.filter((line) => line.key === "lxc.environment.runtime").map((line) => line.value);
  const lines = section.raw.filter((line) => line.key !== "lxc.environment.runtime");
  return {
    ...Object.fromEntries([...section.keys].map(([key, value]) => [key, valueOf(key, value)])),
    ...(environment && variables.length > 0 ? { env: variables.join("\0") } : {}),
    ...(lines.length > 0 ? { lxc: lines.map(({ key, value }) => [key, value]) } : {}),
    ...(digest === undefined ? {} : { digest }),
  };
}

/** `GET …/pending`: each option with the value that counts, the one that waits, or its removal. */
export function pendingAnswer(configuration: Configuration, valueOf: ValueOf): Json {
  const { keys, pending, digest } = configuration;
  const removed = splitList(pending.keys.get("delete") ?? "");
  const known = [...keys].map(([key, value]) => {
    const later = pending.keys.get(key);
    return {
      key,
      value: valueOf(key, value),
      ...(later === undefined ? {} : { pending: valueOf(key, later) }),
      ...removal(removed, key),
    };
  });
  const added = [...pending.keys]
    .filter(([key]) => key !== "delete" && !keys.has(key))
    .map(([key, value]) => ({ key, pending: valueOf(key, value) }));
  const unknown = removed.filter((key) => !keys.has(key)).map((key) => ({ key, ...removal([key], key) }));
  return [...known, { key: "digest", value: digest }, ...added, ...unknown];
}

/** 2 stands for a removal that is forced (`!key`), 1 for one that waits. */
function removal(removed: readonly string[], key: string): Record<string, number> {
  if (removed.includes(`!${key}`)) return { delete: 2 };
  return removed.includes(key) ? { delete: 1 } : {};
}
