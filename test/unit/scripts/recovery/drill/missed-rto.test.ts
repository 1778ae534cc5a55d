import type { Proof } from "../../../../../scripts/recovery/drill/history";
import { type DrillPlan } from "../../../../../scripts/recovery/drill/plan";
import { drillSteps, type DrillWorld } from "../../../../../scripts/recovery/drill/steps";
import { placeSteps, type StepContext } from "../../../../../scripts/recovery/engine/step";

/** A guest whose copy was restored, started and checked, and which has a minute for that. */
const plan: DrillPlan = {
  environment: "prod",
  bridge: "vmbr9",
  ids: { from: 9000, to: 9009 },
  time: 1_790_000_000,
  leftovers: [],
  groups: [
    [
      {
        guest: "web",
        vmid: 101,
        target: { node: "pve", type: "lxc", vmid: 9000 },
        archive: { volid: "backup:backup/vzdump-lxc-101-2026_11_22-01_00_00.tar.zst", time: 1, size: 1 },
        request: {},
        checks: [{ kind: "running" }],
        needs: [],
        rto: 60,
      },
    ],
  ],
  guests: [],
};

/** Ends the drill of the guest so many seconds after its restore was begun. */
async function endAfter(seconds: number) {
  const recorded: Proof[] = [];
  const record = async (proof: Proof) => {
    recorded.push(proof);
    return [];
  };
  const world = { record } as unknown as DrillWorld;
  const steps = placeSteps(drillSteps(plan, world, { id: "99-drill", startedAt: "2026-11-22T06:00:00Z", inputs: {} }));
  const last = steps.find(({ path }) => path === "web/proof");
  const began = Date.now() - seconds * 1_000;
  const factsOf = (path: string) => (path === "web/restore" ? { sent: true, began } : {});
  const result = await last?.step.run({ factsOf } as unknown as StepContext);
  return { result, recorded };
}

test("a copy that was up within its RTO is proven, with the time that it took [G2, A8]", async () => {
  const { result, recorded } = await endAfter(30);
  expect(recorded).toEqual([expect.objectContaining({ proven: true, reasons: [] })]);
  expect(Math.round(recorded[0]?.seconds ?? 0)).toBe(30);
  expect(result).toMatchObject({ facts: { proven: true }, findings: [] });
});

test("one that took longer is not proven, whatever its checks said, and both times are told: a problem, so that the drill ends with 3 [G2, A8]", async () => {
  const { result, recorded } = await endAfter(150);
  const why = expect.stringMatching(/^it took 2(?:\.5)? min.*, and its RTO is (?:1 min|60 s)/u);
  expect(recorded).toEqual([expect.objectContaining({ proven: false, reasons: [why] })]);
  expect(result).toMatchObject({
    facts: { proven: false },
    findings: [{ severity: "problem", text: expect.stringMatching(/^web: it took .*RTO/u) }],
  });
});
