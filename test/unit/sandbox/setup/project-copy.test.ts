import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parse } from "yaml";
import { layoutOf, type Layout } from "../../../sandbox/setup/layout";
import { nodeHostKey } from "../../../sandbox/setup/node-shells";
import { sandboxSettings } from "../../../sandbox/setup/project-copy";

const settings = `# Kept: a comment at the top.
config:
  lifeboat:profile: prod
  lifeboat:proxmox:
    endpoint: https://192.0.2.11:8006 # kept: beside a value
    node: pve-prod
    fingerprint: "AA:BB"
    ssh: { user: root }
  lifeboat:guests:
    web: { kind: container, id: 101, checks: [ping, ssh] }
    db: { kind: container, id: 102 }
    legacy: { adopt: 140 }
`;

describe("the settings of the sandbox's project copy", () => {
  let layout: Layout;

  beforeEach(() => {
    layout = layoutOf(mkdtempSync(join(tmpdir(), "lifeboat-")));
    mkdirSync(dirname(layout.sshPublicKey));
    mkdirSync(dirname(nodeHostKey(layout, "pve-prod")), { recursive: true });
    writeFileSync(nodeHostKey(layout, "pve-prod"), "ssh-ed25519 AAAA pve-prod\n");
    writeFileSync(layout.sshPublicKey, `ecdsa-sha2-nistp256 ${"A".repeat(140)} sandbox\n`);
  });

  afterEach(() => rmSync(layout.folder, { recursive: true }));

  function copied(guestsRun: boolean, text = settings): string {
    const nodes = [{ name: "pve-prod", address: "127.0.0.11", port: 18006 }];
    return sandboxSettings(text, { layout, projectFolder: "/project", nodes, guestsRun });
  }

  test("point at the sandbox's node, authority and keys", () => {
    const config = parse(copied(true)).config;
    expect(config["lifeboat:proxmox"]).toEqual({
      endpoint: "https://127.0.0.11:18006",
      node: "pve-prod",
      ca: "site-ca.pem",
      ssh: { user: "root", identity: layout.sshKey, hostKeys: ["ssh-ed25519 AAAA pve-prod"] },
    });
    expect(config["lifeboat:ssh"]).toEqual({
      user: "root",
      identity: layout.sshKey,
      keys: [`ecdsa-sha2-nistp256 ${"A".repeat(140)} sandbox`],
    });
  });

  test("use the nodes' SSH servers only where there are any and the settings do", () => {
    const memory = parse(copied(false)).config["lifeboat:proxmox"];
    const without = parse(copied(true, settings.replace("    ssh: { user: root }\n", ""))).config["lifeboat:proxmox"];
    expect([memory, without]).toEqual([memory, memory]);
    expect(memory).not.toHaveProperty("ssh");
  });

  test("keep the comments, and each key on one line", () => {
    const text = copied(true);
    expect(text).toContain("# Kept: a comment at the top.");
    expect(text).toContain("# kept: beside a value");
    expect(text).toMatch(/^ +- ecdsa-sha2-nistp256 A+ sandbox$/m);
  });

  test("leave the guests' checks to the settings where guests run", () => {
    expect(parse(copied(true)).config["lifeboat:guests"]).toEqual(parse(settings).config["lifeboat:guests"]);
  });

  test("check nothing but `running` where no guest runs", () => {
    expect(parse(copied(false)).config["lifeboat:guests"]).toEqual({
      web: { kind: "container", id: 101, checks: ["running"] },
      db: { kind: "container", id: 102, checks: ["running"] },
      legacy: { adopt: 140, checks: ["running"] },
    });
  });

  test("declare a state store only where a guest runs that it can be installed in", () => {
    const store = "  lifeboat:stateStore: { guest: db }\n";
    expect(parse(copied(true, settings + store)).config["lifeboat:stateStore"]).toEqual({ guest: "db" });
    expect(parse(copied(false, settings + store)).config).not.toHaveProperty("lifeboat:stateStore");
  });

  test("stay as they are for a node that the sandbox does not have", () => {
    const other = settings.replace("pve-prod", "pve-elsewhere");
    expect(copied(false, other)).toBe(other);
  });
});
