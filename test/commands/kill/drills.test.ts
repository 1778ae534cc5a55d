import { requireSuccess } from "../../../proxmox/api/tasks";
import { readProof } from "../../../site/drill/proof-notes";
import { AdoptedSite } from "../support/adopted-site";
import { type EnvironmentStage, stagesOf, threeEnvironments } from "./environment-stage";
import type { KillRow } from "./kill-row";
import { runKills } from "./run-kills";

/** An application that needs its database, each with one archive. */
const environments = threeEnvironments((id, number) => {
  const card = `net0: name=eth0,bridge=vmbr0,hwaddr=BC:24:11:00:0${String(Math.floor(id / 100) - 1)}:0${String(number)},ip=dhcp`;
  return { id, name: number === 1 ? "db" : "app", lines: [card] };
});

async function open() {
  const site = await AdoptedSite.start(environments);
  for (const environment of environments) await prepareDrills(site, environment);
  return { stages: stagesOf(site, environments), close: () => site.stop() };
}

async function prepareDrills(site: AdoptedSite, environment: (typeof environments)[number]): Promise<void> {
  const { name, node, profile, guests } = environment;
  const blocks = guests.map((guest) => [
    guest.name,
    [`adopt: ${String(guest.id)}`, "checks: [running]", ...(guest.name === "app" ? ["needs: [db]"] : [])],
  ]);
  const lines = ["  lifeboat:drill: { bridge: vmbr9, ids: { from: 9000, to: 9003 } }"];
  site.declare(name, { profile, node, ca: "site-ca.pem", guests: Object.fromEntries(blocks), lines });
  const root = site.rootClient(node);
  await root.post(["nodes", node, "network"], { iface: "vmbr9", type: "bridge", autostart: true });
  requireSuccess(await root.tasks.wait(String(await root.put(["nodes", node, "network"], {}))));
  for (const { id } of guests) {
    requireSuccess(await root.tasks.wait(await root.backups.vzdump(node, id, { storage: "backup", compress: "zstd" })));
  }
  await root.close();
}

/** The originals without their archives' notes, which a drill writes. */
function originals({ site, node, ids }: EnvironmentStage): Promise<unknown[]> {
  return site.on(node, (client) =>
    Promise.all(
      ids.map(async (vmid) => {
        const guest = { node, type: "lxc", vmid } as const;
        const archives = await client.backups.archives(node, "backup", vmid);
        return [
          await client.guests.guestConfig(guest),
          (await client.guests.guestStatus(guest)).status,
          archives.map(({ volid, size, protected: isProtected }) => [volid, size, isProtected]),
        ];
      }),
    ),
  );
}

/** Takes the proof of an earlier drill out of the notes. */
async function forget({ site, node, ids }: EnvironmentStage): Promise<void> {
  await site.on(node, async (client) => {
    for (const id of ids) {
      for (const { volid } of await client.backups.archives(node, "backup", id)) {
        await client.backups.setArchiveNotes(node, volid, "");
      }
    }
  });
}

/** Looks at what has become of originals and copies since now. */
async function watch(stage: EnvironmentStage): Promise<() => Promise<unknown>> {
  const { site, node, ids } = stage;
  await forget(stage);
  const before = JSON.stringify(await originals(stage));
  const since = site.requests(node).length;
  return () =>
    site.on(node, async (client) => {
      const archives = await Promise.all(ids.map((id) => client.backups.archives(node, "backup", id)));
      const sent = site.requests(node).slice(since);
      return {
        originals: JSON.stringify(await originals(stage)) === before ? "as they were" : await originals(stage),
        touched: sent.filter(({ method, path }) => method !== "GET" && /\/lxc\/[123]0\d/u.test(path)),
        others: (await client.cluster.guests()).map(({ vmid }) => vmid).filter((vmid) => !ids.includes(vmid)),
        proven: archives.flat().map(({ notes, volid }) => readProof(notes, volid)?.proven),
      };
    });
}

const rows: KillRow<EnvironmentStage>[] = [
  {
    operation: "drill",
    ids: "G2, K4",
    argv: ({ name }) => ["drill", "--env", name, "--force"],
    prepare: watch,
    wanted: { originals: "as they were", touched: [], others: [], proven: [true, true] },
    writes: 20,
    // Restore, start and destruction of two copies, the notes of two archives.
    changes: 8,
  },
];

runKills(open, rows);
