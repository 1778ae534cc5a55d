import { parseDocument } from "yaml";
import { renameTexts } from "../../../../scripts/project/rename-settings";
import { settingChanges } from "../../../../site/replaced-node/settings-changes";
import { isMapping } from "../../../../site/settings/schema-tools";

const mapping = { nodes: new Map([["pve-prod", "pve-new"]]), storages: new Map([["local", "tank"]]) };

const before = `# the site
config:
  lifeboat:proxmox: { endpoint: "https://192.0.2.21:8006", node: pve-prod } # our first node
  lifeboat:backup:
    storage: { id: 'local', type: dir, path: /mnt/local, nodes: [pve-prod, pve-other] }
  lifeboat:drill: { storage: local }
  lifeboat:guests:
    web: # pve-prod, local
      kind: container
      template: local:vztmpl/debian-12.tar.zst
      root: { storage: local, size: 8GiB } # not on local-lvm
      disks:
        data: { mount: /srv, storage: local-lvm, size: 1GiB }
        cache: { mount: /local, storage: "local", size: 1GiB }
      tags: [local]
    other:
      node: pve-other
      root: { storage: local, size: 8GiB }
    machine:
      node: pve-prod
      cloudInit: { storage: local }
      disks: { scsi0: { storage: local, image: "local:import/debian.qcow2" } }
  lifeboat:restores:
    first: { guest: web, node: pve-prod, storage: local }
`;

function renamed(text: string): string {
  const content: unknown = parseDocument(text).toJS();
  return renameTexts(text, settingChanges(isMapping(content) ? content["config"] : undefined, mapping));
}

test("settings get the new names of a node and its storages, and keep every other byte [H5, A6]", () => {
  expect(renamed(before)).toBe(`# the site
config:
  lifeboat:proxmox: { endpoint: "https://192.0.2.21:8006", node: pve-new } # our first node
  lifeboat:backup:
    storage: { id: "tank", type: dir, path: /mnt/local, nodes: [pve-new, pve-other] }
  lifeboat:drill: { storage: tank }
  lifeboat:guests:
    web: # pve-prod, local
      kind: container
      template: local:vztmpl/debian-12.tar.zst
      root: { storage: tank, size: 8GiB } # not on local-lvm
      disks:
        data: { mount: /srv, storage: local-lvm, size: 1GiB }
        cache: { mount: /local, storage: "tank", size: 1GiB }
      tags: [local]
    other:
      node: pve-other
      root: { storage: local, size: 8GiB }
    machine:
      node: pve-new
      cloudInit: { storage: tank }
      disks: { scsi0: { storage: tank, image: "local:import/debian.qcow2" } }
  lifeboat:restores:
    first: { guest: web, node: pve-prod, storage: local }
`);
  expect(renamed(renamed(before))).toBe(renamed(before));
});

test("a name that YAML would read as a number is put in quotes, and one behind an alias is refused [H5]", () => {
  const change = { path: ["lifeboat:proxmox", "node"], from: "pve-prod", to: "1e3" } as const;
  const text = "config:\n  lifeboat:proxmox: { node: pve-prod }\n";
  expect(renameTexts(text, [change])).toBe('config:\n  lifeboat:proxmox: { node: "1e3" }\n');
  const shared = "config:\n  lifeboat:profile: &x pve-prod\n  lifeboat:proxmox: { node: *x }\n";
  expect(() => renameTexts(shared, [change])).toThrow("lifeboat:proxmox.node does not stand there itself");
  const anchored = "config:\n  lifeboat:proxmox: { node: &x pve-prod }\n  lifeboat:profile: *x\n";
  expect(() => renameTexts(anchored, [change])).toThrow("without changing something else");
});
