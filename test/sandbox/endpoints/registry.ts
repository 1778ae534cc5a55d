import type { Endpoint } from "../server/endpoint";
import { ruleEndpoints } from "./access-rules";
import { taskEndpoints } from "./tasks";
import { ticketEndpoints } from "./access-ticket";
import { userEndpoints } from "./access-users";
import { containerEndpoints } from "./containers";
import { jobEndpoints } from "./jobs";
import { versionEndpoints } from "./nodes";

/** All operations of the emulator. Each file of this folder exports its own list; the order does not matter. */
export const endpoints: readonly Endpoint[] = [
  ...versionEndpoints,
  ...ticketEndpoints,
  ...userEndpoints,
  ...ruleEndpoints,
  ...jobEndpoints,
  ...taskEndpoints,
  ...containerEndpoints,
];
