import * as fc from "fast-check";
import { parseSettings } from "../../../../site/settings/parse-settings";
import { formatPath, formatProblems, type Problem } from "../../../../site/settings/problem";
import { containerOf, environmentOf, exampleContainer, exampleSettings } from "../../../support/example-environment";

const origin = { environment: "prod" };

function problemsOf(raw: unknown): readonly Problem[] {
  const parsed = parseSettings(raw, origin);
  return parsed.ok ? [] : parsed.problems;
}

/** Paths of what is wrong, as the user sees them. */
function pathsOf(raw: unknown): string[] {
  return problemsOf(raw).map(({ path }) => formatPath(path).slice("lifeboat:".length));
}

function withContainer(other: Readonly<Record<string, unknown>>) {
  return { ...exampleSettings(), guests: { web: { ...exampleContainer(), ...other } } };
}

function withBackup(other: Readonly<Record<string, unknown>>) {
  const example = exampleSettings();
  return { ...example, backup: { ...example.backup, ...other } };
}

function withProxmox(other: Readonly<Record<string, unknown>>) {
  const example = exampleSettings();
  return { ...example, proxmox: { ...example.proxmox, ...other } };
}

function withSecond(other: Readonly<Record<string, unknown>>) {
  const www = { ...exampleContainer(), id: 102, ...networkOf({ address: "192.0.2.102/24" }), ...other };
  return { ...exampleSettings(), guests: { web: exampleContainer(), www } };
}

function networkOf(other: Readonly<Record<string, string>>) {
  return { network: { bridge: "vmbr0", ...other } };
}

describe("settings that are right", () => {
  test("get every default [A4]", () => {
    const environment = environmentOf(exampleSettings());
    expect(environment).toMatchObject({
      name: "prod",
      profile: "prod",
      protectGuests: true,
      ssh: { user: "root", keys: [] },
      proxmox: { trust: { kind: "ca", file: "site-ca.pem" }, createTimeout: 600 },
      backup: { jobId: "lifeboat-prod", mode: "snapshot", compress: "zstd", enabled: true },
    });
    expect(environment.proxmox.ssh).toBeUndefined();
    expect(environment.backup.mail).toBeUndefined();
  });

  test("a container gets every default", () => {
    expect(containerOf()).toMatchObject({
      kind: "container",
      name: "web",
      id: 101,
      node: "pve-prod",
      hostname: "web",
      osType: "debian",
      cores: 1,
      memory: 512 * 2 ** 20,
      swap: 0,
      unprivileged: true,
      startOnBoot: true,
      started: true,
      protection: false,
      fresh: false,
    });
  });

  test.each([
    ["prod", "01:00", { keepDaily: 7, keepWeekly: 4 }],
    ["lab", "sun 03:00", { keepLast: 3 }],
    ["monitoring", "02:00", { keepDaily: 7 }],
  ])("profile %s: daily, weekly and counts of A4", (profile, schedule, keep) => {
    expect(environmentOf({ ...exampleSettings(), profile }).backup).toMatchObject({ schedule, keep });
  });

  test("a mount point without a flag is backed up; one with the three fields is not [A2]", () => {
    const [data, cache] = containerOf().disks;
    expect(data).toEqual({ kind: "volume", name: "data", mount: "/srv", storage: "local", size: 20 * 2 ** 30 });
    expect(cache).toMatchObject({
      name: "cache",
      optOut: { reason: "rebuilt at start", owner: "web team", until: "2035-12-31" },
    });
  });

  test("an opt-out whose day is past is no problem of structure: it must never stop a restore [A6]", () => {
    const backup = { exclude: "x", owner: "y", until: "2001-01-01" };
    expect(containerOf({ backup }).optOut).toEqual({ reason: "x", owner: "y", until: "2001-01-01" });
  });

  test("disks are ordered by where they are mounted, whatever the order of the keys", () => {
    const disks = {
      z: { mount: "/srv", storage: "local", size: "1GiB" },
      a: { mount: "/srv/inner", storage: "local", size: "1GiB" },
    };
    expect(containerOf({ disks }).disks.map(({ name }) => name)).toEqual(["z", "a"]);
  });

  test("guests are ordered by id", () => {
    const guests = { a: { adopt: 300 }, b: { adopt: 200 }, c: { adopt: 100 } };
    expect(environmentOf({ ...exampleSettings(), guests }).guests.map(({ id }) => id)).toEqual([100, 200, 300]);
  });

  test("checks: ping and ssh where the address is fixed, running where it is not [D1]", () => {
    expect(containerOf().checks).toEqual([{ kind: "ping" }, { kind: "ssh" }]);
    expect(containerOf({ network: { bridge: "vmbr0", address: "dhcp" } }).checks).toEqual([{ kind: "running" }]);
    expect(containerOf({ checks: ["tcp:80"] }).checks).toEqual([{ kind: "tcp", port: 80 }]);
  });

  test("an adopted guest is named by id and owns nothing else [A10]", () => {
    const { guests } = environmentOf({ ...exampleSettings(), guests: { legacy: { adopt: 140 } } });
    expect(guests).toEqual([
      {
        kind: "adopted",
        name: "legacy",
        id: 140,
        node: "pve-prod",
        hostname: "legacy",
        checks: [{ kind: "running" }],
        objectives: { rpo: 26 * 3600 },
        data: [],
        diskOptOuts: {},
      },
    ]);
  });

  test("keys of guests come from the environment unless the guest has its own", () => {
    const keys = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExample you@example.com"];
    const settings = { ...exampleSettings(), ssh: { keys } };
    expect(environmentOf(settings).guests[0]).toMatchObject({ sshKeys: keys });
    const other = { ...withContainer({ sshKeys: [] }), ssh: { keys } };
    expect(environmentOf(other).guests[0]).toMatchObject({ sshKeys: [] });
  });

  test("host keys of nodes are taken without their comments [N3]", () => {
    const { proxmox } = exampleSettings();
    const hostKeys = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExample root@pve-prod"];
    expect(environmentOf({ ...exampleSettings(), proxmox: { ...proxmox, ssh: { hostKeys } } }).proxmox.ssh).toEqual({
      user: "root",
      port: 22,
      identity: undefined,
      hostKeys: ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExample"],
    });
  });

  test("keys without a value count as left out", () => {
    expect(environmentOf({ ...withContainer({ disks: null, tags: null }), ssh: null }).ssh.user).toBe("root");
  });

  test("plain values may be text, as `pulumi config set` stores them", () => {
    expect(environmentOf({ ...exampleSettings(), protectGuests: "false" }).protectGuests).toBe(false);
  });

  test("keep: nothing above 0 keeps everything, as Proxmox has it [A4]", () => {
    expect(environmentOf(withBackup({ keep: { daily: 0 } })).backup.keep).toEqual({ keepAll: true });
    expect(environmentOf(withBackup({ keep: { all: true } })).backup.keep).toEqual({ keepAll: true });
    expect(environmentOf(withBackup({ keep: { last: 2, daily: 0 } })).backup.keep).toEqual({ keepLast: 2 });
  });

  test("a job's id is made from any stack's name [A13]", () => {
    expect(environmentOf(exampleSettings(), "customer.a").backup.jobId).toBe("lifeboat-customer-a");
  });

  test("parsing is the same twice", () => {
    expect(environmentOf(exampleSettings())).toEqual(environmentOf(structuredClone(exampleSettings())));
  });
});

describe("settings that are wrong", () => {
  test("every problem is told at once, sorted by path, with what was found and what is allowed [A6]", () => {
    const raw = {
      ...withContainer({ id: 99, root: { storage: "local", size: "8.5GiB" } }),
      profile: "production",
    };
    expect(formatProblems(problemsOf(raw), "prod")).toBe(
      `Unable to use the settings in Pulumi.prod.yaml: 3 problems
  lifeboat:guests.web.id: not a guest's id (found 99; allowed: a whole number from 100 to 999999999)
  lifeboat:guests.web.root.size: not the size of a volume (found "8.5GiB"; allowed: whole GiB such as 8GiB; above 1TiB whole TiB)
  lifeboat:profile: not a profile (found "production"; allowed: prod, lab or monitoring)`,
    );
  });

  test.each<[string, unknown, string[]]>([
    ["nothing at all", undefined, ["*"]],
    ["nothing in it", {}, ["backup", "profile", "proxmox"]],
    ["a list", [], ["*"]],
    ["an http endpoint", withProxmox({ endpoint: "http://192.0.2.11:8006" }), ["proxmox.endpoint"]],
    ["an endpoint with a path", withProxmox({ endpoint: "https://a:8006/api2" }), ["proxmox.endpoint"]],
    ["an endpoint with a user", withProxmox({ endpoint: "https://a@b:8006" }), ["proxmox.endpoint"]],
    ["a node's name with a slash", withProxmox({ node: "pve/../x" }), ["proxmox.node"]],
    ["no checking of certificates", withProxmox({ insecure: true }), ["proxmox.insecure"]],
    ["two trusts", withProxmox({ fingerprint: Array(32).fill("AB").join(":") }), ["proxmox.fingerprint"]],
    ["a short fingerprint", withProxmox({ ca: null, fingerprint: "AA:BB" }), ["proxmox.fingerprint"]],
    ["a timeout of a second", withProxmox({ createTimeout: "1s" }), ["proxmox.createTimeout"]],
    ["a storage without a type", withBackup({ storage: { id: "b1", path: "/x" } }), ["backup.storage.type"]],
    ["a storage's name", withBackup({ storage: { id: "a'; touch pwned", adopt: true } }), ["backup.storage.id"]],
    ["adopt: false", withBackup({ storage: { id: "backup", adopt: false } }), ["backup.storage.adopt"]],
    [
      "adopted and declared",
      withBackup({ storage: { id: "backup", adopt: true, path: "/x" } }),
      ["backup.storage.path"],
    ],
    ["a relative path", withBackup({ storage: { id: "backup", type: "dir", path: "x" } }), ["backup.storage.path"]],
    ["a schedule", withBackup({ schedule: "every night at one" }), ["backup.schedule"]],
    ["a schedule that is long", withBackup({ schedule: `${" ".repeat(128)}01:00` }), ["backup.schedule"]],
    ["an unknown count", withBackup({ keep: { daly: 7 } }), ["backup.keep.daly"]],
    ["a negative count", withBackup({ keep: { daily: -1 } }), ["backup.keep.daily"]],
    ["all and a count", withBackup({ keep: { all: true, daily: 7 } }), ["backup.keep.all"]],
    ["an unknown variable in notes", withBackup({ notes: "{{guestnam}}" }), ["backup.notes"]],
    ["notes of two lines", withBackup({ notes: "a\nb" }), ["backup.notes"]],
    ["a mode", withBackup({ mode: "fast" }), ["backup.mode"]],
    ["mail to nobody", withBackup({ mail: { to: [] } }), ["backup.mail.to"]],
    ["excludePaths", withBackup({ excludePaths: ["/tmp"] }), ["backup.excludePaths"]],
    ["no kind of guest", withContainer({ kind: undefined, template: undefined }), ["guests.web.kind"]],
    ["a guest that is a number", { ...exampleSettings(), guests: { web: 3 } }, ["guests.web"]],
    ["a guest that is empty", { ...exampleSettings(), guests: { web: null } }, ["guests.web"]],
    ["an id as text", withContainer({ id: "101" }), ["guests.web.id"]],
    ["an id with a fraction", withContainer({ id: 101.5 }), ["guests.web.id"]],
    ["an id above Proxmox's last", withContainer({ id: 1_000_000_000 }), ["guests.web.id"]],
    [
      "a flag on the root disk",
      withContainer({ root: { storage: "local", size: "8GiB", backup: true } }),
      ["guests.web.root.backup"],
    ],
    ["a template that is an ISO", withContainer({ template: "local:iso/debian.iso" }), ["guests.web.template"]],
    ["a template of an unknown system", withContainer({ template: "local:vztmpl/own.tar.zst" }), ["guests.web.osType"]],
    ["a shell in a template", withContainer({ template: "local:vztmpl/debian-$(x).tar.zst" }), ["guests.web.template"]],
    ["a host name", withContainer({ hostname: "a_b" }), ["guests.web.hostname"]],
    ["no unit", withContainer({ memory: 512 }), ["guests.web.memory"]],
    ["a decimal unit", withContainer({ memory: "1GB" }), ["guests.web.memory"]],
    ["half a MiB", withContainer({ memory: "16897KiB" }), ["guests.web.memory"]],
    [
      "a network's own address",
      withContainer({ network: { bridge: "vmbr0", address: "192.0.2.0/24" } }),
      ["guests.web.network.address"],
    ],
    [
      "an address without a prefix",
      withContainer({ network: { bridge: "vmbr0", address: "192.0.2.1" } }),
      ["guests.web.network.address"],
    ],
    [
      "a gateway elsewhere",
      withContainer({ network: { bridge: "vmbr0", address: "192.0.2.9/24", gateway: "198.51.100.1" } }),
      ["guests.web.network.gateway"],
    ],
    [
      "a gateway beside DHCP",
      withContainer({ network: { bridge: "vmbr0", address: "dhcp", gateway: "192.0.2.1" } }),
      ["guests.web.network.gateway"],
    ],
    [
      "a multicast MAC",
      withContainer({ network: { bridge: "vmbr0", address: "dhcp", mac: "01:00:00:00:00:01" } }),
      ["guests.web.network.mac"],
    ],
    ["a check", withContainer({ checks: ["ping", "http"] }), ["guests.web.checks[1]"]],
    ["a port", withContainer({ checks: ["tcp:65536"] }), ["guests.web.checks[0]"]],
    ["no check at all", withContainer({ checks: [] }), ["guests.web.checks"]],
    ["a tag in capitals", withContainer({ tags: ["Web"] }), ["guests.web.tags[0]"]],
    ["a private key", withContainer({ sshKeys: ["-----BEGIN OPENSSH PRIVATE KEY-----"] }), ["guests.web.sshKeys[0]"]],
    [
      "a disk on /",
      withContainer({ disks: { a: { mount: "/", storage: "local", size: "1GiB" } } }),
      ["guests.web.disks.a.mount"],
    ],
    [
      "a way up",
      withContainer({ disks: { a: { mount: "/srv/../etc", storage: "local", size: "1GiB" } } }),
      ["guests.web.disks.a.mount"],
    ],
    [
      "a comma, which Proxmox would take for the next option",
      withContainer({ disks: { a: { mount: "/srv,backup=0", storage: "local", size: "1GiB" } } }),
      ["guests.web.disks.a.mount"],
    ],
    [
      "a size that the provider would round",
      withContainer({ disks: { a: { mount: "/srv", storage: "local", size: "1100GiB" } } }),
      ["guests.web.disks.a.size"],
    ],
    [
      "two disks in one place",
      withContainer({
        disks: {
          a: { mount: "/srv", storage: "local", size: "1GiB" },
          b: { mount: "/srv/", storage: "local", size: "1GiB" },
        },
      }),
      ["guests.web.disks.b.mount"],
    ],
    [
      "a bind mount that nothing protects",
      withContainer({ disks: { a: { mount: "/srv", bind: "/mnt/x" } } }),
      ["guests.web.disks.a.protectedBy"],
    ],
    [
      "a flag on a bind mount",
      withContainer({ disks: { a: { mount: "/srv", bind: "/mnt/x", protectedBy: "NAS", backup: true } } }),
      ["guests.web.disks.a.backup"],
    ],
    [
      "an opt-out without an owner",
      withContainer({ backup: { exclude: "test", until: "2027-06-30" } }),
      ["guests.web.backup.owner"],
    ],
    ["an opt-out as a flag", withContainer({ backup: false }), ["guests.web.backup"]],
    [
      "a day that is not in the calendar",
      withContainer({ backup: { exclude: "test", owner: "me", until: "2027-02-30" } }),
      ["guests.web.backup.until"],
    ],
    [
      "an adopted guest that is also declared",
      { ...exampleSettings(), guests: { a: { adopt: 140, id: 140 } } },
      ["guests.a.id"],
    ],
    ["a token's form", { ...exampleSettings(), proxmoxToken: "secret" }, ["proxmoxToken"]],
  ])("%s", (_what, raw, paths) => {
    expect(pathsOf(raw)).toEqual(paths);
  });

  test("an unknown key is an error, with the key that was meant", () => {
    const [problem] = problemsOf({ ...exampleSettings(), gests: {} });
    expect(problem).toMatchObject({ path: ["gests"], message: "unknown key; did you mean guests?" });
    const [other] = problemsOf({ ...exampleSettings(), somethingElse: {} });
    expect(other).toMatchObject({ path: ["somethingElse"], message: "unknown key" });
    expect(other?.allowed).toContain("protectGuests");
  });

  test("a key that is misspelt is one problem, not an unknown key and a missing one", () => {
    const network = { brigde: "vmbr0", address: "dhcp" };
    expect(pathsOf(withContainer({ network }))).toEqual(["guests.web.network.brigde"]);
  });

  test("keys of JavaScript's own are unknown keys and wrong names like any other", () => {
    const raw: unknown = JSON.parse(JSON.stringify(exampleSettings()).replace('"web"', '"__proto__"'));
    expect(pathsOf(raw)).toEqual(["guests.__proto__"]);
    const top: unknown = JSON.parse(JSON.stringify(exampleSettings()).replace("{", '{"__proto__":{},"constructor":1,'));
    expect(pathsOf(top)).toEqual(["__proto__", "constructor"]);
  });
});

describe("what guests may not share", () => {
  test("two different guests are fine", () => {
    expect(pathsOf(withSecond({}))).toEqual([]);
  });

  test.each<[string, Readonly<Record<string, unknown>>, string[]]>([
    ["an id", { id: 101 }, ["guests.www.id"]],
    ["a host name", { hostname: "WEB" }, ["guests.www.hostname"]],
    ["an address", { network: { bridge: "vmbr0", address: "192.0.2.101/24" } }, ["guests.www.network.address"]],
  ])("%s", (_what, other, paths) => {
    expect(pathsOf(withSecond(other))).toEqual(paths);
  });

  test("an address in another spelling", () => {
    const guests = {
      a: { ...exampleContainer(), ...networkOf({ address: "2001:db8::1/64" }) },
      b: { ...exampleContainer(), id: 102, ...networkOf({ address: "2001:0db8:0:0:0:0:0:1/64" }) },
    };
    expect(pathsOf({ ...exampleSettings(), guests })).toEqual(["guests.b.network.address"]);
  });

  test("a MAC address in another case", () => {
    const guests = {
      a: { ...exampleContainer(), ...networkOf({ address: "192.0.2.1/24", mac: "BC:24:11:00:00:0a" }) },
      b: { ...exampleContainer(), id: 102, ...networkOf({ address: "192.0.2.2/24", mac: "bc:24:11:00:00:0A" }) },
    };
    expect(pathsOf({ ...exampleSettings(), guests })).toEqual(["guests.b.network.mac"]);
  });

  test("an id that is adopted and declared, and names that differ in case", () => {
    const guests = { web: exampleContainer(), WEB: { adopt: 101 } };
    expect(pathsOf({ ...exampleSettings(), guests })).toEqual(["guests.web", "guests.web.id"]);
  });

  test("is told although something else is wrong with both", () => {
    const guests = { a: { ...exampleContainer(), cores: 0 }, b: { ...exampleContainer(), cores: 0 } };
    expect(pathsOf({ ...exampleSettings(), guests })).toEqual([
      "guests.a.cores",
      "guests.b.cores",
      "guests.b.id",
      "guests.b.network.address",
    ]);
  });
});

describe("hostile settings", () => {
  const hostile = "a'; touch pwned; $(x) \"";

  test("as names they are refused with their path, in quotes", () => {
    const [problem] = problemsOf({ ...exampleSettings(), guests: { [hostile]: exampleContainer() } });
    expect(problem).toMatchObject({ path: ["guests", hostile], message: "not a name" });
    expect(
      formatProblems(problemsOf({ ...exampleSettings(), guests: { [hostile]: { adopt: 140 } } }), "prod"),
    ).toContain(`lifeboat:guests["a'; touch pwned; $(x) \\""]: not a name`);
  });

  test("in a description or a reason for people they are kept", () => {
    expect(
      containerOf({ description: hostile, backup: { exclude: hostile, owner: "me", until: "2027-06-30" } }),
    ).toMatchObject({
      description: hostile,
      optOut: { reason: hostile },
    });
  });

  test("no control character of theirs reaches the terminal, whatever they are", () => {
    const control = fc.constantFrom("\u001b[2J", "\u0007", "\u009b31m", "\u202e", "\r", "\u2028", "\u007f", "\ud800");
    const text = fc.array(fc.oneof(control, fc.string()), { minLength: 1 }).map((parts) => parts.join(""));
    fc.assert(
      fc.property(text, text, (key, value) => {
        const raw = { ...withContainer({ hostname: value, [`x${key}`]: value, template: value }), [`y${key}`]: value };
        const printed = formatProblems(problemsOf(raw), "prod");
        expect(printed).not.toMatch(/[^\P{C}\n]/u);
        expect(printed).toContain("lifeboat:guests.web.template");
      }),
    );
  });

  test("a secret in the wrong form is never shown", () => {
    const storage = {
      id: "backup",
      type: "pbs",
      server: "a",
      datastore: "b",
      username: "c@pbs",
      password: " not-a-secret-1",
      encryptionKey: " not-a-secret-1",
    };
    const raw = {
      ...withBackup({ storage }),
      proxmoxToken: "not-a-secret-2",
      proxmoxRootPassword: "not-a-secret-3\u0000",
      proxmoxTokn: "not-a-secret-4",
    };
    const printed = formatProblems(problemsOf(raw), "prod");
    expect(pathsOf(raw)).toEqual([
      "backup.storage.encryptionKey",
      "backup.storage.password",
      "proxmoxRootPassword",
      "proxmoxToken",
      "proxmoxTokn",
    ]);
    expect(printed).not.toContain("not-a-secret");
  });

  test("any value anywhere gives problems and never an exception", () => {
    fc.assert(
      fc.property(fc.anything(), fc.anything(), fc.anything(), (a, b, c) => {
        for (const raw of [
          a,
          { ...exampleSettings(), guests: a, ssh: b },
          withContainer({ disks: a, network: b, root: c }),
        ]) {
          const parsed = parseSettings(raw, origin);
          if (!parsed.ok) expect(formatProblems(parsed.problems, "prod")).toMatch(/problem/);
        }
      }),
    );
  });
});

test("twenty mistakes are twenty lines, sorted by path, and nothing else [A6]", () => {
  const container = exampleContainer();
  const raw = {
    profile: "production",
    proxmox: { endpoint: "192.0.2.11", node: "pve prod", ca: "site-ca.pem", insecure: true, createTimeout: "5" },
    backup: {
      storage: { id: "b", type: "dir", path: "mnt/backup" },
      schedule: "25:00",
      keep: { daily: -1, fortnightly: 2 },
      mode: "live",
      compress: "zip",
    },
    objectives: { rpo: "1 day" },
    acknowledge: [{ hazard: "fire", reason: "x", owner: "me", until: "2027-02-30" }],
    protectGuests: "maybe",
    guests: {
      web: { ...container, id: 99, cpu: 4, memory: "1 bit", root: { storage: "local", size: "8 bananas" } },
      db: { adopt: "one" },
    },
  };
  const [head, ...lines] = formatProblems(problemsOf(raw), "prod").split("\n");
  expect(head).toBe("Unable to use the settings in Pulumi.prod.yaml: 20 problems");
  expect(lines).toHaveLength(20);
  const paths = lines.map((line) => /^ {2}(lifeboat:\S+): .+ \(found .+; allowed: .+\)$/u.exec(line)?.[1]);
  expect(paths).not.toContain(undefined);
  expect(paths).toEqual([...paths].sort());
});
