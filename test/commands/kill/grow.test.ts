import { requireSuccess } from "../../../proxmox/api/tasks";
import { markOf } from "../../../site/mark";
import { AdoptedSite } from "../support/adopted-site";
import type { KillRow, Stage } from "./kill-row";
import { runKills } from "./run-kills";

/** A stopped container of the settings, alone in its environment, whose disk `data` is to grow and `more` to be made. */
interface GrowStage extends Stage {
  readonly site: AdoptedSite;
  readonly node: string;
  readonly id: number;
  readonly name: "prod" | "lab" | "monitoring";
  /** GiB that `data` has. */
  size: number;
}

const template = "local:vztmpl/debian-12-standard_amd64.tar.zst";
const environments = [
  { name: "prod", node: "pve-prod", profile: "prod", guests: [] },
  { name: "lab", node: "pve-lab", profile: "lab", guests: [] },
  { name: "monitoring", node: "pve-mon", profile: "monitoring", guests: [] },
] as const;

async function open() {
  const site = await AdoptedSite.start(environments);
  const stages = environments.map(({ name, node }, index): GrowStage => ({
    site,
    node,
    name,
    id: 101 + index,
    size: 1,
    stateFolder: site.stateFolder(name),
    lifeboat: (argv, options) => site.lifeboat(argv, options),
  }));
  for (const stage of stages) await make(stage);
  return { stages, close: () => site.stop() };
}

async function make({ site, node, id, name }: GrowStage): Promise<void> {
  const parameters = {
    vmid: id,
    ostemplate: template,
    hostname: "web",
    description: markOf({ environment: name, guest: "web" }),
    unprivileged: 1,
    rootfs: "local:1",
    mp0: "local:1,mp=/srv,backup=1",
    net0: "name=eth0,bridge=vmbr0,ip=dhcp",
  };
  await site.on(node, async (client) => {
    requireSuccess(await client.tasks.wait(String(await client.post(["nodes", node, "lxc"], parameters))));
  });
}

/** The disks are as the settings had them, which want more of them now. */
async function prepared(stage: GrowStage): Promise<() => Promise<unknown>> {
  const { site, node, id, name } = stage;
  await site.on(node, async (client) => {
    const guest = { node, type: "lxc", vmid: id } as const;
    const present = await client.guests.guestConfig(guest);
    if (present["mp1"] !== undefined) await client.guests.setGuestConfig(guest, { delete: ["mp1"] });
    const unused = Object.keys(await client.guests.guestConfig(guest)).filter((key) => key.startsWith("unused"));
    if (unused.length > 0) await client.guests.setGuestConfig(guest, { delete: unused });
    stage.size = Number(/size=(\d+)G/u.exec(present["mp0"] ?? "")?.[1]);
  });
  const web = [
    "kind: container",
    `id: ${String(id)}`,
    `template: ${template}`,
    "root: { storage: local, size: 1GiB }",
    "disks:",
    `  data: { mount: /srv, storage: local, size: ${String(stage.size + 1)}GiB }`,
    "  more: { mount: /zmore, storage: data, size: 1GiB }",
    "network: { bridge: vmbr0, address: dhcp }",
  ];
  site.declare(name, { profile: name, node, ca: "site-ca.pem", guests: { web } });
  return watch(stage);
}

/** Looks at what has become of the disks since now. */
function watch({ site, node, id, size }: GrowStage): () => Promise<unknown> {
  const before = site.requests(node).length;
  return async () => {
    const asked = site.requests(node).slice(before);
    const {
      mp0 = "",
      mp1 = "",
      unused0,
    } = await site.on(node, (client) => client.guests.guestConfig({ node, type: "lxc", vmid: id }));
    return {
      grownBy: Number(/size=(\d+)G/u.exec(mp0)?.[1]) - size,
      added: mp1.replace(/^[^,]*,/u, ""),
      unused: unused0 ?? "none",
      asked: asked
        .filter(({ method }) => method !== "GET")
        .map(({ path }) => path.split("/").at(-1))
        .sort(),
    };
  };
}

const rows: KillRow<GrowStage>[] = [
  {
    operation: "change of disks",
    ids: "A11, K4",
    argv: ({ name }) => ["grow", `${name}/web`, "--force"],
    prepare: prepared,
    wanted: { grownBy: 1, added: "mp=/zmore,backup=1,size=1G", unused: "none", asked: ["config", "resize"] },
    writes: 9,
    changes: 2,
  },
];

runKills(open, rows);
