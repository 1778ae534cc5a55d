import type { ProxmoxClient } from "../../../proxmox/api/client";
import { ProxmoxError } from "../../../proxmox/api/errors";
import type { DataReport } from "../../../site/data/report";
import type { Guest } from "../../../site/settings/environment";
import { type AnsweredReport, askForReport, ReportUnseen } from "../../clients/data-report";
import { runBounded } from "../../machine/bounded";
import { hostOf } from "../../recovery/steps/guest/save-point-plan";
import type { EnvironmentFacts } from "../status/read-environment";

/**
 * What guests with sources of data say of them, by their ids; undefined: it says nothing that could be relied on. One that does not run
 * is not asked, and makes no dumps: that is heard of when the newest is too old.
 */
export type DataLook = ReadonlyMap<number, DataReport | undefined>;

/** Guests that are asked side by side. */
const atOnce = { parallel: 16, perKey: 16, keyOf: () => "" };

/** Seconds after which what a guest says is too old: it looks every other minute, and one look at many dumps takes some. */
const oldest = 30 * 60;

interface Asking {
  readonly client: ProxmoxClient;
  readonly onNode: EnvironmentFacts["onNode"];
  readonly signal: AbortSignal;
  /** Default: over the network. */
  readonly ask?: (address: string, signal: AbortSignal) => Promise<AnsweredReport>;
}

/** Asks every guest that has sources how their dumps are. A guest that says nothing keeps nobody else from being heard. */
export async function lookAtData(guests: readonly Guest[], asking: Asking): Promise<DataLook> {
  const wanted = guests.filter(({ id, data }) => data.length > 0 && asking.onNode.get(id)?.status === "running");
  const reports = await runBounded(wanted, atOnce, async (guest) => {
    return { id: guest.id, report: await reportOf(guest, asking) };
  });
  return new Map(reports.map(({ id, report }) => [id, report]));
}

async function reportOf(
  guest: Guest,
  { client, onNode, signal, ask = askForReport }: Asking,
): Promise<DataReport | undefined> {
  try {
    const address = hostOf(guest) ?? (await addressOf(guest, client, onNode));
    if (address === undefined) return undefined;
    const { report, age } = await ask(address, signal);
    return age <= oldest ? report : undefined;
  } catch (error) {
    if (error instanceof ReportUnseen || error instanceof ProxmoxError) return undefined;
    throw error;
  }
}

/** As Proxmox sees it in a container; only the agent in a machine knows those of that one, which the exporter may not ask. */
async function addressOf(
  { id }: Guest,
  client: ProxmoxClient,
  onNode: EnvironmentFacts["onNode"],
): Promise<string | undefined> {
  const found = onNode.get(id);
  if (found?.type !== "lxc") return undefined;
  const cards = await client.guests.interfaces(found);
  return cards.flatMap(({ name, inet }) => (name === "lo" || inet === undefined ? [] : (inet.split("/")[0] ?? [])))[0];
}
