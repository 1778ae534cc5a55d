/**
 * What a person does in Proxmox's own web interface, without Lifeboat and behind Pulumi's back:
 *
 *     by-hand run-job ENV        the button "Run now" of the environment's backup job
 *     by-hand destroy GUEST      "Remove" with "Purge from job configurations", also of a running guest
 *     by-hand reboot GUEST       "Reboot" of a running guest
 *     by-hand make ENV ID        "Create CT": a small container that Lifeboat knows nothing of
 *     by-hand show ENV ID        its configuration as JSON
 *     by-hand status ENV ID      what it does now, as JSON
 *     by-hand job ENV            the environment's backup job as JSON
 *     by-hand select-all ENV     "Edit" of that job: "Selection mode: All"
 *     by-hand remove-job ENV     "Remove" of that job
 *     by-hand bare ENV           what is left when its node was installed anew: no guest, no job, no storage for backups; what
 *                                lies on that storage is still there
 *     by-hand account ENV FILE   what the lines of `lifeboat doctor --print-setup` make, read from its JSON in FILE; the
 *                                token is written to FILE.token
 *     by-hand set-up ENV FILE    runs the lines of `lifeboat doctor --print-setup` as root, read from its JSON in FILE
 *     by-hand coverage ENV       "Job Detail": every disk of the job's guests and whether it is backed up, as JSON
 */
import { readFileSync, writeFileSync } from "node:fs";
import * as z from "zod";
import { type TaskEvent, type TaskOutcome, requireSuccess } from "../../../proxmox/api/tasks";
import type { LoadedEnvironment } from "../../../scripts/project/environment";
import { Redactor } from "../../../scripts/terminal/redactor";
import { type Site, openSite } from "../../../scripts/project/site";
import { runSetup } from "../../support/node-commands";

/** What the web interface leaves out when it posts a job's options to the node: they belong to the schedule. */
const scheduleOnly = new Set(["id", "type", "schedule", "enabled", "comment", "repeat-missed", "next-run", "node"]);

/** The environment's job as Proxmox has it. */
async function jobOf(environment: LoadedEnvironment): Promise<Record<string, unknown>> {
  const client = await environment.client();
  const path = ["cluster", "backup", environment.settings.backup.jobId];
  return z.record(z.string(), z.unknown()).parse(await client.get(path));
}

async function showJob(site: Site, name: string): Promise<void> {
  process.stdout.write(`${JSON.stringify(await jobOf(site.environment(name)))}\n`);
}

async function selectAll(site: Site, name: string): Promise<void> {
  const environment = site.environment(name);
  await (await environment.client()).put(["cluster", "backup", environment.settings.backup.jobId], { all: 1 });
}

async function removeJob(site: Site, name: string): Promise<void> {
  const environment = site.environment(name);
  await (await environment.client()).delete(["cluster", "backup", environment.settings.backup.jobId]);
}

async function runJob(site: Site, name: string): Promise<void> {
  const environment = site.environment(name);
  const client = await environment.client();
  const { node } = environment.settings.proxmox;
  const options = Object.entries(await jobOf(environment)).filter(([option]) => !scheduleOnly.has(option));
  const parameters = Object.fromEntries(options.map(([option, value]) => [option, flat(value)]));
  const upid = z.string().parse(await client.post(["nodes", node, "vzdump"], parameters));
  await finish(client.tasks.wait(upid, { onEvent: show }));
}

async function destroy(site: Site, selector: string): Promise<void> {
  const { environment, guest } = site.findGuest(selector);
  const client = await environment.client();
  const path = ["nodes", guest.node, "lxc", guest.id];
  const upid = z.string().parse(await client.delete(path, { purge: true, force: true }));
  await finish(client.tasks.wait(upid, { onEvent: show }));
}

async function bare(site: Site, name: string): Promise<void> {
  const { settings } = site.environment(name);
  const client = await site.environment(name).client();
  const { node } = settings.proxmox;
  for (const { vmid, type } of (await client.cluster.guests()).filter((guest) => guest.node === node)) {
    const place = ["nodes", node, type, vmid];
    // Proxmox deletes a container that runs by force, and a virtual machine only once it is stopped.
    if (type === "qemu")
      await finish(client.tasks.wait(z.string().parse(await client.post([...place, "status", "stop"], {}))));
    const force = type === "lxc" ? { force: true } : {};
    await finish(client.tasks.wait(z.string().parse(await client.delete(place, { purge: true, ...force }))));
  }
  for (const { id } of await client.backups.backupJobs()) await client.delete(["cluster", "backup", id]);
  if (settings.backup.storage.type !== "adopted") await client.delete(["storage", settings.backup.storage.id]);
  process.stdout.write(`${node} is bare\n`);
}

async function reboot(site: Site, selector: string): Promise<void> {
  const { environment, guest } = site.findGuest(selector);
  const client = await environment.client();
  const upid = z.string().parse(await client.post(["nodes", guest.node, "lxc", guest.id, "status", "reboot"], {}));
  await finish(client.tasks.wait(upid, { onEvent: show }));
}

async function make(site: Site, name: string, id: string): Promise<void> {
  const environment = site.environment(name);
  const client = await environment.client();
  const template = environment.settings.guests.find((guest) => guest.kind === "container")?.template;
  const upid = z.string().parse(
    await client.post(["nodes", environment.settings.proxmox.node, "lxc"], {
      vmid: Number(id),
      ostemplate: template,
      hostname: `by-hand-${id}`,
      rootfs: "local:1",
      unprivileged: 1,
    }),
  );
  await finish(client.tasks.wait(upid, { onEvent: show }));
}

/** @param what `["config"]`, `["status", "current"]` */
async function showOf(site: Site, name: string, id: string, what: readonly string[]): Promise<void> {
  const environment = site.environment(name);
  const client = await environment.client();
  const guest = (await client.cluster.guests()).find(({ vmid }) => vmid === Number(id));
  if (guest === undefined) throw new Error(`there is no guest ${id}`);
  const answer = await client.get(["nodes", guest.node, guest.type, guest.vmid, ...what]);
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}

async function coverage(site: Site, name: string): Promise<void> {
  const environment = site.environment(name);
  const client = await environment.client();
  const { children } = await client.backups.includedVolumes(environment.settings.backup.jobId);
  const disks = children.flatMap((guest) => guest.children.map(({ id, included }) => [id, included] as const));
  process.stdout.write(`${JSON.stringify(Object.fromEntries(disks))}\n`);
}

const setupsSchema = z.object({
  setups: z.array(
    z.object({
      user: z.string(),
      token: z.string(),
      grants: z.array(
        z.object({ role: z.string(), privileges: z.array(z.string()), path: z.string(), propagate: z.boolean() }),
      ),
    }),
  ),
});

async function makeAccount(site: Site, name: string, file: string): Promise<void> {
  const client = await site.environment(name).rootClient();
  if (client === undefined) throw new Error("the password of root@pam is not given");
  const { setups } = setupsSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  for (const { user, token, grants } of setups) {
    await client.post(["access", "users"], { userid: user });
    for (const { role, privileges, path, propagate } of grants) {
      await client.post(["access", "roles"], { roleid: role, privs: privileges.join(",") });
      await client.put(["access", "acl"], { path, users: user, roles: role, propagate: propagate ? 1 : 0 });
    }
    const path = ["access", "users", user, "token", token.slice(token.indexOf("!") + 1)];
    const made = z.object({ value: z.string() }).parse(await client.post(path, { privsep: 0 }));
    writeFileSync(`${file}.token`, `${token}=${made.value}\n`, { mode: 0o600 });
  }
}

const linesSchema = z.object({ setups: z.array(z.object({ user: z.string(), commands: z.array(z.string()) })) });

/** The sandbox's own token is apart from its user: what the lines give to the user it gets, too. */
async function runPrintedLines(site: Site, name: string, file: string): Promise<void> {
  const environment = site.environment(name);
  const client = await environment.rootClient();
  if (client === undefined) throw new Error("the password of root@pam is not given");
  const token = (await environment.token()).value.split("=", 1).join("");
  const { setups } = linesSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  for (const { user, commands } of setups) {
    await runSetup(client, commands);
    const granted = commands.filter((line) => line.includes(` --users ${user} `));
    await runSetup(
      client,
      granted.map((line) => line.replace(` --users ${user} `, ` --tokens ${token} `)),
    );
  }
}

/** Proxmox answers with objects where it takes property strings. */
function flat(value: unknown): string | number | boolean {
  if (typeof value === "object" && value !== null) {
    return Object.entries(value)
      .map(([option, text]) => `${option}=${String(text)}`)
      .join(",");
  }
  return typeof value === "number" || typeof value === "boolean" ? value : String(value);
}

async function finish(waiting: Promise<TaskOutcome>): Promise<void> {
  process.stdout.write(`task ended: ${requireSuccess(await waiting).exitStatus}\n`);
}

function show(event: TaskEvent): void {
  if (event.kind === "log") process.stdout.write(event.lines.map((line) => `${line}\n`).join(""));
}

const actions: Readonly<Record<string, (site: Site, name: string, id: string) => Promise<void>>> = {
  "run-job": runJob,
  job: showJob,
  "select-all": selectAll,
  "remove-job": removeJob,
  destroy,
  bare,
  reboot,
  make,
  show: (site, name, id) => showOf(site, name, id, ["config"]),
  status: (site, name, id) => showOf(site, name, id, ["status", "current"]),
  coverage,
  account: makeAccount,
  "set-up": runPrintedLines,
};

async function main([action = "", name = "", id = ""]: string[]): Promise<void> {
  const run = actions[action];
  if (run === undefined || name === "")
    throw new Error(
      "by-hand run-job ENV | destroy GUEST | bare ENV | reboot GUEST | make ENV ID | show ENV ID | status ENV ID | job ENV | select-all ENV | remove-job ENV | coverage ENV | account ENV FILE | set-up ENV FILE",
    );
  const site = await openSite({
    redactor: new Redactor(),
    project: undefined,
    environment: process.env,
    workingDirectory: process.cwd(),
  });
  try {
    await run(site, name, id);
  } finally {
    await site.close();
  }
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
