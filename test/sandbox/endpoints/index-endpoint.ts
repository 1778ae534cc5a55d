import type { Call, Endpoint } from "../calls/endpoint";
import type { ParameterTable } from "../protocol/parameters";

/** How a folder of the API differs from one that everybody may look into. */
interface Folder {
  /** What a row calls the name below the folder. */
  readonly key?: string;
  readonly parameters?: ParameterTable;
  /** Throws where there is no such thing. Left out: Proxmox does not look. */
  readonly look?: (call: Call) => unknown;
}

/** A folder of the API lists what is below it. */
export function indexEndpoint(
  path: string,
  subfolders: readonly string[],
  { key = "subdir", parameters = {}, look = () => {} }: Folder = {},
): Endpoint {
  return {
    method: "GET",
    path,
    parameters,
    permissions: { user: "all" },
    handler: (call) => {
      look(call);
      return subfolders.map((name) => ({ [key]: name }));
    },
  };
}
