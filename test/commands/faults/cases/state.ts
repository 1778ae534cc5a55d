import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import type { StateSite } from "../../state/state-site";
import { stateKey, stateText } from "../../state/states";
import { withForgedCommand } from "../../../support/state/forged";
import type { RunResult } from "../../support/run-bundle";
import type { Afterwards, FaultCase } from "../fault-case";

/** Two updates of prod in the store, and a whole copy of them. */
export interface StateScene {
  readonly site: StateSite;
  /** Content of the bucket before it went wrong. */
  readonly before: ReadonlyMap<string, string>;
  readonly lifeboat: (command: string) => Promise<RunResult>;
  /** Does something while commands wait a shorter time for an answer of the store. */
  readonly impatiently: <Result>(work: () => Promise<Result>) => Promise<Result>;
}

type StateFault = FaultCase<StateScene>;

const bucket = "lifeboat-state-prod";
const verify = "verify --state prod";
const goBack = "state return prod --force";
const marker = "lifeboat-copy.json";

function entry(nanos: number, half: "history" | "checkpoint"): string {
  return `.pulumi/history/shop/prod/prod-${String(nanos)}.${half}.json`;
}

async function succeed({ lifeboat }: StateScene, command: string): Promise<void> {
  expect([command, await lifeboat(command)]).toEqual([command, expect.objectContaining({ code: 0 })]);
}

const unchanged: Afterwards<StateScene> = {
  words: "what the store holds is as it was",
  check: async ({ site, before }) => {
    site.store.failWith = undefined;
    expect(site.bucket("prod")).toEqual(before);
  },
};

const stillHere: Afterwards<StateScene> = {
  words: "the state on this machine lives on",
  check: async ({ site }) => expect(await site.local.list(stateKey("prod"))).toHaveLength(1),
};

const noneHere: Afterwards<StateScene> = {
  words: "no second state was made on this machine",
  check: async ({ site }) => expect(await site.local.list(stateKey("prod"))).toEqual([]),
};

const copiedAgain: Afterwards<StateScene> = {
  words: "copied again (`lifeboat backup state prod`), all is good",
  check: async (scene) => {
    await succeed(scene, "backup state prod");
    await succeed(scene, verify);
  },
};

const copyStays: Afterwards<StateScene> = {
  words: "the copy is the good one that it was",
  check: async ({ site, before }) =>
    expect((await site.copies("prod").read(stateKey("prod"))).toString()).toBe(before.get(stateKey("prod"))),
};

const namedByVerify: Afterwards<StateScene> = {
  words: "`verify --state` names it (3)",
  check: async ({ lifeboat }) =>
    expect(await lifeboat(verify)).toMatchObject({ code: 3, stdout: expect.stringContaining("command:local:Command") }),
};

const asksBeforeFallback: Afterwards<StateScene> = {
  words: "a fallback to this copy asks for `--accept-stale`",
  check: async ({ site, lifeboat }) => {
    await site.store.close();
    expect((await lifeboat("state fallback prod --dry-run")).stdout).toContain("--accept-stale");
    await site.store.open();
  },
};

const restorable: Afterwards<StateScene> = {
  words: "an update of the history takes its place by `lifeboat restore state`, and all is good",
  check: async (scene) => {
    const { points } = JSON.parse((await scene.lifeboat("restore state prod --list --json")).stdout);
    const { id } = points.find(({ source }: { source: string }) => source === "history");
    await succeed(scene, `restore state prod --to ${id} --force`);
    await succeed(scene, verify);
  },
};

const othersRead: Afterwards<StateScene> = {
  words: "every other update can be restored",
  check: async ({ lifeboat }) => expect((await lifeboat("restore state prod --list")).code).toBe(0),
};

/** What the store's objects and the copies come to. */
const damages: readonly StateFault[] = [
  {
    fault: "the store lists the live state and does not give it: its data are damaged",
    command: verify,
    exitCode: 3,
    message:
      ".pulumi/stacks/shop/prod.json version ID of TIME: the store answers 503 SlowDownRead\n.pulumi/stacks/shop/prod.json version ID of TIME: the store answers 503 SlowDownRead",
    afterwards: [restorable],
    run: async ({ site, lifeboat }) => {
      site.store.damage(bucket, stateKey("prod"), "content");
      return lifeboat(verify);
    },
  },
  {
    fault: "an entry of the history is in no listing any more: its metadata are damaged, and the copy knows of it",
    command: verify,
    exitCode: 3,
    message:
      ".pulumi/history/shop/prod/prod-60000.checkpoint.json of TIME: the store answers 500 InternalError\n.pulumi/history/shop/prod/prod-60000.history.json of TIME: the store answers 500 InternalError",
    afterwards: [othersRead],
    run: async ({ site, lifeboat }) => {
      for (const half of ["history", "checkpoint"] as const) site.store.damage(bucket, entry(60_000, half), "metadata");
      return lifeboat(verify);
    },
  },
  {
    fault: "of an entry of the history only one half is there",
    command: verify,
    exitCode: 3,
    message:
      ".pulumi/history/shop/prod/prod-60000.history.json of TIME: the state with which this update ended is not there",
    afterwards: [othersRead],
    run: async ({ site, lifeboat }) => {
      site.store.damage(bucket, entry(60_000, "checkpoint"), "lost");
      return lifeboat(verify);
    },
  },
  {
    fault: "a copy run stopped after the history, before the state",
    command: verify,
    exitCode: 3,
    message:
      "its history has an update of TIME UTC, which its state does not have: a run has stopped half-way; copy it again: lifeboat backup state prod",
    afterwards: [asksBeforeFallback],
    run: async ({ site, lifeboat }) => {
      const copy = site.copies("prod");
      await copy.write(entry(180_000, "history"), Buffer.from('{"kind":"update","result":"succeeded"}'));
      await copy.write(entry(180_000, "checkpoint"), Buffer.from(stateText(site, "prod", { made: 180_000 })));
      return lifeboat(verify);
    },
  },
  {
    fault: "a copy run stopped after the state, before it said what the copy is",
    command: verify,
    exitCode: 3,
    message:
      "it does not say what it is, as after a run that stopped half-way; copy it again: lifeboat backup state prod",
    afterwards: [copiedAgain],
    run: async ({ site, lifeboat }) => {
      await site.copies("prod").remove(marker);
      return lifeboat(verify);
    },
  },
  {
    fault: "a copy is dated later than this machine's clock",
    command: verify,
    exitCode: 3,
    message:
      "it is dated TIME UTC, which is later than this machine's clock: nobody knows how old it is; copy it again: lifeboat backup state prod",
    afterwards: [copiedAgain],
    run: async ({ site, lifeboat }) => {
      const copy = site.copies("prod");
      const text = (await copy.read(marker)).toString();
      await copy.write(marker, Buffer.from(text.replace(/"time": "\d+/u, '"time": "2099')));
      return lifeboat(verify);
    },
  },
  {
    fault: "the second S3 service, which the settings name, holds no copy any more",
    command: verify,
    exitCode: 3,
    message: "✗ copy in s3://copies: there is no copy of prod; copy it: lifeboat backup state prod --to offsite",
    afterwards: [
      {
        words: "the command copies it, and then all is good",
        check: async (scene) => {
          await succeed(scene, "backup state prod --to offsite");
          await succeed(scene, verify);
        },
      },
    ],
    run: async ({ site, lifeboat }) => {
      site.offsite.dropBucket("copies");
      site.offsite.makeBucket("copies");
      return lifeboat(verify);
    },
  },
];

const silent =
  "Unable to list the states of prod: the store takes requests and does not answer them (s3://lifeboat-state-prod at https://192.0.2.132:9000)\nHINT: check that the state store runs and that its port is open from here; to work on without it: lifeboat state fallback ENVIRONMENT";

/** Other looks, while the store hangs: they end by themselves, too. */
const othersLook: Afterwards<StateScene> = {
  words: "`status`, `verify --state` and `doctor` end by themselves as well, and call nothing good",
  check: async ({ site, lifeboat, impatiently }) => {
    site.store.hangs = true;
    await impatiently(async () => {
      for (const command of ["status prod", verify, "doctor prod"]) {
        expect([command, (await lifeboat(command)).code]).not.toEqual([command, 0]);
      }
    });
  },
};

/** The store refuses, as where a clock is off, or nobody listens: that is no absence of states. */
const refusals: readonly StateFault[] = [
  {
    fault: "the state store refuses the key pair (403) while an environment is brought up",
    command: "up prod --force",
    exitCode: 14,
    message:
      "Unable to bring up prod: the store refuses the request, since its clock and the one here differ: RequestTimeTooSkewed (s3://lifeboat-state-monitoring at https://192.0.2.132:9000)\nHINT: check the clock here and on the store, and lifeboat:stateKey of the environment, or the key pair in AWS_ACCESS_KEY_ID or the AWS profile",
    afterwards: [noneHere, unchanged],
    run: ({ site, lifeboat }) => {
      site.store.failWith = 403;
      return lifeboat("up prod --force");
    },
  },
  {
    fault: "the state store does not answer while an environment is brought up",
    command: "up prod --force",
    exitCode: 14,
    message:
      "Unable to bring up prod: the state store at https://192.0.2.132:9000 does not answer: ECONNREFUSED\nHINT: start it; or go on without it: lifeboat state fallback prod; or, where it is lost: lifeboat rebuild state-store",
    afterwards: [noneHere, unchanged],
    run: async ({ site, lifeboat }) => {
      await site.store.close();
      const result = await lifeboat("up prod --force");
      await site.store.open();
      return result;
    },
  },
  {
    fault: "the state store says that it is well, and answers nothing else: its disks hang",
    command: "restore state prod --list",
    exitCode: 14,
    message: silent,
    afterwards: [othersLook],
    run: ({ site, lifeboat, impatiently }) => {
      site.store.hangs = true;
      return impatiently(() => lifeboat("restore state prod --list"));
    },
  },
  {
    fault: "the state store's answers stop in the middle",
    command: "restore state prod --list",
    exitCode: 14,
    message:
      "Unable to list the states of prod: the store does not answer: its answer stops in the middle, and nothing more comes (s3://lifeboat-state-prod at https://192.0.2.132:9000)\nHINT: check that the state store runs and that its port is open from here; to work on without it: lifeboat state fallback ENVIRONMENT",
    afterwards: [othersLook],
    run: ({ site, lifeboat, impatiently }) => {
      site.store.stopsIn = { of: () => true, how: "silent" };
      return impatiently(() => lifeboat("restore state prod --list"));
    },
  },
  {
    fault: "a host at the store's address takes connections and says nothing",
    command: "restore state prod --list",
    exitCode: 14,
    message: silent,
    afterwards: [othersLook],
    run: async ({ site, lifeboat, impatiently }) => {
      await site.store.close();
      const held = new Set<Socket>();
      const server = createServer((socket) => held.add(socket.on("error", () => undefined)));
      const { port } = new URL(site.store.endpoint);
      await once(server.listen(Number(port), "127.0.0.1"), "listening");
      try {
        return await impatiently(() => lifeboat("restore state prod --list"));
      } finally {
        const closed = once(server, "close");
        for (const socket of held) socket.destroy();
        server.close();
        await closed;
        await site.store.open();
      }
    },
  },
  {
    fault: "somebody has written a resource into the state whose deletion runs a command here",
    command: "backup state prod",
    exitCode: 3,
    message: "→ bring an earlier state back: lifeboat restore state prod --list",
    afterwards: [copyStays, namedByVerify],
    run: async ({ site, before, lifeboat }) => {
      const forged = withForgedCommand(before.get(stateKey("prod")) ?? "");
      site.put("prod", stateKey("prod"), forged);
      return lifeboat("backup state prod");
    },
  },
  {
    fault: "the state store refuses the key pair (403) while it is to be rebuilt",
    command: "rebuild state-store --force",
    exitCode: 14,
    message:
      "Unable to rebuild the state store: the store refuses the request, since its clock and the one here differ: RequestTimeTooSkewed (s3://lifeboat-state-lab at https://192.0.2.132:9000)\nHINT: check the clock here and on the store, and lifeboat:stateKey of the environment, or the key pair in AWS_ACCESS_KEY_ID or the AWS profile",
    afterwards: [unchanged],
    run: ({ site, lifeboat }) => {
      site.store.failWith = 403;
      return lifeboat("rebuild state-store --force");
    },
  },
  {
    fault: "the state store refuses the key pair (403) when a state is to return to it",
    command: goBack,
    exitCode: 14,
    message:
      "Unable to return the state of prod to the store: the store refuses the request, since its clock and the one here differ: RequestTimeTooSkewed (s3://lifeboat-state-prod at https://192.0.2.132:9000)\nHINT: check the clock here and on the store, and lifeboat:stateKey of the environment, or the key pair in AWS_ACCESS_KEY_ID or the AWS profile",
    afterwards: [stillHere, unchanged],
    run: async (scene) => {
      const { site, lifeboat } = scene;
      await site.store.close();
      await succeed(scene, "state fallback prod --force");
      await site.store.open();
      site.store.failWith = 403;
      return lifeboat(goBack);
    },
  },
  {
    fault: "the state store does not answer when a state is to return to it",
    command: goBack,
    exitCode: 14,
    message:
      "Unable to return the state of prod to the store: the state store at https://192.0.2.132:9000 does not answer: ECONNREFUSED\nHINT: go on with the state on this machine; if the store is lost: lifeboat rebuild state-store",
    afterwards: [stillHere, unchanged],
    run: async (scene) => {
      const { site, lifeboat } = scene;
      await site.store.close();
      await succeed(scene, "state fallback prod --force");
      const result = await lifeboat(goBack);
      await site.store.open();
      return result;
    },
  },
];

/** States, their store and their copies. */
export const stateFaults: readonly StateFault[] = [...damages, ...refusals];
