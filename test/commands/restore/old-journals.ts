import type { Archive } from "../../../proxmox/api/answers";
import { digestOf } from "../../../scripts/recovery/engine/digest";

/**
 * Journals as the version before the one contract of operations (231cd13) wrote them: what it left when it was killed.
 * Only what differs from run to run is filled in: the archive, and the two digests that rest on its name.
 */

/** A guest of the test site, and the digests that version had of it. */
export interface OldGuest {
  readonly id: number;
  readonly name: string;
  readonly configuration: string;
  readonly settings: string;
}

export const oldGuests = {
  web: {
    id: 101,
    name: "web",
    configuration: "b1727b4819f7b74972f14b26ef9e7e85",
    settings: "1ba1300980ef7eada3754f253decb0a3",
  },
  db: {
    id: 102,
    name: "db",
    configuration: "50ea7f5ee16f4a1cbcd01ab1a78f7241",
    settings: "33d415250bc4b7ab3caaf9d55a73aef9",
  },
  mail: {
    id: 103,
    name: "mail",
    configuration: "245402306245e3dad5c87f140613b1bd",
    settings: "c3db0342cec5f8278db58f3769d6e895",
  },
} as const satisfies Readonly<Record<string, OldGuest>>;

/** `restore guest web --force --stop`, killed when its journal was there and nothing was done. */
export function oldRestore(
  { id, name, configuration, settings }: OldGuest,
  { volid, size, ctime }: Archive,
  compare: boolean,
) {
  const request = { ostemplate: volid, rootfs: "local:1", mp0: "data:2,mp=/srv,backup=1" };
  const target = { node: "pve-prod", type: "lxc", vmid: id };
  const savePoint = {
    storage: "backup",
    mode: "snapshot",
    compress: "zstd",
    prune: "keep-all",
    volumes: { rootfs: { storage: "local", size: 1073741824 }, mp0: { storage: "data", size: 2147483648 } },
  };
  return {
    version: 1,
    id: `${id}-20261121T173932793`,
    state: "open",
    startedAt: "2026-11-21T17:39:32.793Z",
    updatedAt: "2026-11-21T17:39:32.793Z",
    steps: {},
    kind: "restore-guest",
    command: `lifeboat restore guest prod/${name} --stop --force`,
    guest: { environment: "prod", name, id, node: "pve-prod" },
    request: {},
    inputs: {
      "the archive": digestOf({ volid, size, time: ctime }),
      "the guest's configuration": configuration,
      "the guest's snapshots": "4f53cda18c2baa0c0354bb5f9a3ecbe5",
      "the guest's settings": settings,
      "what is to be done": digestOf([request, target, true, savePoint]),
    },
    plan: {
      mode: "in-place",
      environment: "prod",
      guest: name,
      source: { node: "pve-prod", vmid: id },
      target,
      archive: {
        volid,
        size,
        time: ctime,
        protect: true,
        reading: { kind: "none", why: "no SSH to the node" },
      },
      releaseAlso: [],
      present: { running: true },
      savePoint,
      request,
      asRoot: false,
      start: true,
      checks: [{ kind: "running" }],
      host: `192.0.2.${id}`,
      memberships: { jobs: [{ job: "lifeboat-prod", disks: { rootfs: true, mp0: true }, declared: true }] },
      compare,
    },
  };
}

/** `restore guest db mail --force --stop`: the bundle was there, and neither journal. */
export function oldBundle(site: string, journals: readonly ReturnType<typeof oldRestore>[]) {
  return {
    version: 1,
    id: "several-20261121T173932793",
    state: "open",
    startedAt: "2026-11-21T17:39:32.793Z",
    updatedAt: "2026-11-21T17:39:32.793Z",
    command: "lifeboat restore guest prod/db prod/mail --stop --force",
    request: { guests: "prod/db prod/mail" },
    parts: journals.map((journal) => ({ site, journal })),
  };
}

/** `undo web --forget --force`, killed when its journal was there and nothing was deleted. */
export function oldForget({ id, name }: OldGuest, { volid, size }: Archive) {
  return {
    version: 1,
    id: `${id}-20261121T183949159`,
    state: "open",
    startedAt: "2026-11-21T18:39:49.159Z",
    updatedAt: "2026-11-21T18:39:49.160Z",
    steps: {},
    kind: "forget-save-points",
    command: `lifeboat undo prod/${name} --forget --force`,
    guest: { environment: "prod", name, id, node: "pve-prod" },
    request: {},
    inputs: {},
    plan: {
      environment: "prod",
      guest: name,
      vmid: id,
      savePoints: [{ volid, node: "pve-prod", size, date: "2026-11-21 20:39:37" }],
    },
  };
}
