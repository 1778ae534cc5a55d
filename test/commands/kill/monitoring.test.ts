import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as z from "zod";
import { isSavePoint } from "../../../site/restore/save-point";
import { startMetricsSite } from "../monitoring/metrics-site";
import { node, type RestoreSite } from "../restore/restore-site";
import { logInToNode, nodeShell } from "../support/site/node-ssh";
import { PulumiStandIn } from "../support/site/pulumi-stand-in";
import { dropOtherArchives, guestStages, type GuestStage, isRestore } from "./guest-stages";
import type { KillRow } from "./kill-row";
import { runKills } from "./run-kills";

/** The guest of the monitoring, and a `pulumi` that makes it. */
interface Place extends GuestStage<RestoreSite> {
  readonly pulumi: PulumiStandIn;
  /** Where the guest's check notes that it was asked. */
  readonly asked: string;
}

const restores = isRestore(node, "lxc");
const statePath = "pulumi/.pulumi/stacks/site/prod.json";
const stateSchema = z.object({
  checkpoint: z.object({
    latest: z.object({ resources: z.array(z.object({ urn: z.string() })), pending_operations: z.unknown().optional() }),
  }),
});

async function open() {
  const site = await startMetricsSite();
  logInToNode(site);
  const pulumi = new PulumiStandIn(site.folder, join(__dirname, "../up/pulumi.cjs"));
  site.write("program.json", JSON.stringify({ prod: ["metrics"] }));
  site.write("Pulumi.prod.yaml", `encryptionsalt: v1:c2FsdA==:v1:bm90aGluZw==\n${site.read("Pulumi.prod.yaml")}`);
  const shell = nodeShell(site, node);
  const asked = join(site.folder, "asked");
  const check = join(shell, "monitoring-check");
  // `pct exec` is the node's own; what it asks in the guest is a script here.
  writeProgram(join(shell, "pct"), `shift 3; exec "$1" "$2" "\${3//\\/usr\\/local\\/lib\\/lifeboat/${shell}}"`);
  writeProgram(check, `echo asked >>${asked}; echo watching since 1790000000`);
  const PATH = `${shell}:${pulumi.variables["PATH"] ?? ""}`;
  const stages = await guestStages(site, [{ id: 301, name: "metrics" }]);
  const places = stages.map((stage): Place => ({
    ...stage,
    get stateFolder() {
      return stage.stateFolder;
    },
    pulumi,
    asked,
    lifeboat: (argv, options) => stage.lifeboat(argv, { ...options, env: { PATH, ...options?.env } }),
  }));
  return { stages: places, close: () => site.stop() };
}

function writeProgram(file: string, text: string): void {
  writeFileSync(file, `#!/bin/bash\n${text}\n`);
  chmodSync(file, 0o755);
}

/** The guest is no longer what its archive holds, and its stack was brought up without it. */
async function broken(stage: Place): Promise<() => Promise<unknown>> {
  const { site, id, asked, pulumi } = stage;
  stage.renew();
  await dropOtherArchives(stage, node);
  await site.client.guests.setGuestConfig({ node, type: "lxc", vmid: id }, { memory: 640 });
  const state = site.dataPath(statePath);
  rmSync(site.dataPath("pulumi"), { recursive: true, force: true });
  mkdirSync(dirname(state), { recursive: true });
  const manifest = { time: "2026-11-20T10:00:00Z", magic: "", version: "" };
  const checkpoint = { stack: "organization/site/prod", latest: { manifest, resources: [] } };
  writeFileSync(state, JSON.stringify({ version: 3, checkpoint }));
  rmSync(asked, { force: true });
  pulumi.runs();
  const requests = site.requests().length;
  return async () => {
    const listed = await site.archives(id);
    const { latest } = stateSchema.parse(JSON.parse(readFileSync(state, "utf8"))).checkpoint;
    return {
      memory: (await site.client.guests.guestConfig({ node, type: "lxc", vmid: id }))["memory"],
      running: await site.running(id),
      restores: site
        .requests()
        .slice(requests)
        .filter((request) => restores(request, id)).length,
      savePoints: listed.filter(({ notes = "" }) => isSavePoint(notes)).length,
      protected: listed.find(({ volid }) => volid === stage.archive)?.protected,
      resources: latest.resources.map(({ urn }) => urn.split("::").at(-1)),
      pending: latest.pending_operations ?? [],
      wasAsked: readFileSync(asked, "utf8").startsWith("asked"),
    };
  };
}

const rows: KillRow<Place>[] = [
  {
    operation: "rebuild of monitoring from its backup",
    ids: "F2, K4",
    argv: () => ["rebuild", "monitoring", "--force", "--stop"],
    prepare: broken,
    wanted: {
      memory: "512",
      running: true,
      restores: 1,
      savePoints: 1,
      protected: false,
      resources: [],
      wasAsked: true,
    },
    writes: 30,
    changes: 0,
    // Its steps are those of every restore, which is killed everywhere in a row of its own.
    after: (writes) => {
      const open = writes.filter(({ moment, text }) => moment === "after" && JSON.parse(text).state !== "done");
      return open.map(({ number }) => number).filter((_, index) => index % 8 === 0 || index === open.length - 1);
    },
  },
  {
    operation: "rebuild of monitoring by its program",
    ids: "F2, K4",
    argv: () => ["rebuild", "monitoring", "--anew", "--force"],
    prepare: broken,
    wanted: {
      memory: "640",
      running: true,
      restores: 0,
      savePoints: 0,
      protected: false,
      resources: ["metrics"],
      pending: [],
      wasAsked: true,
    },
    writes: 8,
    changes: 0,
  },
];

runKills(open, rows);
