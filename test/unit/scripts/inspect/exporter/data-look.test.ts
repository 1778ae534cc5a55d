import { ProxmoxClient } from "../../../../../proxmox/api/client";
import { lookAtData } from "../../../../../scripts/inspect/exporter/data-look";
import type { EnvironmentFacts } from "../../../../../scripts/inspect/status/read-environment";
import { ReportUnseen } from "../../../../../scripts/clients/data-report";
import { environmentOf, exampleContainer, exampleSettings } from "../../../../support/example-environment";
import { report } from "./full-look";

const data = { shop: { kind: "postgres" } };
const { guests } = environmentOf({
  ...exampleSettings(),
  proxmox: { ...exampleSettings().proxmox, ssh: { user: "root" } },
  guests: { web: { ...exampleContainer(), data }, old: { adopt: 140, data }, without: { adopt: 141 } },
});

const on = (vmid: number, status = "running"): EnvironmentFacts["onNode"] =>
  new Map([[vmid, { type: "lxc", vmid, node: "pve-prod", status, name: "web" }]]);

/** A node that knows the addresses of its containers. */
const client = new ProxmoxClient({
  endpoint: "https://192.0.2.11:8006",
  send: ({ path }) =>
    Promise.resolve({
      total: undefined,
      data: path.includes("interfaces")
        ? [
            { name: "lo", inet: "127.0.0.1/8" },
            { name: "eth0", inet: "192.0.2.140/24" },
          ]
        : undefined,
    }),
  close: () => Promise.resolve(),
});

/** What is seen, and who was asked. */
async function look(onNode: EnvironmentFacts["onNode"], age: number | null = 0) {
  const asked: string[] = [];
  const seen = await lookAtData(guests, {
    client,
    onNode,
    signal: new AbortController().signal,
    ask: (address) => {
      asked.push(address);
      return age === null ? Promise.reject(new ReportUnseen("no answer")) : Promise.resolve({ report, age });
    },
  });
  return { asked, seen: [...seen] };
}

test("a guest is asked at the address of its settings, or at the one that its node sees [C2]", async () => {
  expect(await look(on(101))).toEqual({ asked: ["192.0.2.101"], seen: [[101, report]] });
  expect(await look(on(140))).toEqual({ asked: ["192.0.2.140"], seen: [[140, report]] });
});

test("one without data, and one that does not run, is not asked [C2]", async () => {
  for (const onNode of [on(141), on(101, "stopped"), new Map()]) {
    expect(await look(onNode)).toEqual({ asked: [], seen: [] });
  }
});

test("what was looked at too long ago is not known, and neither is what gives no answer, or no age [C2]", async () => {
  expect((await look(on(101), 29 * 60)).seen).toEqual([[101, report]]);
  for (const age of [31 * 60, Number.NaN, null]) {
    expect((await look(on(101), age)).seen).toEqual([[101, undefined]]);
  }
});
