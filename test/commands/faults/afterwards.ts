import type { LoggedRequest } from "../restore/restore-site";
import type { Afterwards, Scene } from "./fault-case";

type Request = Pick<LoggedRequest, "method" | "path">;

/** The request that overwrites a guest. */
function isRestore({ method, path }: Request): boolean {
  return method === "POST" && path === "/nodes/pve-prod/lxc";
}

/** The command asks how a task of this type is getting on: it has got the answer to the request that started it. */
function asksFor(type: string) {
  return ({ method, path }: Request): boolean => method === "GET" && path.includes(`:${type}:`);
}

export const waitsForSavePoint = asksFor("vzdump");
export const waitsForRestore = asksFor("vzrestore");
export const waitsForStart = asksFor("vzstart");

/** Settings of the fault `task-waits`: the save point, or the restore, stands still half-way until the fault is off. */
export const inSavePoint = { type: "vzdump", at: "archiving" };
export const inRestore = { type: "vzrestore", at: "extracting" };

async function memoryOf({ site, vmid }: Scene): Promise<string | undefined> {
  return (await site.client.guests.guestConfig({ node: "pve-prod", type: "lxc", vmid }))["memory"];
}

function unprotected({ site, vmid, archive }: Scene): Promise<boolean> {
  return site.archives(vmid).then((all) => all.find(({ volid }) => volid === archive)?.protected === false);
}

export const untouched: Afterwards = {
  words: "guest and archives are as they were",
  check: async ({ site, vmid, before }) => expect(await site.picture(vmid)).toEqual(before),
};

export const restored: Afterwards = {
  words: "the guest is restored and runs; its archive is not protected any more",
  check: async (scene) => {
    expect(await memoryOf(scene)).toBe("512");
    expect(await scene.site.running(scene.vmid)).toBe(true);
    expect(await unprotected(scene)).toBe(true);
  },
};

export const everyArchive: Afterwards = {
  words: "every archive is there",
  check: async ({ site, vmid, archivesBefore }) => {
    const now = (await site.archives(vmid)).map(({ volid }) => volid);
    expect(now).toEqual(expect.arrayContaining(archivesBefore.map(({ volid }) => volid)));
  },
};

/** The same command, once what was wrong is mended. */
export function sameCommandEnds(command: string): Afterwards {
  return {
    words: "mended, the same command goes on and restores once",
    check: async (scene) => {
      await scene.site.clearFaults();
      const again = await scene.lifeboat(command);
      expect([again.code, again.stderr.includes("Unable")]).toEqual([0, false]);
      expect(await scene.site.running(scene.vmid)).toBe(true);
      expect(await memoryOf(scene)).toBe("512");
      const restores = scene.site.requests().filter((request) => {
        return isRestore(request) && request.status === 200 && request.parameters["vmid"] === String(scene.vmid);
      });
      expect(restores.length).toBe(1);
    },
  };
}

export const undoBringsBack: Afterwards = {
  words: "`lifeboat undo web --force` brings it back as it was before",
  check: async (scene) => {
    await scene.site.clearFaults();
    const undone = await scene.lifeboat("undo web --force --stop");
    expect([undone.code, undone.stderr.includes("Unable")]).toEqual([0, false]);
    expect(await memoryOf(scene)).toBe("640");
    expect(await scene.site.running(scene.vmid)).toBe(true);
    expect(await unprotected(scene)).toBe(true);
  },
};

export const stillRuns: Afterwards = {
  words: "the guest runs with what it had; nothing was restored",
  check: async (scene) => {
    expect(await memoryOf(scene)).toBe("640");
    expect(await scene.site.running(scene.vmid)).toBe(true);
  },
};

export const runsAsBefore: Afterwards = {
  words: "the guest runs with what it had, and its archive is not protected; nothing was restored",
  check: async (scene) => {
    await stillRuns.check(scene);
    expect(await unprotected(scene)).toBe(true);
  },
};

export const asSomebodyLeftIt: Afterwards = {
  words: "the guest runs with what somebody made of it; nothing was restored",
  check: async (scene) => {
    expect(await memoryOf(scene)).toBe("700");
    expect(await scene.site.running(scene.vmid)).toBe(true);
  },
};

export const guestIsGone: Afterwards = {
  words: "the guest is gone from the node",
  check: async ({ site, vmid }) => expect(await site.exists(vmid)).toBe(false),
};

export const oneMoreArchive: Afterwards = {
  words: "there is one more archive",
  check: async ({ site, vmid, archivesBefore }) => {
    expect((await site.archives(vmid)).length).toBe(archivesBefore.length + 1);
  },
};
