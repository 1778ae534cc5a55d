import type { LoggedRequest } from "../support/request-log";
import type { Afterwards, Scene } from "./fault-case";

/** The request that overwrites a guest. */
function isRestore({ method, path }: LoggedRequest): boolean {
  return method === "POST" && path === "/nodes/pve-prod/lxc";
}

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

function runsWith(memory: string, words: string): Afterwards {
  return {
    words,
    check: async (scene) => {
      expect(await memoryOf(scene)).toBe(memory);
      expect(await scene.site.running(scene.vmid)).toBe(true);
    },
  };
}

export const stillRuns = runsWith("640", "the guest runs with what it had; nothing was restored");

export const asSomebodyLeftIt = runsWith("700", "the guest runs with what somebody made of it; nothing was restored");

/** The way on that a refusal names; the clock is as wrong as before. */
export const namedArchiveRestores: Afterwards = {
  words: "named, the archive is restored",
  check: async (scene) => {
    await scene.site.fault("clock-skew", { node: "pve-prod", seconds: "-7200" });
    const [newest] = await scene.site.archives(scene.vmid);
    const again = await scene.lifeboat(`restore guest web --force --stop --archive ${newest?.volid ?? ""}`);
    expect([again.code, await memoryOf(scene)]).toEqual([0, "512"]);
  },
};

export const runsAsBefore: Afterwards = {
  words: "the guest runs with what it had, and its archive is not protected; nothing was restored",
  check: async (scene) => {
    await stillRuns.check(scene);
    expect(await unprotected(scene)).toBe(true);
  },
};

export const guestIsGone: Afterwards = {
  words: "the guest is gone from the node",
  check: async ({ site, vmid }) => expect(await site.exists(vmid)).toBe(false),
};
