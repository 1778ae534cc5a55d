import { type GuestConfiguration, parseGuestConfiguration } from "../../../../proxmox/rules/guest-configuration";
import { type Mark, markOf } from "../../../../site/mark";
import { type NumberedArchive, underOtherNumbers } from "../../../../site/restore/other-numbers";

const mark = { environment: "prod", guest: "web" };
const web = configurationOf("web", mark);
const git = configurationOf("git", { environment: "lab", guest: "git" });
const bare = configurationOf("web");

function configurationOf(name: string, marked?: Mark): GuestConfiguration {
  const notes = marked === undefined ? "" : `#${markOf(marked)}\n`;
  return parseGuestConfiguration(`${notes}hostname: ${name}\n`, "lxc");
}

/** Archives of a number, the newest first, by what they say. */
function archives(vmid: number, says: readonly (GuestConfiguration | string)[], size = 1) {
  return says.map((told, index) => ({
    volid: `${String(vmid)}-${String(index)}`,
    type: "lxc" as const,
    vmid,
    time: 1_000 - index,
    size,
    told,
  }));
}

async function look(
  listed: readonly (NumberedArchive & { told: GuestConfiguration | string })[],
  others: readonly number[] = [],
) {
  const asked: string[] = [];
  const { found, unread } = await underOtherNumbers(
    listed,
    { mark, id: 105, others: new Set(others) },
    async ({ volid, told }) => {
      asked.push(volid);
      return told;
    },
  );
  return {
    found: found.map(({ id, count, newest }) => [id, count, newest.volid]),
    unread: unread.map(({ archive, reason }) => [archive.volid, reason]),
    asked,
  };
}

test("a number whose newest and oldest archive are of one guest is told by two reads [A9, D15]", async () => {
  const listed = [...archives(101, [web, web, web, web]), ...archives(201, [git, git, git])];
  expect(await look(listed)).toEqual({
    found: [[101, 4, "101-0"]],
    unread: [],
    asked: ["101-0", "101-3", "201-0", "201-2"],
  });
});

test("a number that another guest has had since is read through: its older archives are found [A9, D15]", async () => {
  expect((await look(archives(101, [git, git, web, web]), [101])).found).toEqual([[101, 2, "101-2"]]);
});

test("the guest's own number, an empty file, and a name without a mark are none of it [A9, D15]", async () => {
  const listed = [...archives(105, [web]), ...archives(101, [web], 0), ...archives(102, [bare, bare])];
  expect(await look(listed)).toEqual({ found: [], unread: [], asked: ["102-0", "102-1"] });
});

test("a number of which nothing can be read may be its, unless another has it [A9, K6]", async () => {
  const listed = archives(101, ["damaged", "damaged"]);
  expect((await look(listed)).unread).toEqual([["101-0", "damaged"]]);
  expect((await look(listed, [101])).unread).toEqual([]);
  expect((await look(archives(101, ["damaged", git]))).unread).toEqual([]);
});

test("several numbers are read at the same time, and never more than eight archives [A9]", async () => {
  let [under, most] = [0, 0];
  const listed = Array.from({ length: 20 }, (_, index) => archives(200 + index, [git, git, git])).flat();
  const { found } = await underOtherNumbers(
    [...listed, ...archives(101, [web, web])],
    { mark, id: 105, others: new Set() },
    async ({ told }) => {
      under += 1;
      most = Math.max(most, under);
      await new Promise((done) => setImmediate(done));
      under -= 1;
      return told;
    },
  );
  expect([found.map(({ id }) => id), most]).toEqual([[101], 8]);
});
