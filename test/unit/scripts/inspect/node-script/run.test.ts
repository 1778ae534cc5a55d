import { nodeScript } from "../../../../../scripts/inspect/node-script/write-script";
import { type NodeFiles, wantedNode } from "../../../../../site/replaced-node/wanted-node";
import { NewNode, ownName } from "../../../../support/new-node/new-node";
import { isPublished, problemsOf } from "../../../../support/new-node/published";
import { savedNode } from "../../../../support/new-node/saved-node";

/** The script of a node, run by the shell of this machine; what it calls keeps the files of a node below a folder. */

const mapping = { nodes: new Map([["pve-prod", ownName]]), storages: new Map([["local", "tank"]]) };

const scriptOf = (files: NodeFiles): string =>
  nodeScript(wantedNode(files, "pve-prod", mapping), { saved: "a dump", command: "lifeboat node-script pve-prod" });
const script = scriptOf(savedNode);

let fresh: NewNode;
let applied: ReturnType<NewNode["run"]>;
let node: NewNode;

beforeAll(() => {
  fresh = new NewNode();
  applied = fresh.run(script, "--apply");
});

afterAll(() => fresh.close());

beforeEach(() => {
  node = new NewNode();
});

afterEach(() => node.close());

const places = ["etc/pve/user.cfg", "etc/pve/storage.cfg", "etc/network/interfaces"];

test("without --apply it says what is missing, and changes nothing [H5]", () => {
  const before = places.map((path) => node.read(path));
  const { code, output } = node.run(script);
  expect(code).toBe(3);
  expect(output).toMatch(/^This only looks\. [^]*^missing {5}role Lifeboat$[^]*^Nothing was changed\.$/mu);
  expect(places.map((path) => node.read(path))).toEqual(before);
  expect(node.lines()).toEqual([]);
  expect([node.has("root"), node.has("etc/pve/firewall")]).toEqual([false, false]);
});

test("with --apply what was saved is there, with the new names, and texts as they were [H5]", () => {
  const { output } = applied;
  expect(fresh.read("etc/pve/user.cfg")).toBe(`user:root@pam:1:0:::admin@example.com::
role:Lifeboat:Datastore.Audit,VM.Audit,VM.Backup:
group:admins:joe@pve,root@pam:those who may:
group:empty:::
user:joe@pve:1:0:Joe:O'Neil:joe@example.com:night shift%3A $(reboot) \`id\` "x"::
user:anna@corp:0:1893456000::::::
user:backup@pam:1:0::::::
token:joe@pve!automation:0:1:it's one%3A $(id):
token:root@pam!lifeboat:0:0::
pool:prod:guests of prod::share,tank:
acl:1:/:@admins:Administrator:
acl:0:/nodes/${ownName}:joe@pve:PVEAuditor:
acl:1:/storage/tank:joe@pve!automation,root@pam!lifeboat:Lifeboat:
acl:1:/storage/tank:joe@pve!automation,root@pam!lifeboat:PVEDatastoreUser:
`);
  expect(fresh.read("etc/pve/storage.cfg")).toContain(`nfs: share
	export /srv/it's $HOME
	path /mnt/pve/share
	server 192.0.2.9
	content backup,images
	nodes ${ownName},pve2
	options vers=4.2
`);
  // Nothing stands for the old one's own storage but the new one's, which takes other things.
  expect(output).toContain("LOOK        storage tank takes no vztmpl, as local did");
  expect(fresh.lines().flat()).not.toContain("local");
});

test("what fails is named, and the rest goes on; what nobody but a person can do is said at the end [H5, K2]", () => {
  const { code, output } = applied;
  expect(code).toBe(1);
  expect(output).toContain("FAILED      storage silent (nfs)");
  expect(output).toContain("added       role Lifeboat");
  const [, last = ""] = output.split("By hand:");
  expect(last).toMatch(
    /put your own key into \S+\/root\/vault\.enc first, never a new one; it asks for the password: pvesm add pbs vault .*--encryption-key \S+\/root\/vault\.enc .*--password$/mu,
  );
  expect(last).toContain("password: pveum passwd joe@pve\n");
  expect(last).toContain("second factor of joe@pve: it is set up again\n");
  expect(last).toContain("backup@pam is a user of the system: adduser backup\n");
  expect(last).toMatch(/realm corp, .*: pveum realm add corp --type ldap --base_dn dc=example,dc=com /u);
  expect(last).toContain("pveum pool modify prod --vms 101\n");
  expect(last).toContain("a saved line that is not understood: etc/pve/user.cfg: what:is this\n");
  expect(last).toContain("look at what else was saved: etc/pve/jobs.cfg\n");
  expect(fresh.lines().flat()).not.toContain("vault");
});

test("a second time everything is there already [H5, K4]", () => {
  const first = [...places.map((path) => fresh.read(path)), String(fresh.lines().length)];
  const { output } = fresh.run(script, "--apply");
  // But for the storage that gave no answer.
  expect(output).toContain("0 added, 1 failed, 1 different.");
  expect([...places.map((path) => fresh.read(path)), String(fresh.lines().length - 1)]).toEqual(first);
});

test("what is there and differs is named, and stays as it is [H5, K6]", () => {
  const own = {
    "etc/pve/user.cfg":
      "user:root@pam:1:0:::root@example.com::\nrole:Lifeboat:VM.Audit:\nuser:joe@pve:0:0::::::\nacl:1:/nodes/" +
      `${ownName}:joe@pve:PVEAuditor:\n`,
    "etc/pve/storage.cfg":
      "zfspool: tank\n\tpool tank\n\tcontent images,rootdir,iso,vztmpl,backup\n\ndir: share\n\tpath /srv\n\tcontent backup\n",
    "etc/pve/firewall/cluster.fw": "[OPTIONS]\n\nenable: 1\npolicy_in: ACCEPT\n",
  };
  node.close();
  node = new NewNode(own);
  const { output } = node.run(script, "--apply");
  const named = [...output.matchAll(/^DIFFERS {5}(.*): it stays as it is here$/gmu)].map(([, what]) => what);
  expect(named).toEqual([
    "storage share (nfs)",
    "role Lifeboat",
    "user joe@pve",
    `PVEAuditor on /nodes/${ownName} for joe@pve`,
    "firewall of the datacenter",
  ]);
  expect(output).toMatch(/ enable: 1\n +-policy_in: ACCEPT\n +\+policy_in: DROP/u);
  const lines = node.read("etc/pve/user.cfg").split("\n");
  for (const line of own["etc/pve/user.cfg"].trim().split("\n")) expect(lines).toContain(line);
  expect(node.read("etc/pve/storage.cfg")).toContain(own["etc/pve/storage.cfg"].slice(-40));
  expect(node.read("etc/pve/firewall/cluster.fw")).toBe(own["etc/pve/firewall/cluster.fw"]);
  // The firewall is on: rules of the node would count at once.
  expect(node.has(`etc/pve/nodes/${ownName}/host.fw`)).toBe(false);
  expect(output).toMatch(/firewall: look at \S+\/host\.fw, keep a way in/u);
});

test("privileges, contents and members in another order are the same [H5]", () => {
  node.close();
  node = new NewNode({
    "etc/pve/user.cfg": "user:root@pam:1:0:::root@example.com::\nrole:Lifeboat:VM.Backup,Datastore.Audit,VM.Audit:\n",
    "etc/pve/storage.cfg": `zfspool: tank\n\tcontent images\n\nnfs: share\n\toptions vers=4.2\n\tnodes pve2,${ownName}\n\tserver 192.0.2.9\n\tpath /mnt/pve/share\n\texport /srv/it's $HOME\n\tcontent images,backup\n`,
  });
  const { output } = node.run(script);
  expect(output).toContain("same        role Lifeboat\n");
  expect(output).toContain("same        storage share (nfs)\n");
});

test("firewall and network are written beside, and neither is switched on [H5]", () => {
  expect(fresh.read("etc/pve/firewall/cluster.fw")).toBe(
    "[OPTIONS]\n\nenable: 0\npolicy_in: DROP\n\n[RULES]\n\nIN ACCEPT -source 192.0.2.0/24 -p tcp -dport 8006 # it's $me\nEND_OF_FILE\n",
  );
  expect(fresh.read(`etc/pve/nodes/${ownName}/host.fw`)).toContain("log_level_in: info");
  const { output } = fresh.run(script);
  expect(output).toContain("pvesh set /cluster/firewall/options --enable 1");
  // The next start of a node takes /etc/network/interfaces.new.
  expect(fresh.has("etc/network/interfaces.new")).toBe(false);
  expect(fresh.read("root/lifeboat-pve-prod/interfaces")).toContain("bridge-ports eno1");
  expect(output).toMatch(/-\s+bridge-ports enp5s0\n[^]* +\+\s+bridge-ports eno1/u);
});

test("secrets of new tokens are in a file for root alone, and nowhere in what it says [H5, N1]", () => {
  const { output } = applied;
  expect(output).not.toContain("not-a-secret");
  expect(fresh.read("root/lifeboat-pve-prod/new-tokens")).toMatch(/not-a-secret-automation[^]*not-a-secret-lifeboat/u);
  expect(fresh.mode("root/lifeboat-pve-prod")).toBe(0o700);
  expect(output).toMatch(/new secrets of tokens are in \S+\/new-tokens: put them where the old ones were used/u);
});

test("a folder whose disk is not mounted yet is not made on the node's own disk [H5]", () => {
  const folder = `${node.folder}/mnt/backup`;
  const storage = `dir: backup\n\tpath ${folder}\n\tcontent backup\n`;
  const own = scriptOf(new Map([["etc/pve/storage.cfg", storage]]));
  expect(node.run(own, "--apply").output).toContain(
    `storage backup (dir): mount or make ${folder}, then this script again`,
  );
  expect(node.lines().flat()).not.toContain("backup");
  node.write("mnt/backup/there", "");
  expect(node.run(own, "--apply").output).toContain("added       storage backup (dir)");
});

test("on another node, without its files, or with a file that cannot be read it does nothing [H5, K6]", () => {
  const other = nodeScript(wantedNode(savedNode, "pve-prod", undefined), { saved: "a dump", command: "x" });
  expect(node.run(other, "--apply")).toEqual({ code: 2, output: `this is for pve-prod, and here is ${node.host()}\n` });
  node.write("etc/pve/user.cfg/x", "", 0o644, true);
  expect(node.run(script, "--apply")).toMatchObject({
    code: 2,
    output: expect.stringMatching(/user\.cfg cannot be read/u),
  });
  node.remove(`etc/pve/nodes/${ownName}`);
  expect(node.run(script, "--apply")).toMatchObject({
    code: 2,
    output: expect.stringMatching(/does pve-cluster run\?/u),
  });
  node.write("bin/id", "#!/bin/sh\necho 1000\n", 0o755);
  expect(node.run(script, "--apply")).toMatchObject({ code: 2, output: expect.stringMatching(/root runs this/u) });
  expect(node.run(script, "--aply")).toMatchObject({ code: 2, output: expect.stringMatching(/^usage: /u) });
  expect(node.lines()).toEqual([]);
});

(isPublished ? describe : describe.skip)("what it calls", () => {
  test("is what Proxmox's published schema takes, each line of it [H5]", () => {
    expect(fresh.lines().length).toBeGreaterThan(20);
    expect(problemsOf(fresh.lines())).toEqual([]);
  });
});
