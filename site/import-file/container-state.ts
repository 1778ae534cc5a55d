import type { ConfigurationKeys } from "../../proxmox/rules/guest-configuration";
import { containerInputs } from "../guest-inputs/container-inputs";
import type { ContainerGuest } from "../settings/environment";
import { hardwareAddress, mountVolume } from "./live-values";

/** Everything that the provider sets by itself where the program says nothing. */
const defaults = {
  clone: null,
  console: { enabled: true, ttyCount: 2, type: "tty" },
  devicePassthroughs: [],
  hookScriptFileId: "",
  idmaps: [],
  ipv4: {},
  ipv6: {},
  startup: null,
  template: false,
  timeoutClone: 1800,
  timeoutStart: 300,
  timeoutUpdate: 1800,
} as const;

const features = { fuse: false, keyctl: false, mknod: false, mounts: [], nesting: false } as const;

/**
 * What Pulumi would remember of a container that the program has made: its inputs, completed as bpg's provider 0.112
 * completes them. Volumes and the card's address are those of the container itself.
 *
 * The provider's own import leaves out whatever equals its defaults (console, features, cores, memory) and what Proxmox
 * does not keep (template, timeouts), and the next update would "change" all of it: it would reboot every container for
 * its console, and fail over features that only root@pam may set.
 *
 * @param configuration keys and values as Proxmox returns them.
 */
export function containerState(
  guest: ContainerGuest,
  { environment, createTimeout }: { readonly environment: string; readonly createTimeout: number },
  configuration: ConfigurationKeys,
) {
  const inputs = containerInputs(guest, environment, createTimeout);
  const { initialization, mountPoints, networkInterfaces } = inputs;
  const outputs = {
    ...defaults,
    ...inputs,
    id: String(guest.id),
    cpu: { architecture: "amd64", limit: 0, units: 0, ...inputs.cpu },
    // Proxmox ends every description of a container with a line break.
    description: `${inputs.description}\n`,
    disk: {
      acl: false,
      quota: false,
      replicate: false,
      ...inputs.disk,
      pathInDatastore: mountVolume(configuration, "rootfs"),
    },
    features: { ...features, ...inputs.features },
    initialization: { dns: null, entrypoint: "", ...initialization },
    mountPoints: mountPoints.map((mount, slot) =>
      completeMount(mount, mountVolume(configuration, `mp${String(slot)}`)),
    ),
    networkInterfaces: networkInterfaces.map((card) => ({
      enabled: true,
      hostManaged: false,
      macAddress: hardwareAddress("lxc", configuration),
      mtu: 0,
      rateLimit: 0,
      vlanId: 0,
      ...card,
    })),
  };
  return { inputs, outputs };
}

type MountInputs = ReturnType<typeof containerInputs>["mountPoints"][number];

function completeMount(mount: MountInputs, volume: string) {
  return {
    acl: false,
    quota: false,
    readOnly: false,
    replicate: true,
    shared: false,
    size: "",
    ...mount,
    volume,
    pathInDatastore: volume,
  };
}
