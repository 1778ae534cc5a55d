import { declareGuestsAndBackups } from "../../../stacks/guests-and-backups";
import { createProviders } from "../../../stacks/providers";
import { environmentOf, exampleContainer, exampleSettings } from "../../support/example-environment";
import { find, runProgram, secretInput, valueOf } from "../../support/pulumi-mocks";

const providerType = "pulumi:providers:proxmoxve";
const containerType = "proxmoxve:index/containerLegacy:ContainerLegacy";
const jobType = "proxmoxve:backup/job:Job";
const storageType = "proxmoxve:storage/directory:Directory";
const mocks = {
  [providerType]: () => ({}),
  [containerType]: () => ({}),
  [jobType]: () => ({}),
  [storageType]: () => ({}),
};

const token = "lifeboat@pve!deploy=not-a-secret-1";
const optOut = { exclude: "test", owner: "me", until: "2027-06-30" };

async function declare(settings: object, remakesJob = false) {
  const environment = environmentOf({ ...exampleSettings(), ...settings });
  return runProgram(mocks, async () => {
    const providerFor = createProviders(environment, token);
    return declareGuestsAndBackups({ environment, providerFor, checkNewStorage: async () => undefined, remakesJob });
  });
}

function bound() {
  return { ...exampleContainer(), disks: { media: { mount: "/media", bind: "/mnt/media", protectedBy: "the NAS" } } };
}

describe("every environment", () => {
  test("is a provider, a storage, its guests, and one job over them [A3]", async () => {
    const { registrations, result } = await declare({});
    expect(registrations.map(({ type, name, parent }) => [type, name, parent])).toEqual([
      [providerType, "proxmox", undefined],
      ["lifeboat:backups:BackupStorage", "backup", undefined],
      ["lifeboat:guests:Container", "web", undefined],
      ["lifeboat:backups:BackupJob", "backup", undefined],
      [storageType, "backup-storage", "backup"],
      [containerType, "web-container", "web"],
      [jobType, "backup-job", "backup"],
    ]);
    expect(await valueOf(result["backupSchedule"] ?? fail())).toBe("01:00");
  });

  test("configures the provider from the settings, with a token that is secret from the start, and checks certificates", async () => {
    const { registrations } = await declare({});
    expect(find(registrations, providerType).inputs).toEqual({
      endpoint: "https://192.0.2.11:8006",
      apiToken: secretInput(token),
    });
    for (const { type, provider } of registrations.filter(({ type }) => type.startsWith("proxmoxve:"))) {
      expect([type, provider]).toEqual([type, "proxmox"]);
    }
  });

  test("changes its job in place, but for one that somebody switched to other guests (trap 7) [B3]", async () => {
    expect(find((await declare({})).registrations, jobType).replaceOnChanges).toEqual([]);
    expect(find((await declare({}, true)).registrations, jobType).replaceOnChanges).toContain("vmids");
  });

  test("protects its guests, unless protectGuests says otherwise [A11]", async () => {
    expect(find((await declare({})).registrations, containerType).protect).toBe(true);
    expect(find((await declare({ protectGuests: false })).registrations, containerType).protect).toBe(false);
  });

  test("has adopted guests in its job, and never owns them [A10]", async () => {
    const { registrations } = await declare({ guests: { web: exampleContainer(), legacy: { adopt: 140 } } });
    expect(find(registrations, jobType).inputs["vmids"]).toEqual(["101", "140"]);
    expect(registrations.filter(({ type }) => type === containerType)).toHaveLength(1);
  });

  test("leaves guests out of its job that opted out as a whole [A2]", async () => {
    const guests = {
      web: { ...exampleContainer(), backup: optOut },
      legacy: { adopt: 140 },
      old: { adopt: 141, backup: optOut },
    };
    expect(find((await declare({ guests })).registrations, jobType).inputs["vmids"]).toEqual(["140"]);
  });

  test("has no job where nothing is to be backed up: Proxmox refuses a job without guests", async () => {
    const warn = jest.spyOn(console, "warn").mockImplementation();
    const { registrations, result } = await declare({ guests: {} });
    expect(warn).toHaveBeenCalledWith(expect.stringContaining("has no guest to back up"));
    warn.mockRestore();
    expect(registrations.filter(({ type }) => type === jobType)).toEqual([]);
    expect(Object.keys(result)).toEqual(["backupStorage"]);
  });
});

describe("a guest that only root@pam may declare", () => {
  const variable = "LIFEBOAT_PROXMOX_ROOT_PASSWORD";
  afterEach(() => {
    delete process.env[variable];
  });

  test("is refused without the password, before anything is registered, and the message names the variable", async () => {
    await expect(declare({ guests: { web: bound() } })).rejects.toThrow(
      /bind mount media of guest web to root@pam only.*\nHINT: set LIFEBOAT_PROXMOX_ROOT_PASSWORD/,
    );
  });

  test("gets a provider of its own; the others keep the token's", async () => {
    process.env[variable] = "not-a-secret-2";
    const db = { ...exampleContainer(), id: 102, network: { bridge: "vmbr0", address: "dhcp" } };
    const { registrations } = await declare({ guests: { web: bound(), db } });
    expect(find(registrations, providerType, "proxmox-root").inputs).toEqual({
      endpoint: "https://192.0.2.11:8006",
      username: "root@pam",
      password: secretInput("not-a-secret-2"),
    });
    expect(find(registrations, containerType, "web-container").provider).toBe("proxmox-root");
    expect(find(registrations, containerType, "db-container").provider).toBe("proxmox");
  });

  test("also where a privileged container nests", async () => {
    const guests = { web: { ...exampleContainer(), unprivileged: false, nesting: true } };
    await expect(declare({ guests })).rejects.toThrow(/nesting in a privileged container of guest web/);
  });
});

function fail(): never {
  throw new Error("the output is missing");
}
