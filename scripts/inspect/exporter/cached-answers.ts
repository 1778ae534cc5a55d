import { ProxmoxClient } from "../../../proxmox/api/client";
import type { Path } from "../../../proxmox/api/encoding";
import type { Answer, Request } from "../../../proxmox/api/request";
import type { Transport } from "../../../proxmox/api/transport";

/** Milliseconds after which an answer is asked for again at the latest. */
const longestKept = 30 * 60_000;

interface Kept {
  readonly answer: Answer;
  readonly until: number;
  /** The archive that it is about, and how it was listed then. */
  readonly archive: { readonly volid: string; readonly listed: string | undefined } | undefined;
}

/**
 * Keeps what Proxmox tells only guest by guest and archive by archive, so that a look every few minutes costs a node little: an
 * archive's notes, the configuration in it, and the configuration of a guest of the settings. An answer is dropped when a list of
 * archives shows the archive changed or not at all, and after 30 minutes at the latest: `lifeboat verify` and drills write below
 * the first line of notes, which lists do not show.
 */
export class CachedAnswers {
  private readonly kept = new Map<string, Kept>();
  /** How the lists of this look show archives, by volume id and node. */
  private readonly listed = new Map<string, string>();

  /** @param now milliseconds, of a clock that never goes back. */
  constructor(private readonly now: () => number = () => performance.now()) {}

  /** The same client, which answers from here what is kept. @param guests ids whose configurations may be kept */
  over(client: ProxmoxClient, guests: ReadonlySet<number>): ProxmoxClient {
    const { transport } = client;
    const kept: Transport = {
      endpoint: transport.endpoint,
      send: (request) => this.send(transport, request, guests),
      close: () => transport.close(),
    };
    return new ProxmoxClient(kept).readOnly();
  }

  /** To be called when a look has ended: what is too old is forgotten. */
  tidy(): void {
    this.listed.clear();
    for (const [key, { until }] of this.kept) if (until <= this.now()) this.kept.delete(key);
  }

  private async send(transport: Transport, request: Request, guests: ReadonlySet<number>): Promise<Answer> {
    const subject = subjectOf(request, guests);
    if (subject === undefined) {
      const answer = await transport.send(request);
      if (isArchiveList(request)) this.compare(request.path[1], answer.data);
      return answer;
    }
    const key = JSON.stringify([request.path, request.parameters ?? {}]);
    const known = this.kept.get(key);
    if (known !== undefined && known.until > this.now()) return known.answer;
    const answer = await transport.send(request);
    // Not all at once again: what was asked for together goes out over a while.
    const until = this.now() + longestKept * (0.5 + Math.random() / 2);
    const { volid } = subject;
    const archive =
      volid === undefined ? undefined : { volid, listed: this.listed.get(placeOf(request.path[1], volid)) };
    this.kept.set(key, { answer, until, archive });
    return answer;
  }

  /** Drops what is kept of archives that are listed in another way than when they were asked about, or not any more. */
  private compare(node: Path[number] | undefined, entries: unknown): void {
    for (const entry of Array.isArray(entries) ? entries : []) {
      const volid = volidIn(entry);
      if (volid !== undefined) this.listed.set(placeOf(node, volid), JSON.stringify(entry));
    }
    for (const [key, { archive }] of this.kept) {
      if (archive === undefined) continue;
      const listed = this.listed.get(placeOf(node, archive.volid));
      if (listed !== undefined && listed !== archive.listed) this.kept.delete(key);
    }
  }
}

/** What an answer that may be kept is about; undefined: it is asked for each time. */
function subjectOf({ method, path, parameters }: Request, guests: ReadonlySet<number>): { volid?: string } | undefined {
  if (method !== "GET") return undefined;
  const [nodes, , kind, third, fourth, fifth] = path.map(String);
  if (nodes !== "nodes") return undefined;
  if (kind === "storage" && fourth === "content" && fifth !== undefined) return { volid: fifth };
  if (kind === "vzdump" && third === "extractconfig") return { volid: String(parameters?.["volume"]) };
  return fourth === "config" && guests.has(Number(third)) ? {} : undefined;
}

function isArchiveList({ path }: Request): boolean {
  return path.length === 5 && path[2] === "storage" && path[4] === "content";
}

function placeOf(node: Path[number] | undefined, volid: string): string {
  return `${volid} ${String(node)}`;
}

function volidIn(entry: unknown): string | undefined {
  const isObject = typeof entry === "object" && entry !== null && "volid" in entry;
  return isObject && typeof entry.volid === "string" ? entry.volid : undefined;
}
