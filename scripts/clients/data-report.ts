import { type DataReport, parseReport } from "../../site/data/report";
import { reportPlaces } from "../../site/data/report-places";
import { messageOf } from "../machine/error-code";

/** What a guest has told of its dumps, and how many seconds ago it looked. */
export interface AnsweredReport {
  readonly report: DataReport;
  readonly age: number;
}

/** A guest does not tell how its dumps are: nothing is known of them then. */
export class ReportUnseen extends Error {
  override readonly name = "ReportUnseen";
}

/** Milliseconds: an answer is a text that lies there. */
const patience = 10_000;

/** Of a thousand sources. */
const bytesAtMost = 1_000_000;

/**
 * Asks a guest how its dumps are. What it says is data of that guest, and of nobody else.
 *
 * @param address IPv4 or IPv6
 * @throws ReportUnseen
 */
export async function askForReport(
  address: string,
  signal: AbortSignal,
  port: number = reportPlaces.port,
): Promise<AnsweredReport> {
  const host = address.includes(":") ? `[${address}]` : address;
  const answer = await get(`http://${host}:${String(port)}/`, AbortSignal.any([signal, AbortSignal.timeout(patience)]));
  const report = parseReport(answer.text);
  if (report === undefined) throw new ReportUnseen("its report has a form that is not known");
  return { report, age: answer.age };
}

async function get(url: string, signal: AbortSignal): Promise<{ readonly text: string; readonly age: number }> {
  try {
    // A guest must not send the exporter anywhere else.
    const response = await fetch(url, { signal, redirect: "error" });
    const text = await textOf(response);
    if (response.status === 403) throw new ReportUnseen("it does not let this address ask");
    if (response.status !== 200) throw new ReportUnseen("it has no report yet");
    return { text, age: Number(response.headers.get("age") ?? Number.NaN) };
  } catch (error) {
    if (error instanceof ReportUnseen) throw error;
    throw new ReportUnseen(causeOf(error));
  }
}

async function textOf({ body }: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of body ?? []) {
    size += part.length;
    if (size > bytesAtMost) throw new ReportUnseen("its report is too long");
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

/** What `fetch` calls a failure says nothing; its cause does. */
function causeOf(error: unknown): string {
  const hasCause = typeof error === "object" && error !== null && "cause" in error && error.cause !== undefined;
  return messageOf(hasCause ? error.cause : error);
}
