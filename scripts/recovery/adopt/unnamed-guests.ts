import type { Guest as ListedGuest } from "../../../proxmox/api/answers";
import { drillTag } from "../../../site/drill/copy-parameters";
import { copyTag } from "../../../site/restore/copy-notes";
import type { LoadedEnvironment } from "../../project/environment";
import { type Failure, failureOf } from "../../clients/failure";
import type { Ending } from "../../terminal/progress";
import { groupBy } from "../../machine/group-by";

/** A guest of a node, and whose settings name it or could. */
export interface SeenGuest {
  readonly id: number;
  readonly name: string;
  readonly type: "lxc" | "qemu";
  readonly node: string;
  /** A restore or a drill has made it of an archive, by its tag: whoever wants to keep it names it. */
  readonly isCopy: boolean;
  /** Environments that were looked at, behind the endpoint at which it was seen. */
  readonly environments: readonly LoadedEnvironment[];
  /** The one whose settings name it, with its key. */
  readonly named: { readonly environment: string; readonly guest: string } | undefined;
}

export interface SeenGuests {
  readonly guests: readonly SeenGuest[];
  /** Endpoints that could not be asked. */
  readonly failures: readonly { readonly endpoint: string; readonly failure: Failure }[];
}

/**
 * Every guest behind the environments' endpoints, each of which is asked once. Read only.
 *
 * @param all environments of the site: others than those that are looked at may name a guest.
 */
export async function findGuests(
  environments: readonly LoadedEnvironment[],
  all: readonly LoadedEnvironment[],
): Promise<SeenGuests> {
  const byEndpoint = groupBy(environments, ({ settings }) => settings.proxmox.endpoint);
  const answers = await Promise.all([...byEndpoint].map(([endpoint, group]) => guestsBehind(endpoint, group, all)));
  return {
    guests: answers.flatMap(({ guests }) => guests).sort((a, b) => a.id - b.id),
    failures: answers.flatMap(({ failures }) => failures),
  };
}

/** How a look ends of which an endpoint gave no answer. */
export function endOfFinding({ guests, failures }: SeenGuests): Ending {
  if (failures.length === 0) return { mark: "good" };
  return { mark: guests.length === 0 ? "bad" : "odd" };
}

async function guestsBehind(
  endpoint: string,
  group: readonly LoadedEnvironment[],
  all: readonly LoadedEnvironment[],
): Promise<SeenGuests> {
  try {
    const [first] = group;
    const listed = first === undefined ? [] : await (await first.client()).cluster.guests();
    const beside = all.filter(({ settings }) => settings.proxmox.endpoint === endpoint);
    return { guests: listed.map((guest) => seen(guest, group, beside)), failures: [] };
  } catch (error) {
    const failure = failureOf(error, `ask ${endpoint}`);
    if (failure.stack !== undefined) throw error;
    return { guests: [], failures: [{ endpoint, failure }] };
  }
}

function seen(
  { vmid, name = "", type, node, tags = "" }: ListedGuest,
  environments: readonly LoadedEnvironment[],
  beside: readonly LoadedEnvironment[],
): SeenGuest {
  const named = beside.flatMap((environment) =>
    environment.settings.guests
      .filter(({ id }) => id === vmid)
      .map((guest) => ({ environment: environment.name, guest: guest.name })),
  )[0];
  const isCopy = tags.split(/[;, ]/u).some((tag) => tag === copyTag || tag === drillTag);
  return { id: vmid, name, type, node, isCopy, environments, named };
}
