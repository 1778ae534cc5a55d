import { ProxmoxError } from "../../../../../../proxmox/api/errors";
import { forgetLostTokens } from "../../../../../../scripts/recovery/steps/state/lost-token";
import { exporterTokenName } from "../../../../../../site/monitoring/exporter-token-name";
import { urnOf } from "../../../../../../site/resources";

const tokenUrn = (number: number): string =>
  urnOf({
    project: "site",
    stack: "prod",
    types: ["lifeboat:monitoring:ExporterToken", "proxmoxve:user/token:Token"],
    name: `exporter-${String(number)}-token`,
  });
const other = "urn:pulumi:prod::site::lifeboat:backups:BackupJob$proxmoxve:backup/job:Job::backup-job";
const watch = { signal: new AbortController().signal };

/** What is forgotten where Proxmox answers like that, and how often it was asked. */
async function forgotten(recorded: readonly string[], answer: () => readonly string[]) {
  const told: string[] = [];
  let asked = 0;
  const users = {
    user: async () => {
      asked += 1;
      return { enable: true, groups: [], tokens: [...answer()] };
    },
  };
  const cli = { forget: async (urns: readonly string[]) => void told.push(...urns) };
  const lost = await forgetLostTokens(users, recorded, cli, watch);
  expect(told).toEqual(lost);
  return { lost, asked };
}

const failure = (kind: "gone" | "forbidden", status: number, reason: string) => () => {
  throw new ProxmoxError(kind, { endpoint: "https://192.0.2.11:8006", request: "GET /access/users", status, reason });
};

test("tokens that are gone are forgotten, and those that are there are not [H1, H5]", async () => {
  const recorded = [tokenUrn(1), other, tokenUrn(2)];
  expect(await forgotten(recorded, () => [exporterTokenName("site", "prod", 2)])).toEqual({
    lost: [tokenUrn(1)],
    asked: 1,
  });
  expect(await forgotten([other], () => [])).toEqual({ lost: [], asked: 0 });
});

test("without its user a token is gone; one that nobody may see is not [H5, K6]", async () => {
  expect(await forgotten([tokenUrn(1)], failure("gone", 500, "no such user ('lifeboat-exporter@pve')"))).toMatchObject({
    lost: [tokenUrn(1)],
  });
  await expect(forgotten([tokenUrn(1)], failure("forbidden", 403, "Permission check failed"))).rejects.toThrow(
    ProxmoxError,
  );
});
