import type { JobArgs } from "@muhlba91/pulumi-proxmoxve/backup/job";
import * as pulumi from "@pulumi/pulumi";
import { BackupJob } from "../../../components/backups/backup-job";
import { Container } from "../../../components/guests/container";
import { containerOf, environmentOf, exampleSettings } from "../../support/example-environment";
import { find, runProgram, valueOf } from "../../support/pulumi-mocks";

const jobType = "proxmoxve:backup/job:Job";
const containerType = "proxmoxve:index/containerLegacy:ContainerLegacy";
const mocks = { [jobType]: () => ({}), [containerType]: () => ({}) };

function settingsWith(other: Readonly<Record<string, unknown>> = {}) {
  const example = exampleSettings();
  return environmentOf({ ...example, backup: { ...example.backup, ...other } }).backup;
}

async function declare(other: Readonly<Record<string, unknown>> = {}, guests: readonly number[] = [102, 101, 102]) {
  const settings = settingsWith(other);
  const program = await runProgram(mocks, () => new BackupJob("backup", { settings, storage: "backup", guests }));
  return { ...program, child: find(program.registrations, jobType) };
}

function slowed(inputs: JobArgs): JobArgs {
  return { ...inputs, bwlimit: 1024 };
}

describe("BackupJob", () => {
  test("gives the provider exactly these inputs [A3]", async () => {
    const { child } = await declare();
    expect(child).toMatchObject({ name: "backup-job", parent: "backup", protect: false });
    expect(child.inputs).toEqual({
      resourceId: "lifeboat-prod",
      schedule: "01:00",
      storage: "backup",
      vmids: ["101", "102"],
      mode: "snapshot",
      compress: "zstd",
      pruneBackups: { "keep-daily": "7", "keep-weekly": "4" },
      notesTemplate: "{{guestname}} ({{vmid}}) on {{node}}",
      enabled: true,
      mailnotification: "always",
    });
  });

  test("outputs job id, storage and schedule [A3]", async () => {
    const { result } = await declare();
    expect(await valueOf(pulumi.all([result.jobId, result.storage, result.schedule]))).toEqual([
      "lifeboat-prod",
      "backup",
      "01:00",
    ]);
  });

  test("says what is off or empty (trap 6: what is left out stays as it was in Proxmox) [A3]", async () => {
    const { child } = await declare({ keep: { daily: 0 }, enabled: false, compress: "none", mode: "stop" });
    expect(child.inputs).toMatchObject({
      pruneBackups: { "keep-all": "1" },
      enabled: false,
      compress: "0",
      mode: "stop",
    });
  });

  test("passes on all six counts [A4]", async () => {
    const keep = { last: 1, hourly: 2, daily: 3, weekly: 4, monthly: 5, yearly: 6 };
    const { child } = await declare({ keep });
    expect(child.inputs["pruneBackups"]).toEqual({
      "keep-last": "1",
      "keep-hourly": "2",
      "keep-daily": "3",
      "keep-weekly": "4",
      "keep-monthly": "5",
      "keep-yearly": "6",
    });
  });

  test("sends mail where the settings say so [A3]", async () => {
    const { child } = await declare({ mail: { to: ["ops@example.com"] } });
    expect(child.inputs).toMatchObject({ mailtos: ["ops@example.com"], mailnotification: "failure" });
  });

  test("is made anew over another selection (trap 7: from all guests to some is impossible in place)", async () => {
    const { child } = await declare();
    expect(child).toMatchObject({ replaceOnChanges: ["all", "vmids"], deleteBeforeReplace: true });
    expect(child.inputs).not.toHaveProperty("all");
  });

  test("never has excludePaths (trap 9: the job is made, then lost to Pulumi)", async () => {
    expect((await declare()).child.inputs).not.toHaveProperty("excludePaths");
  });

  test("depends on the containers whose ids it holds (trap 11: it is deleted before them)", async () => {
    const settings = settingsWith();
    const { registrations } = await runProgram(mocks, () => {
      const { vmId } = new Container("web", { guest: containerOf(), environment: "prod" });
      return new BackupJob("backup", { settings, storage: "backup", guests: [vmId, 140] });
    });
    const job = find(registrations, jobType);
    expect(job.inputs["vmids"]).toEqual(["101", "140"]);
    expect(job.dependsOn).toContain("web-container");
  });

  test("lets a transform have the last word", async () => {
    const args = { settings: settingsWith(), storage: "backup", guests: [101], transform: { job: slowed } };
    const { registrations } = await runProgram(mocks, () => new BackupJob("backup", args));
    expect(find(registrations, jobType).inputs).toMatchObject({ bwlimit: 1024 });
  });

  test("is refused without guests, as Proxmox would, before anything is registered", async () => {
    await expect(declare({}, [])).rejects.toThrow("no guest is to be backed up");
  });
});
