import * as pulumi from "@pulumi/pulumi";
import { BackupJob, type BackupJobArgs } from "../../../components/backups/backup-job";
import { Container } from "../../../components/guests/container";
import { exampleContainerArgs } from "../../support/example-arguments";
import { find, runProgram, valueOf } from "../../support/pulumi-mocks";

const jobType = "proxmoxve:backup/job:Job";
const containerType = "proxmoxve:index/containerLegacy:ContainerLegacy";
const mocks = { [jobType]: () => ({}), [containerType]: () => ({}) };

const example: BackupJobArgs = {
  storage: "backup",
  guests: [102, 101, 102],
  schedule: "01:00",
  keep: { daily: 7, weekly: 4 },
};

async function declare(other: Partial<BackupJobArgs> = {}, opts: pulumi.ComponentResourceOptions = {}) {
  const program = await runProgram(mocks, () => new BackupJob("backup", { ...example, ...other }, opts));
  return { ...program, child: find(program.registrations, jobType) };
}

function slowed({ type, props, opts }: pulumi.ResourceTransformationArgs) {
  return type === jobType ? { props: { ...props, bwlimit: 1024 }, opts } : undefined;
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

  test("another guest changes it in place [B3]", async () => {
    const { child } = await declare();
    expect(child).toMatchObject({ replaceOnChanges: [], deleteBeforeReplace: true });
    expect(child.inputs).not.toHaveProperty("all");
  });

  test("never has excludePaths (trap 9: the job is made, then lost to Pulumi)", async () => {
    expect((await declare()).child.inputs).not.toHaveProperty("excludePaths");
  });

  test("depends on the containers whose ids it holds (trap 11: it is deleted before them)", async () => {
    const { registrations } = await runProgram(mocks, () => {
      const { vmId } = new Container("web", exampleContainerArgs());
      return new BackupJob("backup", { ...example, guests: [vmId, 140] });
    });
    const job = find(registrations, jobType);
    expect(job.inputs["vmids"]).toEqual(["101", "140"]);
    expect(job.dependsOn).toContain("web-container");
  });

  test("lets a transformation of Pulumi have the last word", async () => {
    expect((await declare({}, { transformations: [slowed] })).child.inputs).toMatchObject({ bwlimit: 1024 });
  });

  test("is refused without guests, as Proxmox would, before anything is registered", async () => {
    await expect(declare({ guests: [] })).rejects.toThrow(pulumi.RunError);
    await expect(declare({ guests: [] })).rejects.toThrow("guests: no guest is to be backed up");
  });

  test("keeps no number and all at once, and takes no schedule that is none [A4, A6]", async () => {
    const said = await declare({ keep: { all: true, daily: 7 }, schedule: "sometimes" }).catch(String);
    expect(said).toContain("Unable to declare backup job backup: 2 problems");
    expect(said).toMatch(/ {2}keep\.all: all excludes every count .*\n {2}schedule: not a schedule/u);
  });
});
