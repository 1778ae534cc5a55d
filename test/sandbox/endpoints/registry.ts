import type { Endpoint } from "../calls/endpoint";
import { realmEndpoints } from "./access-realms";
import { ruleEndpoints } from "./access-rules";
import { taskEndpoints } from "./tasks";
import { ticketEndpoints } from "./access-ticket";
import { userEndpoints } from "./access-users";
import { containerSnapshotEndpoints } from "./container-snapshots";
import { containerEndpoints } from "./containers";
import { consoleEndpoints } from "./consoles";
import { contentEndpoints } from "./content";
import { downloadEndpoints } from "./downloads";
import { firewallEndpoints } from "./firewall/endpoints";
import { guestCopyEndpoints } from "./guest-copies";
import { haRuleEndpoints } from "./ha-rules";
import { haStatusEndpoints } from "./ha-status";
import { highAvailabilityEndpoints } from "./high-availability";
import { jobEndpoints } from "./jobs";
import { clusterEndpoints } from "./cluster";
import { nodeEndpoints } from "./nodes";
import { nodeServiceEndpoints } from "./node-services";
import { nodeSettingEndpoints } from "./node-settings";
import { networkEndpoints } from "./nodes-network";
import { machineAgentEndpoints } from "./machine-agent";
import { machinePowerEndpoints } from "./machine-power";
import { machineSnapshotEndpoints } from "./machine-snapshots";
import { poolEndpoints } from "./pools";
import { replicationEndpoints } from "./replication";
import { storageEndpoints } from "./storages";
import { virtualMachineEndpoints } from "./virtual-machines";
import { vzdumpEndpoints } from "./vzdump";

/** All operations of the emulator. Each file of this folder exports its own list; the order does not matter. */
export const endpoints: readonly Endpoint[] = [
  ...nodeEndpoints,
  ...nodeSettingEndpoints,
  ...nodeServiceEndpoints,
  ...networkEndpoints,
  ...clusterEndpoints,
  ...highAvailabilityEndpoints,
  ...haRuleEndpoints,
  ...haStatusEndpoints,
  ...replicationEndpoints,
  ...poolEndpoints,
  ...firewallEndpoints,
  ...storageEndpoints,
  ...ticketEndpoints,
  ...userEndpoints,
  ...realmEndpoints,
  ...ruleEndpoints,
  ...jobEndpoints,
  ...taskEndpoints,
  ...containerEndpoints,
  ...containerSnapshotEndpoints,
  ...consoleEndpoints,
  ...contentEndpoints,
  ...downloadEndpoints,
  ...virtualMachineEndpoints,
  ...machinePowerEndpoints,
  ...machineSnapshotEndpoints,
  ...machineAgentEndpoints,
  ...vzdumpEndpoints,
  ...guestCopyEndpoints,
];
